"""Heard events against true ones: what counts as found, what as a mistake, and what as neither."""

from collections.abc import Sequence

import pytest

from pipeline.scenes import SceneTruth
from pipeline.selfcheck.event_match import EventScore
from schemas.evidence import HeardEvent
from schemas.vocabulary import SoundKind
from tests.pipeline.selfcheck.test_truth_claims import event, scene, thing

HITS = (1.0, 2.0, 4.0)
SCENE = scene(thing("o0", "impact", [event(at, at + 0.2) for at in HITS]), thing("o1", "tone", [event(5.0, 8.0)]))


def heard(kind: SoundKind, start_s: float, end_s: float, onsets_s: Sequence[float] = ()) -> HeardEvent:
    return HeardEvent(
        start_s=start_s, end_s=end_s, kind=kind, kind_score=1, onsets_s=list(onsets_s) or [start_s], peak_dbfs=-6,
        loudness_lufs=None, loudness_slope_db_per_s=None, pitch_hz=None, pitch_start_hz=None, pitch_end_hz=None,
        harmonicity=None, centroid_hz=None, flatness=None, pan=None, pan_slope_per_s=None, repetition_hz=None, snr_db=None,
    )  # fmt: skip


def hits(shift_s: float = 0.0, kind: SoundKind = "impact") -> list[HeardEvent]:
    return [heard(kind, at + shift_s, at + 0.2 + shift_s) for at in HITS]


TONE = heard("tone", 5.0, 8.0)


def figures(truth: SceneTruth, events: Sequence[HeardEvent]) -> tuple[float | None, float | None, float | None]:
    """Onset F1, event F1, share of right kinds."""
    score = EventScore()
    score.add(truth, events)
    onsets, all_events, kinds = score.figures()
    return onsets.value, all_events.value, kinds.value


def test_a_perfect_ear_has_the_best_figures() -> None:
    assert figures(SCENE, [*hits(), TONE]) == (1.0, 1.0, 1.0)


def test_a_deaf_ear_has_the_worst() -> None:
    assert figures(SCENE, []) == (0.0, 0.0, None)


def test_onsets_are_right_within_50_ms_and_events_are_more_patient() -> None:
    assert figures(SCENE, [*hits(0.049), TONE]) == (1.0, 1.0, 1.0)
    assert figures(SCENE, [*hits(0.06), TONE]) == (0.0, 1.0, 1.0)
    assert figures(SCENE, [*hits(0.25), TONE]) == pytest.approx((0.0, 2 / 8, 1.0))


def test_an_event_heard_twice_is_one_hit_and_one_mistake() -> None:
    assert figures(SCENE, [*hits(), *hits(0.01), TONE, TONE]) == pytest.approx((2 * 3 / (3 + 6), 2 * 4 / (4 + 8), 1.0))


def test_what_cannot_be_heard_is_neither_missed_nor_invented() -> None:
    masked = scene(thing("o0", "impact", [event(1.0, 1.2), event(3.0, 3.2, is_audible=False)]))
    audible, inaudible, invented = heard("impact", 1.0, 1.2), heard("impact", 3.0, 3.2), heard("impact", 6.0, 6.2)
    assert figures(masked, [audible]) == (1.0, 1.0, 1.0)
    assert figures(masked, [audible, inaudible]) == (1.0, 1.0, 1.0)
    assert figures(masked, [audible, invented]) == pytest.approx((2 / 3, 2 / 3, 1.0))


def test_of_two_at_the_same_moment_the_audible_one_was_heard() -> None:
    together = scene(thing("o0", "impact", [event(1.0, 1.2, is_audible=False)]), thing("o1", "impact", [event(1.0, 1.2)]))
    assert figures(together, [heard("impact", 1.0, 1.2)]) == (1.0, 1.0, 1.0)


def test_an_event_of_another_kind_is_found_but_its_kind_is_wrong() -> None:
    assert figures(SCENE, [*hits(kind="ring"), TONE]) == pytest.approx((1.0, 1.0, 1 / 4))
    assert figures(SCENE, [*hits(kind="noise"), TONE]) == pytest.approx((0.0, 1.0, 1 / 4)), "noise has no onsets of hits"


@pytest.mark.parametrize(("start_s", "is_found"), [(6.9, True), (7.1, False)])
def test_a_long_event_is_found_by_three_tenths_of_overlap(start_s: float, is_found: bool) -> None:
    rain = scene(thing("o0", "noise", [event(0.0, 10.0)]))
    assert figures(rain, [heard("noise", start_s, 10.0)]) == (None, 1.0 if is_found else 0.0, 1.0 if is_found else None)


def test_every_stroke_of_a_roll_is_an_onset() -> None:
    strokes = [1.0, 1.1, 1.2, 1.3]
    roll = scene(thing("o0", "roll", [event(1.0, 1.4, onsets_s=strokes)]))
    assert figures(roll, [heard("roll", 1.0, 1.4, strokes)]) == (1.0, 1.0, 1.0)
    assert figures(roll, [heard("roll", 1.0, 1.4, strokes[:1])]) == pytest.approx((2 / 5, 1.0, 1.0))


def test_scenes_are_counted_together() -> None:
    score = EventScore()
    score.add(SCENE, [*hits(), TONE])
    score.add(SCENE, [])
    assert score.figures()[1].value == pytest.approx(2 * 4 / (8 + 4))
    assert score.figures()[1].counted == "4 hits of 8 true and 4 found"


def test_silence_measures_nothing_and_meets_no_threshold() -> None:
    score = EventScore()
    score.add(scene(), [])
    onsets, events, _ = score.figures()
    assert (onsets.value, events.value) == (None, None)
    assert not onsets.is_met
    assert not events.is_met
