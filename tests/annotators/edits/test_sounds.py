"""What sounds where in an editing task: events moved, made louder or softer, cut, masked and mingled by stated rules."""

from collections.abc import Sequence

import pytest

from annotators.edits.sounds import EditSounds, sounds_of
from annotators.roles import CaseFile
from schemas.edits import Operation
from schemas.evidence import HeardEvent
from tests.annotators.edits.cases import clip, edit, heard

HITS = [heard("impact", at, at + 0.1) for at in (0.5, 4.0, 8.0)]


def told(events: Sequence[HeardEvent]) -> list[tuple[str, float, float]]:
    """What can be spoken of."""
    return [(e.kind, round(e.start_s, 3), round(e.end_s, 3)) for e in events if e.kind_score > 0]


def doubted(events: Sequence[HeardEvent]) -> list[str]:
    return [event.kind for event in events if event.kind_score == 0]


def mixed(own: CaseFile, other: CaseFile, **changed: object) -> EditSounds:
    return sounds_of(edit("addition", 3.0, 7.0, **changed), own, other)


def test_a_sound_that_is_mixed_in_lies_where_its_part_was_put_and_is_as_loud_as_the_gains_make_it() -> None:
    sounds = mixed(
        clip(heard("impact", 0.5, 0.6), floor_dbfs=-62), clip(heard("ring", 2.0, 2.8, onsets_s=[2.0], peak_dbfs=-10))
    )
    (ring,) = sounds.changed
    assert (ring.start_s, ring.end_s, *ring.onsets_s) == pytest.approx((4.0, 4.8, 4.0))  # from 1 s on, put to 3 s
    assert (ring.peak_dbfs, ring.loudness_lufs) == (-14.0, -28.0)  # -3 dB of its own, -1 dB of both
    (hit,) = sounds.kept["input"]
    assert (hit.peak_dbfs, hit.loudness_lufs) == (-13.0, -25.0)
    assert told(sounds.heard("input")) == [("impact", 0.5, 0.6)]
    assert told(sounds.heard("target")) == [("impact", 0.5, 0.6), ("ring", 4.0, 4.8)]
    assert (sounds.changed_in, sounds.lacking) == ("target", "input")


OPERATIONS: tuple[Operation, ...] = ("removal", "extraction")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_removed_or_left_behind_is_in_the_input_alone(operation: Operation) -> None:
    sounds = sounds_of(edit(operation, 3.0, 7.0), clip(*HITS[:1]), clip(heard("ring", 2.0, 2.8)))
    assert told(sounds.heard("input")) == [("impact", 0.5, 0.6), ("ring", 4.0, 4.8)]
    assert told(sounds.heard("target")) == [("impact", 0.5, 0.6)]


def test_what_lies_outside_of_the_part_is_not_mixed_in_and_what_is_cut_by_it_is_doubtful_unless_it_lasts() -> None:
    other = clip(
        heard("impact", 0.2, 0.3),
        heard("impact", 0.97, 1.1),
        heard("ring", 4.8, 5.6),
        heard("tone", 0.0, 9.0),
        heard("impact", 6, 7),
    )
    sounds = mixed(clip(floor_dbfs=-50.0), other)
    assert told(sounds.changed) == [("tone", 3.0, 7.0)]
    assert doubted(sounds.changed) == ["impact", "ring"]
    (tone,) = (event for event in sounds.changed if event.kind == "tone")
    assert tone.loudness_lufs is None


def test_a_hit_under_the_fade_of_a_part_is_doubtful() -> None:
    assert doubted(mixed(clip(floor_dbfs=-50.0), clip(heard("impact", 1.02, 1.1))).changed) == ["impact"]
    assert doubted(mixed(clip(floor_dbfs=-50.0), clip(heard("impact", 1.06, 1.1))).changed) == []


def test_of_two_hits_at_one_time_only_one_that_is_clearly_stronger_is_heard() -> None:
    own = clip(heard("impact", 4.0, 4.1, peak_dbfs=-12))
    for other_peak_dbfs, spoken in ((-20.0, "own"), (-12.0, None), (-2.0, "other")):
        sounds = mixed(own, clip(heard("impact", 2.0, 2.1, peak_dbfs=other_peak_dbfs)), other_gain_db=0.0)
        is_told = {"own": told(sounds.kept["target"]) != [], "other": told(sounds.changed) != []}
        assert is_told == {"own": spoken == "own", "other": spoken == "other"}
        assert told(sounds.kept["input"]) == [("impact", 4.0, 4.1)]


def test_hits_over_a_long_sound_do_not_mask_it_but_a_long_sound_that_is_louder_does() -> None:
    tone = heard("tone", 3.2, 6.8, loudness_lufs=-30)
    hits = clip(*(heard("impact", at, at + 0.1, peak_dbfs=-3) for at in (1.5, 2.5, 3.5)))
    assert told(mixed(clip(tone), hits).kept["target"]) == [("tone", 3.2, 6.8)]
    louder = clip(heard("noise", 1.1, 4.9, loudness_lufs=-20))
    assert doubted(mixed(clip(tone), louder).kept["target"]) == ["tone"]


def test_a_ring_under_a_noise_is_lost_however_strong_it_is() -> None:
    ring, tone = heard("ring", 4.0, 4.7, peak_dbfs=-2), heard("tone", 4.0, 5.7, loudness_lufs=-10)
    sounds = mixed(clip(ring, tone), clip(heard("noise", 1.1, 4.9, loudness_lufs=-40)))
    assert (told(sounds.kept["target"]), doubted(sounds.kept["target"])) == ([("tone", 4.0, 5.7)], ["ring"])


def test_what_cannot_be_told_of_a_sound_that_shares_its_time_with_another_is_left_out() -> None:
    tone = heard("tone", 3.2, 6.8, pitch_hz=440.0, loudness_lufs=-18)
    (beside_hit,) = mixed(clip(tone), clip(heard("impact", 2.0, 2.1, peak_dbfs=-30))).kept["target"]
    assert (beside_hit.loudness_lufs, beside_hit.centroid_hz, beside_hit.pan, beside_hit.pitch_hz) == (None, None, None, 440.0)
    (beside_ring,) = mixed(clip(tone), clip(heard("ring", 2.0, 2.5, peak_dbfs=-30))).kept["target"]
    assert (beside_ring.kind_score, beside_ring.pitch_hz) == (0.9, None)
    (alone,) = mixed(clip(heard("tone", 0.1, 2.4)), clip(heard("ring", 2.0, 2.5))).kept["target"]
    assert (alone.loudness_lufs, alone.pan) == (-25.0, -0.6)


def test_a_background_that_comes_along_may_be_a_noise_and_makes_events_stand_out_less() -> None:
    own = clip(heard("impact", 4.0, 4.1), heard("impact", 0.5, 0.6), floor_dbfs=-60.0)
    quiet, loud = (mixed(own, clip(heard("ring", 3.0, 3.5), floor_dbfs=floor_dbfs)) for floor_dbfs in (-70.0, -40.0))
    assert (doubted(quiet.changed), doubted(loud.changed)) == ([], ["noise"])
    before, within = sorted(loud.kept["target"], key=lambda event: event.start_s)
    assert before.snr_db == 30.0
    assert within.snr_db == pytest.approx(30 - 17.1, abs=0.1)  # from -60 to the sum of -60 and -43 dBFS
    assert within.centroid_hz is None


def test_a_silenced_span_takes_what_begins_in_it_and_cuts_what_reaches_into_it() -> None:
    own = clip(*HITS, heard("ring", 2.8, 3.6), heard("tone", 0.2, 8.8), heard("tone", 4.6, 8.5))
    sounds = sounds_of(edit("inpainting", 3.0, 5.0), own, None)
    assert told(sounds.changed) == [("impact", 4.0, 4.1), ("tone", 4.6, 8.5)]
    assert told(sounds.kept["input"]) == [
        ("tone", 0.2, 3.0), ("impact", 0.5, 0.6), ("tone", 5.0, 8.8), ("tone", 5.0, 8.5), ("impact", 8.0, 8.1),
    ]  # fmt: skip
    assert set(doubted(sounds.kept["input"])) == {"ring", "noise"}  # the background is no longer what it was
    assert told(sounds.heard("target")) == [
        ("tone", 0.2, 8.8), ("impact", 0.5, 0.6), ("ring", 2.8, 3.6), ("impact", 4.0, 4.1), ("tone", 4.6, 8.5),
        ("impact", 8.0, 8.1),
    ]  # fmt: skip


def test_after_the_cut_of_an_extension_nothing_is_left() -> None:
    sounds = sounds_of(edit("extension", 3.0, 9.0), clip(*HITS, heard("tone", 2.5, 8.8)), None)
    assert told(sounds.kept["input"]) == [("impact", 0.5, 0.6)]
    assert all(event.end_s <= 3.0 for event in sounds.heard("input"))
    assert told(sounds.changed) == [("impact", 4.0, 4.1), ("impact", 8.0, 8.1)]


def test_a_noise_under_a_pitched_sound_of_its_own_clip_is_not_spoken_of() -> None:
    sounds = mixed(clip(heard("tone", 0.3, 8.0), heard("noise", 0.4, 7.9)), clip(heard("noise", 1.2, 4.0)))
    assert doubted(sounds.kept["input"]) == ["noise"]


def test_a_mix_with_a_sound_of_which_nothing_is_given_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="a/addition mixes in another sound, about which nothing is given"):
        sounds_of(edit("addition", 3.0, 7.0), clip(*HITS), None)
