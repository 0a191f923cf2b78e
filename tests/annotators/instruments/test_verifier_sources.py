"""The instrument verifier on which visible thing makes a sound: synthetic tracks beside synthetic sounds."""

import numpy as np
import pytest

from schemas.reasoning import Stated
from tests.annotators.instruments.sounds import RATE_HZ, bounces, claim, hits, judged, media, tone, track, words

TIMES_S = [0.7, 1.6, 2.3, 3.4, 4.1, 5.2]
ELSEWHERE_S = [0.3, 1.15, 1.95, 2.9, 3.75, 4.65]


def makes(track_id: str, subject: str = "impact") -> Stated:
    return claim("source", subject, object=track_id, start_s=0.0, end_s=6.0)


def test_a_track_whose_bounces_fall_on_the_onsets_makes_the_hits() -> None:
    late = [time_s + 0.03 for time_s in TIMES_S]
    answer = judged(media(hits(TIMES_S)), makes("t00"), tracks=(track("t00", 0.5),), seen=bounces("t00", late))[0]
    assert answer.verdict == "supported"
    numbers = {item.name: item.value for item in answer.evidence}
    assert (numbers["onsets"], numbers["onsets_on_moves"]) == (6, 6)
    assert (numbers["probability"] or 0) > 0.95


def test_a_silent_mover_beside_the_maker_is_refuted() -> None:
    seen = bounces("t00", TIMES_S) + bounces("t01", [0.3, 1.3, 2.9, 4.6])
    found = words(media(hits(TIMES_S)), makes("t00"), makes("t01"), tracks=(track("t00", 0.4), track("t01", 0.6)), seen=seen)
    assert found == ["supported", "refuted"]


def test_a_track_that_bounces_while_nothing_sounds_at_all_is_refuted() -> None:
    assert words(
        media(), makes("t00"), makes("t00", "dog bark"), tracks=(track("t00", 0.5),), seen=bounces("t00", TIMES_S)
    ) == [
        "refuted",
        "refuted",
    ]


def test_moves_that_keep_a_steady_distance_to_uneven_onsets_belong_to_the_maker() -> None:
    """A walker's outline turns between its steps: never on them, but locked to them."""
    before = [time_s - 0.25 for time_s in TIMES_S]
    answer = judged(media(hits(TIMES_S)), makes("t00"), tracks=(track("t00", 0.5),), seen=bounces("t00", before))[0]
    assert answer.verdict == "supported"
    assert {item.name: item.value for item in answer.evidence}["moves_delay_s"] == pytest.approx(-0.25, abs=0.1)


def test_many_moves_hit_every_onset_by_chance_and_prove_nothing() -> None:
    everywhere = list(np.arange(0.1, 6.0, 0.15))
    assert words(media(hits(TIMES_S)), makes("t00"), tracks=(track("t00", 0.5),), seen=bounces("t00", everywhere)) == [
        "unverifiable"
    ]


def test_two_tracks_that_do_the_same_cannot_be_told_apart() -> None:
    seen = bounces("t00", TIMES_S) + bounces("t01", TIMES_S)
    found = words(media(hits(TIMES_S)), makes("t00"), makes("t01"), tracks=(track("t00", 0.4), track("t01", 0.6)), seen=seen)
    assert found == ["unverifiable", "unverifiable"]


def test_what_a_mix_leaves_in_the_centre_does_not_belong_to_whatever_is_there() -> None:
    assert words(media(tone(0.5, 5.5)), makes("t00", "tone"), tracks=(track("t00", 0.5),)) == ["unverifiable"]


def test_a_sustained_sound_belongs_to_the_track_that_it_follows() -> None:
    pan = np.linspace(-0.8, 0.8, round(5.0 * RATE_HZ))
    clip = media(tone(0.5, 5.5, 200.0, pan))
    along, against, resting = track("t00", (0.05, 0.95)), track("t01", (0.95, 0.05)), track("t02", 0.5)
    found = words(clip, *(makes(name, "tone") for name in ("t00", "t01", "t02")), tracks=(along, against, resting))
    assert found == ["supported", "refuted", "refuted"]


def test_a_sound_from_the_other_side_is_refuted() -> None:
    left_hits = media(hits(TIMES_S, pan=-0.7))
    seen = bounces("t00", ELSEWHERE_S)
    assert words(left_hits, makes("t00"), tracks=(track("t00", 0.9),), seen=seen) == ["refuted"]


def test_without_a_picture_no_source_can_be_told() -> None:
    assert words(media(hits(TIMES_S)), makes("t00")) == ["unverifiable"]


def test_a_track_out_of_sight_at_the_onsets_is_not_judged() -> None:
    assert words(media(hits([4.0, 5.0])), makes("t00"), tracks=(track("t00", 0.5, 0.0, 2.0),), seen=[]) == ["unverifiable"]


def test_a_track_that_sees_little_of_what_its_thing_makes_is_not_named_for_it() -> None:
    """A thing that is lost and found again is followed by two tracks; only the first sees it bounce."""
    tracks = (track("t00", 0.5, 0.0, 4.9), track("t01", 0.5, 4.9, 6.0))
    seen = [*bounces("t00", TIMES_S[:5]), *bounces("t01", TIMES_S[5:])]
    assert words(media(hits(TIMES_S)), makes("t00"), makes("t01"), tracks=tracks, seen=seen) == ["supported", "unverifiable"]
