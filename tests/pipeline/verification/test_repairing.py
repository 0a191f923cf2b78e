"""What repair is worth: chains that were saved, against those that discarding would have left."""

from pathlib import Path

from pipeline.verification.repairing import RepairYield, repair_yields
from schemas.reasoning import Decision, Repair, Step
from tests.pipeline.verification.judged_rows import FINGERPRINT, catalog_of, claim, dataset_of

WRITTEN = Step(text="Five hits are heard.", aspect="semantic")
REWRITTEN = Step(text="Three hits are heard.", aspect="semantic")
OTHER = Step(text="A tone is heard.", aspect="semantic")


def decision(clip_id: str, outcome: str, num_refuted: int, *steps: Step) -> Decision:
    given = {
        "clip_id": clip_id,
        "model": "policy@3",
        "cot_id": f"{clip_id}/base",
        "policy": "p",
        "outcome": outcome,
        "reason": "",
    }
    counts = {"kept_claim_ids": [], "dropped_claim_ids": [], "num_supported": 3, "num_unverifiable": 0}
    return Decision.model_validate({**given, **counts, "steps": list(steps), "caption_cot": None, "num_refuted": num_refuted})


def repair(clip_id: str) -> Repair:
    return Repair(
        clip_id=clip_id, model="r@1", cot_id=f"{clip_id}/base", step_index=0, action="rewrite", reason="", before=WRITTEN.text,
        after=REWRITTEN.text, refuted_claim_ids=[], new_claim_ids=[],
    )  # fmt: skip


def yields(tmp_path: Path, decisions: list[Decision], repairs: list[Repair]) -> list[RepairYield]:
    dataset = dataset_of(tmp_path, [claim(0, clip_id=one.clip_id) for one in decisions], [], [], decisions)
    dataset.write_part(Repair, repairs, "decide", FINGERPRINT, 0)
    with catalog_of(dataset) as catalog:
        return repair_yields(catalog)


def test_every_chain_is_counted_once_by_what_became_of_it(tmp_path: Path) -> None:
    decisions = [
        decision("a", "accept", 0, WRITTEN, OTHER),
        decision("b", "repair", 1, OTHER),  # dropped
        decision("c", "repair", 1, REWRITTEN, OTHER),
        decision("d", "repair", 0, OTHER),  # lost a step that found no support, with nothing refuted
        decision("e", "reject", 2),
        decision("f", "repair", 1, OTHER),  # its rewriting did not hold
    ]
    (base,) = yields(tmp_path, decisions, [repair("c"), repair("f")])
    assert base == RepairYield(
        task="base", num_accepted=1, num_by_dropping=3, num_by_rewriting=1, num_rejected=1, num_if_discarded=2, num_steps=7,
        num_steps_if_discarded=3,
    )  # fmt: skip
    assert base.num_kept == 5


def test_without_repairs_every_repaired_chain_is_one_by_dropping(tmp_path: Path) -> None:
    (base,) = yields(tmp_path, [decision("a", "repair", 1, OTHER)], [])
    assert (base.num_by_dropping, base.num_by_rewriting) == (1, 0)


def test_nothing_decided_yields_nothing(tmp_path: Path) -> None:
    assert yields(tmp_path, [], []) == []
