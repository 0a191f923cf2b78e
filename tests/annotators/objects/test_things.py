"""What a thing of several tracks tells about itself."""

import numpy as np
import pytest

from tests.annotators.objects.making import HEIGHT_PX, WIDTH_PX, thing, track


def test_it_is_in_sight_while_any_of_its_tracks_is_and_not_lost() -> None:
    one = thing(
        track("t00", 0, 4, (0, 0, 10, 10), lost=[(1, 2)]),
        track("t01", 3, 6, (0, 0, 10, 10)),
        track("t02", 8, 9, (0, 0, 10, 10)),
    )
    assert [(span.start_s, span.end_s) for span in one.visible] == [(0, 1), (2, 6), (8, 9)]
    assert one.is_visible(np.array([0.5, 1.5, 5.0, 7.0])).tolist() == [True, False, True, False]
    assert one.is_visible(np.array([1.1, 7.8]), 0.3).all()


def test_where_several_tracks_see_it_the_largest_is_the_whole() -> None:
    part, whole = track("t00", 0, 4, (0, 0, 10, 10)), track("t01", 0, 4, (0, 0, 40, 40))
    assert thing(part, whole).boxes_at(np.array([1.0]))[0].tolist() == [0, 0, 40, 40]
    assert thing(part, whole).phrase == "red region"


def test_its_name_is_that_of_its_longest_track() -> None:
    assert (
        thing(track("t00", 0, 2, (0, 0, 90, 90), phrase="a shadow"), track("t01", 2, 6, (0, 0, 10, 10), phrase="a dog")).phrase
        == "a dog"
    )


def test_places_go_from_minus_one_at_the_left_edge_to_one_at_the_right() -> None:
    one = thing(track("t00", 0, 4, (-10, 0, 10, 10), (190, 0, 210, 10)))
    assert one.places(np.array([0.0, 3.9]), WIDTH_PX).tolist() == pytest.approx([-1, 1])


def test_its_path_has_a_point_at_each_start_and_every_half_second_in_fractions_of_the_picture() -> None:
    path = thing(track("t00", 1, 2.2, (0, 0, 20, 50)), track("t01", 4, 4.4, (100, 50, 120, 100))).path(WIDTH_PX, HEIGHT_PX)
    assert [point.time_s for point in path] == pytest.approx([1.0, 1.5, 2.0, 4.0])
    assert (path[0].x_frac, path[0].y_frac, path[0].area_frac) == pytest.approx((0.05, 0.25, 0.05))
    assert (path[-1].x_frac, path[-1].y_frac) == pytest.approx((0.55, 0.75))
