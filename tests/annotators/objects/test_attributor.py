"""The whole of it on a drawn clip: a lamp that pulses and a box that wanders, with events as a detector would hear them."""

from collections.abc import Sequence

import numpy as np
import pytest

from annotators.media import ArrayMedia, Frames, Sound
from annotators.objects.attributor import Correspondence
from annotators.objects.params import CorrespondenceParams
from annotators.objects.roles import AttributionRequest, Attributions
from schemas.evidence import SeenEvent, SoundEvent, Track
from tests.annotators.objects.making import FPS, HEIGHT_PX, WIDTH_PX, event, seen, track

NUM = 100
PULSES = ((1.0, 2.0), (4.0, 5.5), (7.0, 8.0))
LAMP = track("t00", 0, 10, (20, 40, 40, 60), phrase="yellow region")
WANDERER = track("t01", 0, 10, (80, 70, 100, 90), (170, 70, 190, 90), phrase="blue region")


def clip() -> ArrayMedia:
    pixels = np.full((NUM, HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8)
    for number in range(NUM):
        if any(start_s <= number / FPS < end_s for start_s, end_s in PULSES) and number % 2:
            pixels[number, 40:60, 20:40] = 250
        left = 80 + round(90 * number / NUM)
        pixels[number, 70:90, left : left + 20] = 10
    frames = Frames(pixels, np.arange(NUM) / FPS, 1.0)
    return ArrayMedia("clip", Sound(np.zeros((2, 10 * 8000), np.float32), 8000), frames)


def attribute(
    heard: Sequence[SoundEvent], tracks: Sequence[Track] = (LAMP, WANDERER), events: Sequence[SeenEvent] = ()
) -> Attributions:
    attributor = Correspondence(CorrespondenceParams(fps=FPS))
    (answer,) = attributor.annotate([AttributionRequest(clip(), heard, tracks, events, WIDTH_PX, HEIGHT_PX)])
    return answer


def makers(answer: Attributions) -> list[str]:
    return [attributed.object_id or attributed.maker for attributed in answer.attributions]


def tones(pan: float | None) -> list[SoundEvent]:
    return [event(n, "tone", a, b, pan=pan, pitch_hz=440) for n, (a, b) in enumerate(PULSES)]


@pytest.mark.parametrize("pan", [None, -0.56])
def test_sounds_that_come_and_go_with_a_pulse_are_the_lamps(pan: float | None) -> None:
    answer = attribute(tones(pan))
    assert makers(answer) == ["o00"] * 3
    lamp, wanderer = answer.objects
    assert (lamp.track_ids, lamp.state, wanderer.state) == (["t00"], "sounding", "silent")
    assert lamp.state_score == max(attributed.score for attributed in answer.attributions)


def test_a_sound_that_moves_along_is_the_wanderers() -> None:
    moving = event(0, "noise", 0, 10, pan=0.8 * 0.35, pan_slope_per_s=0.8 * 0.9 / 10)
    assert makers(attribute([moving])) == ["o01"]


def test_hits_at_the_moments_of_a_bounce_are_of_what_bounces() -> None:
    onsets = (0.7, 2.4, 3.1, 6.3, 8.8)
    hits = [event(n, "impact", at) for n, at in enumerate(onsets)]
    answer = attribute(hits, events=seen("t01", "impact", *(at + 0.02 for at in onsets)))
    assert makers(answer) == ["o01"] * 5
    numbers = {one.name: one.value for one in answer.attributions[0].evidence}
    assert (numbers["onsets"], numbers["onsets_on_moves"]) == (5, 5)


def test_sounds_from_beyond_the_edge_are_made_off_screen() -> None:
    answer = attribute([*tones(-0.56), *(event(9 + n, "impact", at, pan=0.92) for n, at in enumerate((0.5, 3.0, 6.0)))])
    assert makers(answer) == ["o00"] * 3 + ["off_screen"] * 3


def test_what_no_evidence_tells_is_unclear() -> None:
    hits = [event(n, "impact", at) for n, at in enumerate((0.5, 3.0, 6.0))]
    assert makers(attribute(hits, [LAMP])) == ["unclear"] * 3
    assert makers(attribute(hits, [])) == ["unclear"] * 3


def test_each_event_has_one_attribution_in_order_and_nothing_heard_is_no_error() -> None:
    heard = [*tones(None), event(7, "impact", 0.2), event(8, "noise", 0, 10)]
    assert [one.event_id for one in attribute(heard).attributions] == [one.event_id for one in heard]
    silence = attribute([])
    assert silence.attributions == []
    assert {found.state for found in silence.objects} == {"silent"}


def test_objects_say_where_they_are() -> None:
    lamp, wanderer = attribute([]).objects
    assert (lamp.pan_mean, lamp.pan_travel) == pytest.approx((-0.7, 0.0))
    assert wanderer.pan_travel == pytest.approx(0.9)
    assert lamp.mean_area_frac == pytest.approx(400 / 20000)
    assert (lamp.coverage_frac, lamp.lost_s, lamp.consistency_iou) == (1.0, 0.0, None)


def test_an_object_tells_how_long_it_was_lost_and_how_steady_its_masks_are() -> None:
    masked = track("g00", 0, 10, (20, 40, 40, 60), lost=[(3, 5)]).model_copy(update={"consistency_iou": 0.9})
    (found,) = attribute([], [masked]).objects
    assert found.lost_s == pytest.approx(2.0)
    assert found.consistency_iou == pytest.approx(0.9)
    assert [(span.start_s, span.end_s) for span in found.visible] == [(0, 3), (5, 10)]
