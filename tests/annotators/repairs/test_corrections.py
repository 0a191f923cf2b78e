"""What a refuted claim becomes: the measured number where there is exactly one, and nothing where there is none."""

from typing import Any

import pytest

from annotators.repairs.corrections import corrected
from annotators.repairs.roles import JudgedClaim
from schemas.evidence import HeardEvent
from schemas.reasoning import Stated
from tests.annotators.repairs.cases import HITS, heard, judged, stated

WHOLE: dict[str, Any] = {"start_s": 0.0, "end_s": 10.0}


def correction(
    refuted: JudgedClaim, events: list[HeardEvent] | None = None, standing: list[Stated] | None = None
) -> Stated | None:
    return corrected(refuted, standing or [], HITS if events is None else events, near_s=2.0, min_kind_score=0.5)


def counted(least: float, most: float) -> JudgedClaim:
    claim = stated("count", value=5.0, **WHOLE)
    return judged(claim, "refuted", {"least_count": (least, "1"), "most_count": (most, "1")})


def test_a_wrong_count_becomes_the_measured_one_and_says_so() -> None:
    made = correction(counted(3, 3))
    assert made is not None
    assert made.value == 3.0
    assert made.text == "Exactly three hits are heard between 0.0 s and 10.0 s."


@pytest.mark.parametrize(("least", "most"), [(2, 3), (0, 0)])
def test_a_count_that_was_not_measured_surely_or_is_none_at_all_has_no_correction(least: int, most: int) -> None:
    assert correction(counted(least, most)) is None


def test_a_swapped_order_is_turned_round() -> None:
    claim = stated("order", "tone", object="impact", relation="before", **WHOLE)
    made = correction(judged(claim, "refuted", {"first_tone": (4.0, "s"), "first_impact": (1.0, "s")}))
    assert made is not None
    assert (made.subject, made.object) == ("impact", "tone")
    assert made.text.startswith("The first hit starts before the first tone")


def test_an_order_of_what_is_not_heard_has_no_correction() -> None:
    claim = stated("order", "tone", object="impact", relation="before", **WHOLE)
    assert correction(judged(claim, "refuted", {"first_impact": (1.0, "s")})) is None


def event(start_s: float, subject: str = "impact") -> JudgedClaim:
    return judged(stated("event", subject, start_s=start_s, end_s=start_s + 0.2), "refuted")


def test_a_shifted_event_moves_to_the_nearest_of_its_kind() -> None:
    made = correction(event(3.2))
    assert made is not None
    assert (made.start_s, made.end_s) == (2.5, 2.7)


def test_an_event_far_from_all_of_several_has_no_correction_but_the_only_one_is_found_anywhere() -> None:
    assert correction(event(8.0)) is None
    made = correction(event(8.0), events=[heard("impact", 1.0)])
    assert made is not None
    assert made.start_s == 1.0


def test_an_event_of_a_kind_that_is_nowhere_or_only_doubtful_has_no_correction() -> None:
    assert correction(event(3.2, "chirp")) is None
    assert correction(event(3.2), events=[heard("impact", 2.5, kind_score=0.3)]) is None
    assert correction(event(1.0, "dog bark")) is None


def test_an_event_that_is_told_already_is_not_told_twice() -> None:
    told = stated("event", start_s=2.5, end_s=2.7)
    made = correction(event(2.6), standing=[told])
    assert made is not None
    assert made.start_s in (1.0, 4.0)
    assert correction(event(2.6), events=[heard("impact", 2.5)], standing=[told]) is None


def test_a_correction_that_another_claim_says_already_is_none() -> None:
    said = stated("count", value=3.0, step_index=4, **WHOLE)
    assert correction(counted(3, 3), standing=[said]) is None


@pytest.mark.parametrize(
    ("attribute", "relation", "numbers", "becomes"),
    [
        ("pitch", "equals", {"pitch": (441.3, "hz")}, ("equals", 441.0)),
        ("loudness", "at_least", {"loudness": (-23.4, "lufs")}, ("equals", -23.0)),
        ("pan", "left", {"pan": (0.6, "pan")}, ("right", None)),
        ("pan", "left", {"pan": (0.01, "pan")}, ("centre", None)),
        ("pitch", "rises", {"pitch_change": (-0.8, "octaves")}, ("falls", None)),
        ("loudness", "steady", {"loudness_change": (9.0, "lu")}, ("rises", None)),
    ],
)
def test_a_wrong_quality_becomes_the_measured_one(
    attribute: str, relation: str, numbers: dict[str, tuple[float, str]], becomes: tuple[str, float | None]
) -> None:
    value = 1.0 if relation in ("equals", "at_least") else None
    claim = stated("attribute", "tone", attribute=attribute, relation=relation, value=value, start_s=1.0, end_s=4.0)
    made = correction(judged(claim, "refuted", numbers))
    assert made is not None
    assert (made.relation, made.value) == becomes


@pytest.mark.parametrize(
    ("attribute", "relation", "numbers"),
    [
        ("pan", "left", {"pan": (0.1, "pan")}),  # between side and centre
        ("pitch", "rises", {"pitch_change": (0.01, "octaves")}),  # no trend that can be told
        ("pitch", "equals", {"pitch": (2.0, "octaves")}),  # a number in another unit
        ("loudness", "equals", {}),
    ],
)
def test_a_quality_without_a_clear_measurement_has_no_correction(
    attribute: str, relation: str, numbers: dict[str, tuple[float, str]]
) -> None:
    claim = stated("attribute", "tone", attribute=attribute, relation=relation, value=1.0, start_s=1.0, end_s=4.0)
    assert correction(judged(claim, "refuted", numbers)) is None


def test_a_sound_of_something_silent_and_a_false_absence_have_no_correction() -> None:
    assert correction(judged(stated("source", object="t00", **WHOLE), "refuted", {"probability": (0.01, "1")})) is None
    assert correction(judged(stated("absence", **WHOLE), "refuted", {"impact_heard": (0.9, "score")})) is None


def test_the_surest_witness_corrects() -> None:
    claim = stated("count", value=5.0, **WHOLE)
    weak = judged(claim, "refuted", {"least_count": (4.0, "1"), "most_count": (4.0, "1")}).verdicts[0][1]
    sure = judged(claim, "refuted", {"least_count": (3.0, "1"), "most_count": (3.0, "1")}).verdicts[0][1]
    made = correction(JudgedClaim(claim, [("weak", weak.model_copy(update={"score": 0.3})), ("sure", sure)]))
    assert made is not None
    assert made.value == 3.0
