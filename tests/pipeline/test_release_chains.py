"""Chains of a release: the base chain decides about its clip, the others about themselves, and every chain has one outcome."""

from pathlib import Path

from annotators.base import Params
from pipeline.catalog import Catalog
from pipeline.release.chains import ChainAccount, select_chains
from pipeline.splits import Split
from schemas.edits import Edit, Operation, SampleSpan
from schemas.reasoning import Cot, Decision, Step
from schemas.vocabulary import Task
from tests.pipeline.spelling import Speller, ingested, plan_of

STEPS = [Step(text="A bell rings.", aspect="semantic")]
SPLITS: dict[str, Split] = {"a": "train", "b": "train", "c": "val"}


def cot(clip_id: str, task: Task, name: str = "") -> Cot:
    cot_id = f"{clip_id}/{task}{name and '-' + name}"
    subject_id = f"{clip_id}/{name}" if name else None
    return Cot(clip_id=clip_id, model="m@1", cot_id=cot_id, task=task, subject_id=subject_id, steps=STEPS, caption_cot="x")


def decided(chain: Cot, outcome: str = "accept") -> Decision:
    return Decision.model_validate(
        {
            "clip_id": chain.clip_id, "model": "m@1", "cot_id": chain.cot_id, "policy": "p", "outcome": outcome, "reason": "",
            "steps": STEPS, "caption_cot": "x", "kept_claim_ids": [], "dropped_claim_ids": [], "num_supported": 1,
            "num_refuted": 0, "num_unverifiable": 0,
        }
    )  # fmt: skip


def edit(clip_id: str, operation: Operation, other: str | None) -> Edit:
    return Edit(
        clip_id=clip_id, model="m@1", edit_id=f"{clip_id}/{operation}", operation=operation, sample_rate_hz=44100,
        num_samples=44100, num_channels=2, mask=[SampleSpan(first=0, end=100)], crossfade=10, other_clip_id=other, other=None,
        offset=None, other_gain_db=None, gain_db=0, snr_lu=None, seed=1,
    )  # fmt: skip


def accounts(folder: Path, cots: list[Cot], decisions: list[Decision], edits: list[Edit], unbacked: set[str]) -> tuple[
    dict[str, list[str]], list[ChainAccount]
]:  # fmt: skip
    plan = plan_of(Speller(Params()))
    dataset = ingested(str(folder), plan, *SPLITS, "gone")
    for table, rows in ((Cot, cots), (Decision, decisions), (Edit, edits)):
        dataset.write_part(table, rows, "decide", "0" * 64, 0)
    with Catalog(dataset, plan.fingerprints | {"decide": "0" * 64}) as catalog:
        selection = select_chains(catalog, SPLITS, unbacked)
    return selection.by_clip, selection.accounts


def test_every_chain_has_one_outcome(tmp_path: Path) -> None:
    released, rejected, undecided, unbacked = (cot("a", "object", f"o0{number}") for number in range(4))
    stranger = cot("gone", "base")
    base = cot("a", "base")
    decisions = [decided(base), decided(released, "repair"), decided(rejected, "reject"), decided(unbacked), decided(stranger)]
    by_clip, lines = accounts(
        tmp_path, [base, released, rejected, undecided, unbacked, stranger], decisions, [], {unbacked.cot_id}
    )
    assert by_clip == {"a": [base.cot_id, released.cot_id]}
    assert [(line.task, line.num_in, line.num_released, dict(line.left_out)) for line in lines] == [
        ("base", 2, 1, {"clip_left_out": 1}),
        ("object", 4, 1, {"rejected": 1, "undecided": 1, "untrusted_witness": 1}),
    ]
    assert all(line.adds_up for line in lines)


def test_an_edit_never_mixes_in_a_sound_that_is_not_released_or_of_another_split(tmp_path: Path) -> None:
    others = {"addition": "b", "removal": "c", "extraction": "gone", "extension": None}
    cots = [cot("a", "edit", operation) for operation in others]
    edits = [edit("a", operation, other) for operation, other in others.items()]  # type: ignore[arg-type]
    by_clip, (line,) = accounts(tmp_path, cots, [decided(chain) for chain in cots], edits, set())
    assert by_clip == {"a": ["a/edit-addition", "a/edit-extension"]}
    assert dict(line.left_out) == {"other_clip_left_out": 1, "other_clip_in_another_split": 1}
    assert line.adds_up
