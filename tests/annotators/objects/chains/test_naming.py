"""Things that look the same are told apart by place, then by size."""

from annotators.objects.chains.naming import name
from tests.annotators.objects.chains.making import LEFT, RIGHT, found


def test_the_only_thing_of_its_look_is_called_by_its_look() -> None:
    assert name(LEFT, [LEFT, found("o05", 0.6, "t05", phrase="blue box")]) == "red round region"


def test_twins_are_told_apart_by_place() -> None:
    assert [name(thing, [LEFT, RIGHT]) for thing in (LEFT, RIGHT)] == ["left red round region", "right red round region"]


def test_twins_in_one_place_are_told_apart_by_size_and_else_not_at_all() -> None:
    small, large = found("o00", 0.0, "t00", mean_area_frac=0.01), found("o01", 0.1, "t01", mean_area_frac=0.03)
    assert [name(thing, [small, large]) for thing in (small, large)] == ["smaller red round region", "larger red round region"]
    same = found("o02", 0.05, "t02", mean_area_frac=0.01)
    assert name(small, [small, same]) == "red round region"


def test_the_middle_one_of_three_is_not_called_left_or_right() -> None:
    middle = found("o02", 0.0, "t02")
    assert name(middle, [LEFT, middle, RIGHT]) == "red round region"
