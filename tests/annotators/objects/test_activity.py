"""Motion in itself against sound: from pixels to a likelihood."""

import numpy as np
import pytest

from annotators.media import Frames
from annotators.objects.activity import COUPLED_FRAC, activity, agreement, changes, is_active, is_on
from schemas.row import Span
from tests.annotators.objects.making import FPS, NEVER, busy, track


def frames_with_a_lamp(flickers: list[bool]) -> Frames:
    """A grey picture of 40 x 20 at a scale of 2, with a square of 10 x 10 at (10, 5) that changes in the given pictures."""
    pixels, level = np.full((len(flickers), 20, 40, 3), 90, np.uint8), 90
    for number, flicker in enumerate(flickers):
        level = 250 - level if flicker else level
        pixels[number, 5:15, 10:20] = level
    return Frames(pixels, np.arange(len(flickers)) / FPS, 2.0)


def test_activity_is_the_share_of_the_box_that_changes_while_it_is_in_sight() -> None:
    frames = frames_with_a_lamp([False, True, True, False, True])
    whole, half, elsewhere = (
        activity(changes(frames), frames, track("t00", 0, 0.4, box))
        for box in ((20, 10, 40, 30), (0, 10, 40, 30), (50, 0, 80, 40))
    )
    assert whole.tolist() == [0, 1, 1, 0, 0]  # the last picture is after the track's end
    assert half.tolist() == [0, 0.5, 0.5, 0, 0]
    assert elsewhere.max() == 0


def test_short_pauses_are_bridged_and_long_ones_are_not() -> None:
    shares = np.array([0] * 5 + [0.5, 0, 0.5, 0, 0.5] + [0] * 10 + [0.5] * 5)
    active = is_active(shares, FPS)
    assert active[[*range(5, 10), *range(21, 25)]].all()
    assert not active[[*range(4), *range(12, 18)]].any()
    assert not is_active(np.zeros(9), FPS).any()


def test_motion_that_begins_and_ends_with_the_sound_speaks_for_the_thing() -> None:
    spans = [(2.0, 3.0), (5.0, 7.0)]
    found = agreement(busy(*spans), is_on([Span(start_s=a, end_s=b) for a, b in spans], np.arange(100) / FPS), FPS)
    assert (found.active_on_frac, found.active_off_frac) == (1.0, 0.0)
    assert found.support > 3


def test_motion_all_the_time_or_at_other_times_speaks_against_it_but_excludes_nothing() -> None:
    on = busy((2.0, 3.0), (5.0, 7.0))
    always, otherwise = agreement(~NEVER, on, FPS), agreement(busy((3.0, 5.0), (8.0, 9.0)), on, FPS)
    for found in (always, otherwise):
        assert np.log(1 - COUPLED_FRAC) - 1e-9 <= found.support < -1


def test_between_hits_a_striker_may_move_or_rest() -> None:
    about = busy((2.0, 3.0), (5.0, 6.0))
    swings, rests = (agreement(about | more, about, FPS, is_struck=True) for more in (busy((3.0, 5.0)), NEVER))
    assert 0 < swings.support < rests.support  # what is busy at all times is so about the hits by chance
    assert agreement(busy((3.0, 5.0)), about, FPS, is_struck=True).support < -1


def test_a_sound_that_lasts_all_along_says_nothing_about_a_thing_that_moves_all_along() -> None:
    assert agreement(~NEVER, ~NEVER, FPS).support == pytest.approx(0.0, abs=0.1)
