"""The edit task in a built dataset: its rows belong together, each claim is judged on the sound that it names, and the witness
tells true claims from planted ones."""

from collections import Counter

import numpy as np
import pytest

from annotators.instruments.verifier import InstrumentVerifier
from annotators.media import ArrayMedia, Sound
from pipeline.sample import Sample
from pipeline.stages.decide_edits import DecideEdits
from pipeline.stages.verify_edits import VerifyEdits, bare, inquiries
from schemas.edits import Edit
from schemas.errors import Filtered
from schemas.reasoning import Claim, Cot, Decision, Decoy, Step, Verdict
from schemas.row import Row
from tests.annotators.edits.cases import edit
from tests.pipeline.conftest import Built
from tests.pipeline.spelling import clip
from tests.pipeline.stages.test_find_objects import rows

ORIGIN = {"clip_id": "a", "model": "m@1", "prompt_id": None}
COT_ID = "a/edit-inpainting"


def chains(built: Built) -> dict[str, Cot]:
    return {cot.cot_id: cot for cot in rows(built, Cot) if cot.task == "edit"}


def test_every_edit_has_one_chain_named_by_its_operation(built: Built) -> None:
    edits = rows(built, Edit)
    assert edits
    assert {cot.subject_id for cot in chains(built).values()} == {one.edit_id for one in edits}
    assert sorted(chains(built)) == sorted(f"{one.clip_id}/edit-{one.operation}" for one in edits)


def test_every_claim_names_its_sound_and_is_judged_once_and_every_chain_decided(built: Built) -> None:
    made = chains(built)
    claims = [claim for claim in rows(built, Claim) if claim.cot_id in made]
    decoys = [decoy for decoy in rows(built, Decoy) if decoy.cot_id in made]
    assert {claim.media for claim in claims if claim.type != "inference"} == {"input", "target"}
    assert {decoy.media for decoy in decoys} == {"input", "target"}
    judged = Counter(verdict.claim_id for verdict in rows(built, Verdict) if verdict.claim_id.rpartition("/")[0] in made)
    assert judged == Counter(claim.claim_id for claim in (*claims, *decoys))
    assert sorted(made) == sorted(decision.cot_id for decision in rows(built, Decision) if decision.cot_id in made)


def test_of_the_base_task_only_the_chains_are_read(built: Built) -> None:
    assert {"reason"} == set(built.plan["reason_edits"].upstream) & {"reason", "plant_decoys", "verify", "repair", "decide"}
    for name in ("plant_edit_decoys", "verify_edits", "decide_edits"):
        assert set(built.plan[name].upstream).isdisjoint({"reason", "plant_decoys", "verify", "repair", "recheck", "decide"})


def test_what_is_claimed_is_hardly_ever_refuted_and_what_is_planted_nearly_always(built: Built) -> None:
    made = chains(built)
    words: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for verdict in rows(built, Verdict):
        if verdict.claim_id.rpartition("/")[0] in made:
            words[verdict.is_decoy][verdict.verdict] += 1
    assert words[False]["refuted"] <= 0.05 * words[False].total()
    assert words[False]["supported"] >= 0.7 * words[False].total()
    assert words[True]["refuted"] >= 0.8 * words[True].total()


def test_accepted_chains_keep_their_instruction(built: Built) -> None:
    made = chains(built)
    decisions = [decision for decision in rows(built, Decision) if decision.cot_id in made]
    accepted = [decision for decision in decisions if decision.outcome == "accept"]
    assert accepted
    for decision in accepted:
        assert decision.caption_cot == made[decision.cot_id].caption_cot
        assert str(decision.caption_cot).split()[0] in ("Add", "Remove", "Extract", "Continue", "Fill")


def claim(number: int, media: str | None, type: str = "event", **fields: object) -> Claim:
    given = {"step_index": 0, "basis": "heard", "text": "in its own words", "subject": "tone", "start_s": 1.0, "end_s": 1.5}
    return Claim.model_validate(
        {**ORIGIN, "claim_id": f"{COT_ID}/c{number:02d}", "cot_id": COT_ID, "type": type, "media": media, **given, **fields}
    )


def sample(claims: list[Claim], verdicts: list[Verdict] | None = None) -> Sample:
    """Nine seconds of a beep at 1 s and one at 4 s; from 3 s to 6 s is masked."""
    times_s = np.arange(9 * 16000) / 16000
    is_on = ((times_s % 3 >= 1) & (times_s % 3 < 1.5) & (times_s < 6)).astype(np.float32)
    tone = 0.2 * is_on * np.sin(2 * np.pi * 440 * times_s).astype(np.float32)
    tone += np.random.default_rng(0).normal(0, 1e-4, len(tone)).astype(np.float32)
    task = edit("inpainting", 3.0, 6.0, gain_db=0.0, num_channels=1)
    task = task.model_copy(
        update={
            "sample_rate_hz": 16000,
            "num_samples": len(tone),
            "mask": [span.model_copy(update={"first": 48000, "end": 96000}) for span in task.mask],
        }
    )
    steps = [Step(text="A beep is heard.", aspect="semantic"), Step(text="Another one comes.", aspect="temporal")]
    cot = Cot(**ORIGIN, cot_id=COT_ID, task="edit", subject_id=task.edit_id, steps=steps, caption_cot="Fill the gap.")
    given: dict[type[Row], list[Row]] = {
        Edit: [task], Cot: [cot], Claim: [*claims], Decoy: [], Verdict: [*(verdicts or [])],
    }  # fmt: skip
    return Sample(clip("a"), ArrayMedia("a", Sound(tone[None], 16000)), given)


def test_the_same_words_are_judged_on_the_sound_that_they_name() -> None:
    both = [claim(0, "input", start_s=4.0, end_s=4.5), claim(1, "target", start_s=4.0, end_s=4.5), claim(2, None, "inference")]
    one = sample(both)
    stage = VerifyEdits(VerifyEdits.Params(), InstrumentVerifier(InstrumentVerifier.Params()))
    stage.begin([one])
    asked = stage.ask(one)
    assert not isinstance(asked, Filtered)
    assert asked[1].media is one.media  # the target is the clip itself
    assert stage.annotator is not None
    verdicts = {row.claim_id[-3:]: row for row in stage.rows(one, stage.annotator.annotate(asked)) if isinstance(row, Verdict)}
    assert {name: verdict.verdict for name, verdict in verdicts.items()} == {
        "c00": "refuted", "c01": "supported", "c02": "unverifiable",
    }  # fmt: skip


def test_a_witness_is_not_told_which_of_the_two_sounds_it_hears() -> None:
    stated = bare(claim(0, "input"))
    assert stated.media is None
    assert stated.text == "A tone is heard between 1.0 s and 1.5 s."
    assert bare(claim(0, None, "inference")).text == "in its own words"
    assert [(side, len(claims)) for _, side, claims in inquiries(sample([claim(0, "input"), claim(1, "input")]))] == [
        ("input", 2)
    ]


def test_a_sample_without_claims_is_filtered() -> None:
    one = sample([])
    stage = VerifyEdits(VerifyEdits.Params(), InstrumentVerifier(InstrumentVerifier.Params()))
    stage.begin([one])
    assert stage.ask(one) == Filtered("no_claims")


def verdict(claim_id: str, word: str) -> Verdict:
    return Verdict.model_validate(
        {**ORIGIN, "claim_id": claim_id, "witness": "w", "is_decoy": False, "is_blind": False, "verdict": word,
         "score": {"supported": 0.9, "refuted": 0.1}.get(word, 0.5), "reason": "", "evidence": []}
    )  # fmt: skip


BEFORE, WITHIN = claim(0, "target", start_s=1.0), claim(1, "target", step_index=1, start_s=4.0, end_s=4.5)
LACK = claim(1, "input", "absence", step_index=1, subject="sound", start_s=3.1, end_s=5.9)


@pytest.mark.parametrize(
    ("claims", "words", "outcome"),
    [
        ([BEFORE, WITHIN], ("supported", "supported"), "accept"),
        ([BEFORE, LACK], ("supported", "supported"), "accept"),
        ([BEFORE, WITHIN], ("supported", "refuted"), "reject"),
        ([BEFORE, claim(1, "input", step_index=1, start_s=4.0)], ("supported", "supported"), "reject"),
        ([BEFORE, claim(1, "target", step_index=1, start_s=7.0)], ("supported", "supported"), "reject"),
        ([claim(0, "input", start_s=4.0), WITHIN], ("supported", "supported"), "reject"),
        ([BEFORE, LACK.model_copy(update={"subject": "ring"})], ("supported", "supported"), "reject"),
    ],
)
def test_a_chain_that_no_longer_says_what_changes_is_rejected(
    claims: list[Claim], words: tuple[str, str], outcome: str
) -> None:
    policy = DecideEdits.Params.model_validate({"min_steps": 1})
    verdicts = [verdict(one.claim_id, word) for one, word in zip(claims, words, strict=True)]
    decided = DecideEdits(policy).ask(sample(claims, verdicts))
    assert not isinstance(decided, Filtered)
    assert [decision.outcome for decision in decided] == [outcome]
    if outcome == "reject":
        assert (decided[0].steps, decided[0].caption_cot, decided[0].kept_claim_ids) == ([], None, [])
        assert sorted(decided[0].dropped_claim_ids) == [one.claim_id for one in claims]
