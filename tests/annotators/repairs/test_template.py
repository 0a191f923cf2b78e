"""The template repairer: only the refuted step is written again, from what is left of it and what was measured."""

from typing import Any

from annotators.repairs.roles import JudgedClaim, RepairedStep
from annotators.repairs.telling import step_text
from annotators.repairs.template import TemplateRepairer
from schemas.reasoning import Judged, Step
from tests.annotators.chat.clips import track
from tests.annotators.repairs.cases import judged, repair_case, stated

WHOLE: dict[str, Any] = {"start_s": 0.0, "end_s": 10.0}
STEPS = [
    Step(text="Hits are heard.", aspect="semantic"),
    Step(text="Five hits come at 1.0 s and later.", aspect="temporal"),
    Step(text="The red ball makes them.", aspect="spatial"),
    Step(text="Avoid tones or hits.", aspect="semantic", is_avoidance=True),
]
HIT = judged(stated("event", start_s=1.0, end_s=1.2), "supported")
TIMED = judged(stated("event", step_index=1, start_s=2.5, end_s=2.7), "supported")
FIVE = stated("count", step_index=1, value=5.0, **WHOLE)
MISCOUNTED = judged(FIVE, "refuted", {"least_count": (3.0, "1"), "most_count": (3.0, "1")})
MAKER = judged(stated("source", step_index=2, object="t00", **WHOLE), "refuted")
NO_TONES = judged(stated("absence", "tone", step_index=3, **WHOLE), "supported")
NO_HITS = judged(stated("absence", step_index=3, **WHOLE), "refuted")


def repaired(*claims: JudgedClaim) -> list[RepairedStep]:
    (answer,) = TemplateRepairer(TemplateRepairer.Params()).annotate([repair_case(STEPS, claims)])
    return list(answer)


def test_a_wrong_count_is_corrected_and_the_rest_of_its_step_is_kept() -> None:
    (step,) = repaired(HIT, TIMED, MISCOUNTED)
    assert step.step_index == 1
    assert step.text == "A hit is heard at 2.5 s; exactly three hits are heard."
    assert [claim.value for claim in step.new_claims] == [3.0]


def test_steps_that_nobody_refutes_are_not_touched() -> None:
    assert repaired(HIT, TIMED) == []


def test_what_cannot_be_corrected_is_left_out_and_a_step_with_nothing_left_is_dropped() -> None:
    assert [(step.step_index, step.text) for step in repaired(HIT, MAKER)] == [(2, None)]
    (avoidance,) = repaired(NO_TONES, NO_HITS)
    assert (avoidance.text, list(avoidance.new_claims)) == ("Avoid tones.", [])


def test_a_rewritten_step_says_nothing_that_could_be_measured_and_found_no_support() -> None:
    doubted = judged(stated("event", "chirp", step_index=1, start_s=6.0, end_s=6.2), "unverifiable")
    seen = judged(stated("inference", None, step_index=1), "unverifiable")
    seen = JudgedClaim(seen.claim.model_copy(update={"text": "A ball is seen moving."}), seen.verdicts)
    (step,) = repaired(TIMED, MISCOUNTED, doubted, seen)
    assert step.text == "A hit is heard at 2.5 s; exactly three hits are heard; a ball is seen moving."


def test_inferences_alone_are_no_step() -> None:
    seen = judged(stated("inference", None, step_index=2), "unverifiable")
    assert [step.text for step in repaired(MAKER, seen)] == [None]


def test_what_one_witness_refutes_is_refuted_whatever_another_says() -> None:
    said = Judged(verdict="supported", score=0.9, reason="I hear five", evidence=[])
    contested = JudgedClaim(FIVE, [*MISCOUNTED.verdicts, ("listener", said)])
    assert [step.step_index for step in repaired(TIMED, contested)] == [1]


def test_two_steps_are_not_corrected_to_say_the_same() -> None:
    again = JudgedClaim(FIVE.model_copy(update={"step_index": 0}), MISCOUNTED.verdicts)
    first, second = repaired(again, TIMED, MISCOUNTED)
    assert first.text == "Exactly three hits are heard."
    assert (second.text, list(second.new_claims)) == ("A hit is heard at 2.5 s.", [])


def test_events_of_a_kind_are_told_together_and_tracks_by_what_they_are() -> None:
    claims = [
        stated("event", start_s=4.0, end_s=4.2), stated("event", "tone", start_s=1.0, end_s=3.0),
        stated("event", start_s=1.0, end_s=1.2), stated("source", object="t00", **WHOLE),
    ]  # fmt: skip
    told = step_text(STEPS[0], claims, [track("t00", "red ball")], 10.0)
    assert told == "Hits are heard at 1.0 s and 4.0 s; a tone is heard between 1.0 s and 3.0 s; the red ball makes the hits."
