"""Repair, measured: chains that are made to hallucinate are mended by the build's own stages, and mistakes are noticed."""

import pytest

from pipeline.selfcheck.repair_check import Corrupted, RepairScore, corrupted
from pipeline.selfcheck.truth_claims import truth_claims
from schemas.reasoning import Claim, Cot, Decision, Repair, Step
from tests.pipeline.selfcheck.test_truth_claims import GLIDE, HITS, SILENT, scene

SCENE = scene(HITS, GLIDE, SILENT)
PLANTED = truth_claims(SCENE, {"o0": "t03", "o2": "t01"})
STEPS = [
    Step(text="Hits and a gliding tone are heard.", aspect="semantic"),
    Step(text="Three hits come at 1.0 s, 2.0 s and 3.0 s.", aspect="temporal"),
    Step(text="The gliding tone is in the centre.", aspect="spatial"),
    Step(text="The hit is on the left.", aspect="spatial"),
    Step(text="Avoid chirps.", aspect="semantic", is_avoidance=True),
]
COT = Cot(clip_id="a", model="m@1", cot_id="a/base", task="base", steps=STEPS, caption_cot="Generate hits.")


def claim(number: int, step_index: int, **fields: object) -> Claim:
    given = {"clip_id": "a", "model": "m@1", "claim_id": f"a/base/c{number:02d}", "cot_id": "a/base", "step_index": step_index}
    return Claim.model_validate({**given, "basis": "heard", "text": f"claim {number}", "subject": "impact", **fields})


CLAIMS = [
    claim(0, 0, type="event", start_s=1.0, end_s=1.2),
    claim(1, 1, type="count", start_s=0.0, end_s=9.0, value=3.0),
    claim(2, 4, type="absence", subject="chirp"),
]


@pytest.fixture(scope="module")
def chain() -> Corrupted:
    made = corrupted(COT, CLAIMS, PLANTED, SCENE, [])
    assert made is not None
    return made


def test_some_steps_say_something_false_and_the_others_are_as_they_were(chain: Corrupted) -> None:
    assert len(chain.false_ids) == len(chain.false_steps) == 2
    for index, (before, after) in enumerate(zip(STEPS, chain.cot.steps, strict=True)):
        assert (before.text == after.text) == (index not in chain.false_steps)
    assert 4 not in chain.false_steps, "an avoidance says what is absent, not what is false"
    known = {one.claim.text: one.is_true for one in PLANTED}
    assert [known[one.text] for one in chain.claims if one.claim_id in chain.false_ids] == [False, False]
    assert [one for one in chain.claims if one.claim_id not in chain.false_ids] == [
        one for one in CLAIMS if one in chain.claims
    ]


def test_claim_ids_stay_unique_and_the_corruption_is_always_the_same(chain: Corrupted) -> None:
    assert len({one.claim_id for one in chain.claims}) == len(chain.claims)
    again = corrupted(COT, CLAIMS, PLANTED, SCENE, [])
    assert again is not None
    assert again.claims == chain.claims


def test_a_chain_that_can_only_avoid_or_a_scene_without_falsehoods_is_left_alone() -> None:
    assert corrupted(COT.model_copy(update={"steps": STEPS[4:]}), [], PLANTED, SCENE, []) is None
    assert corrupted(COT, CLAIMS, [one for one in PLANTED if one.is_true], SCENE, []) is None


def decision(*steps: Step, outcome: str = "repair") -> Decision:
    given = {
        "clip_id": "a",
        "model": "p@1",
        "cot_id": "a/base",
        "policy": "p",
        "outcome": outcome,
        "reason": "",
        "num_refuted": 2,
    }
    return Decision.model_validate(
        {**given, "steps": list(steps), "caption_cot": None, "kept_claim_ids": [], "dropped_claim_ids": [], "num_supported": 3,
         "num_unverifiable": 0}
    )  # fmt: skip


def rewriting(index: int, after: str, new: list[Claim]) -> Repair:
    return Repair(
        clip_id="a", model="r@1", cot_id="a/base", step_index=index, action="rewrite", reason="", before="", after=after,
        refuted_claim_ids=[], new_claim_ids=[one.claim_id for one in new],
    )  # fmt: skip


def values(score: RepairScore) -> list[float | None]:
    """True kept, false left, rewritten, saved."""
    return [figure.value for figure in score.figures()]


def test_a_repair_that_drops_what_is_false_and_keeps_the_rest_meets_its_thresholds(chain: Corrupted) -> None:
    score = RepairScore()
    true = [step for index, step in enumerate(chain.cot.steps) if index not in chain.false_steps]
    score.add(SCENE, chain, decision(*true), [], [])
    assert values(score) == [1.0, 0.0, 0.0, 1.0]
    assert all(figure.is_met for figure in score.figures())


def test_false_steps_that_stay_and_true_ones_that_go_are_counted(chain: Corrupted) -> None:
    kept = RepairScore()
    for _ in range(20):
        kept.add(SCENE, chain, decision(*chain.cot.steps), [], [])
    assert values(kept) == [1.0, 0.4, 0.0, 1.0]
    assert len(kept.mistakes) == 40
    lost = RepairScore()
    lost.add(SCENE, chain, decision(outcome="reject"), [], [])
    assert values(lost) == [0.0, None, 0.0, 0.0]
    assert not any(figure.is_met for figure in (kept.figures()[1], lost.figures()[0]))


@pytest.mark.parametrize(("num_steps", "is_met"), [(99, True), (100, False)])
def test_one_false_step_tells_nothing_of_a_hundredth_where_there_are_fewer_than_a_hundred(num_steps: int, is_met: bool) -> None:
    assert RepairScore(num_false_left=2, num_steps_left=num_steps).figures()[1].is_met == is_met


@pytest.mark.parametrize(("value", "false_left"), [(3.0, 0.0), (4.0, 1 / 4)])
def test_a_rewritten_step_is_judged_by_what_its_new_claims_say(chain: Corrupted, value: float, false_left: float) -> None:
    index = min(chain.false_steps)
    new = [claim(9, index, type="count", start_s=0.0, end_s=9.0, value=value)]
    true = [step for at, step in enumerate(chain.cot.steps) if at not in chain.false_steps]
    again = chain.cot.steps[index].model_copy(update={"text": "Hits are heard."})
    score = RepairScore()
    score.add(SCENE, chain, decision(again, *true), [rewriting(index, "Hits are heard.", new)], new)
    assert values(score) == [1.0, pytest.approx(false_left), 0.5, 1.0]
