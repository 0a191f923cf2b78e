"""Which tracks are taken for one thing, and which are not."""

from collections.abc import Sequence

from annotators.objects.identity import find_things
from schemas.evidence import Track
from tests.annotators.objects.making import NEVER, WIDTH_PX, Box, busy, seen, track

LEFT: Box = (10, 40, 30, 60)
RIGHT: Box = (170, 40, 190, 60)


def ids(tracks: Sequence[Track], **stirring: Sequence[tuple[float, float]]) -> list[list[str]]:
    """The tracks of each thing. `stirring`: when what a track follows moves in itself."""
    found = find_things(
        tracks, [], {one.track_id: NEVER for one in tracks} | {k: busy(*v) for k, v in stirring.items()}, WIDTH_PX
    )
    return [[one.track_id for one in thing.tracks] for thing in found]


def test_a_thing_that_is_lost_and_found_again_nearby_is_one() -> None:
    assert ids([track("t00", 0, 3, LEFT), track("t01", 4, 8, (14, 40, 34, 60))]) == [["t00", "t01"]]


def test_a_thing_that_goes_on_behind_something_is_one_if_it_was_fast_enough() -> None:
    away, back = track("t00", 0, 3, LEFT, (80, 40, 100, 60)), track("t01", 4, 7, (105, 40, 125, 60), RIGHT)
    assert ids([away, back]) == [["t00", "t01"]]
    assert ids([track("t00", 0, 3, (80, 40, 100, 60)), track("t01", 4, 7, (125, 40, 145, 60))]) == [["t00"], ["t01"]]


def test_what_looks_otherwise_or_is_elsewhere_or_comes_too_late_or_is_much_larger_is_another_thing() -> None:
    first = track("t00", 0, 3, LEFT)
    others = (
        track("t01", 4, 8, LEFT, phrase="blue region"),
        track("t01", 4, 8, RIGHT),
        track("t01", 6.5, 9, LEFT),
        track("t01", 4, 8, (0, 30, 40, 70)),
    )
    for other in others:
        assert ids([first, other]) == [["t00"], ["t01"]]


def test_a_handover_between_two_tracks_that_overlap_for_a_moment_is_one_thing() -> None:
    assert ids([track("t00", 0, 3.4, LEFT), track("t01", 3, 8, LEFT)]) == [["t00", "t01"]]


def test_two_trackers_that_see_the_same_place_at_the_same_time_see_one_thing() -> None:
    moving, named = track("t00", 0, 8, LEFT), track("g00", 0, 8, (11, 41, 31, 61), phrase="a bell")
    assert ids([moving, named]) == [["g00", "t00"]]


def test_a_small_part_that_moves_only_with_the_whole_belongs_to_it() -> None:
    whole, part = track("t00", 0, 8, (10, 20, 50, 80)), track("t01", 0, 8, (50, 40, 60, 50), phrase="blue region")
    assert ids([whole, part], t00=[(2, 4)], t01=[(2.2, 3.8)]) == [["t00", "t01"]]
    assert ids([whole, part], t00=[(2, 4)], t01=[(5, 8)]) == [["t00"], ["t01"]]  # a neighbour with a life of its own


def test_a_part_as_large_as_the_whole_lies_over_some_of_it_and_a_neighbour_does_not() -> None:
    case, face = track("t00", 0, 8, (10, 20, 50, 80)), track("t01", 0, 8, (10, 52, 54, 90), phrase="white region")
    neighbour = track("t01", 0, 8, (50, 20, 90, 70))
    assert ids([case, face], t00=[(0, 8)], t01=[(2, 4)]) == [["t00", "t01"]]
    assert ids([case, neighbour], t00=[(0, 8)], t01=[(2, 4)]) == [["t00"], ["t01"]]


def test_what_belongs_to_a_part_belongs_to_the_whole() -> None:
    whole, part = track("t00", 0, 8, (10, 20, 50, 80)), track("t01", 0, 8, (50, 40, 60, 50))
    hand = track("t02", 0, 8, (58, 44, 66, 48))
    assert ids([whole, part, hand], t00=[(2, 4)], t01=[(2, 4)], t02=[(2, 2.5)]) == [["t00", "t01", "t02"]]
    assert ids([whole, hand], t00=[(2, 4)], t02=[(2, 2.5)]) == [["t00"], ["t02"]]


def test_a_track_that_wandered_off_late_follows_the_same_thing() -> None:
    whole, part = track("t00", 0, 8, (10, 20, 50, 80)), track("t01", 0, 8, (12, 30, 40, 60))
    elsewhere = track("t01", 0, 8, RIGHT).boxes
    late, early = (
        part.model_copy(update={"boxes": [*part.boxes[:turn], *elsewhere[turn:]]})
        for turn in (3 * len(elsewhere) // 4, len(elsewhere) // 2)
    )
    assert ids([whole, late]) == [["t00", "t01"]]
    assert ids([whole, early]) == [["t00"], ["t01"]]


def test_what_has_a_mask_of_its_own_is_no_part() -> None:
    person = track("g00", 0, 8, (10, 20, 90, 80), phrase="a person", consistency_iou=0.9)
    guitar = track("g01", 0, 8, (30, 40, 60, 60), phrase="a guitar", consistency_iou=0.9)
    assert ids([person, guitar], g00=[(2, 4)], g01=[(2, 4)]) == [["g00"], ["g01"]]
    crowd = [track(f"g{n:02d}", 0, 8, (10 + n, 20, 40 + n, 80), phrase="a person", consistency_iou=0.9) for n in (0, 35, 70)]
    assert len(ids(crowd)) == 3


def test_two_halves_that_stir_at_the_same_moments_are_one_and_two_neighbours_that_do_not_are_two() -> None:
    head, handle = track("t00", 0, 8, (10, 20, 50, 60)), track("t01", 0, 8, (50, 20, 88, 60), phrase="brown region")
    assert ids([head, handle], t00=[(1, 2), (4, 5)], t01=[(1, 2), (4, 5.2)]) == [["t00", "t01"]]
    assert ids([head, handle], t00=[(1, 2), (4, 5)], t01=[(2, 3), (4, 5)]) == [["t00"], ["t01"]]
    assert ids([head, track("t01", 0, 8, (60, 20, 98, 60))], t00=[(1, 2)], t01=[(1, 2)]) == [["t00"], ["t01"]]


def test_a_shower_is_one_thing_and_a_few_things_about_a_larger_one_are_not() -> None:
    cloud = track("t00", 0, 9, (60, 10, 140, 30))
    drops = [
        track(f"t{n:02d}", n, n + 1.5, (65 + 10 * n, 10, 70 + 10 * n, 18), (65 + 10 * n, 80, 70 + 10 * n, 88))
        for n in range(1, 7)
    ]
    stirring = {drop.track_id: [(drop.start_s, drop.end_s)] for drop in drops}
    assert ids([cloud, *drops], **stirring) == [["t00", *(drop.track_id for drop in drops)]]
    assert len(ids([cloud, *drops[:3]], **stirring)) == 4


def test_many_alike_on_one_ground_are_one_thing() -> None:
    alike = [track(f"t{n:02d}", n, n + 2, (40 + n, 20, 60 + n, 40), (40 + n, 60, 60 + n, 80)) for n in range(6)]
    assert len(ids(alike)) == 1
    assert len(ids([one.model_copy(update={"phrase": f"{n} region"}) for n, one in enumerate(alike)])) > 1


def test_things_come_in_order_of_appearance_with_the_events_of_all_of_their_tracks() -> None:
    tracks = [track("t00", 2, 4, RIGHT), track("t01", 0, 3, LEFT), track("t02", 4, 6, LEFT)]
    events = [*seen("t02", "impact", 5.0), *seen("t01", "impact", 1.0), *seen("t00", "impact", 3.0)]
    first, second = find_things(tracks, events, {one.track_id: NEVER for one in tracks}, WIDTH_PX)
    assert [one.track_id for one in first.tracks] == ["t01", "t02"]
    assert first.moments_s("impact") == [1.0, 5.0]
    assert second.moments_s("impact") == [3.0]
