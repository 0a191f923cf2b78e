"""A thing with several tracks is named by the one that follows it at the time."""

from annotators.objects.chains.tracks import track_in_sight
from tests.annotators.objects.chains.making import found, track

THING = found("o00", 0.0, "t00", "t01")
TRACKS = [track("t00", 0.0, 3.0), track("t01", 4.0, 9.0), track("t02", 0.0, 9.0)]


def test_it_is_the_track_with_most_of_the_span() -> None:
    ids = [getattr(track_in_sight(THING, TRACKS, *span), "track_id", None) for span in ((1.0, 2.0), (2.9, 5.0), (8.0, 9.0))]
    assert ids == ["t00", "t01", "t01"]


def test_open_ends_mean_the_whole_clip_and_the_longest_of_equals_wins() -> None:
    assert track_in_sight(THING, TRACKS, None, None) == TRACKS[1]
    assert track_in_sight(THING, TRACKS, 3.2, 3.8) == TRACKS[1]


def test_a_thing_none_of_whose_tracks_is_given_has_none() -> None:
    assert track_in_sight(THING, TRACKS[2:], 0.0, 1.0) is None
