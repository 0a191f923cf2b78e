"""Figures with thresholds, counts of a detection, and the matching under both."""

import pytest

from pipeline.selfcheck.figures import Detection, Figure, matched_pairs


@pytest.mark.parametrize(
    ("value", "at_least", "at_most", "is_met"),
    [
        (0.9, 0.9, None, True),
        (0.899, 0.9, None, False),
        (0.05, None, 0.05, True),
        (0.051, None, 0.05, False),
        (0.5, 0.4, 0.6, True),
        (0.7, 0.4, 0.6, False),
        (0.0, None, 0.0, True),
        (0.1, None, None, True),
        (None, None, None, True),
        (None, 0.0, None, False),
        (None, None, 1.0, False),
    ],
)
def test_a_threshold_is_met_at_its_value_and_never_without_one(
    value: float | None, at_least: float | None, at_most: float | None, is_met: bool
) -> None:
    assert Figure("share", value, "", at_least, at_most).is_met is is_met


def test_f1_is_the_harmonic_mean_of_precision_and_recall_over_all_clips() -> None:
    found = Detection()
    found.add(num_hits=3, num_truth=4, num_found=3)
    found.add(num_hits=1, num_truth=1, num_found=2)
    precision, recall = 4 / 5, 4 / 5
    assert found.f1 == pytest.approx(2 * precision * recall / (precision + recall))
    found.add(num_hits=0, num_truth=0, num_found=5)
    assert found.f1 == pytest.approx(2 * 0.4 * 0.8 / (0.4 + 0.8))
    assert str(found) == "4 hits of 5 true and 10 found"


def test_f1_of_nothing_is_unknown_and_of_only_mistakes_is_zero() -> None:
    assert Detection().f1 is None
    assert Detection(num_truth=2).f1 == 0.0
    assert Detection(num_found=2).f1 == 0.0


def _nearness(one: float, other: float) -> float:
    return max(0.0, 1.0 - abs(one - other))


def test_each_is_matched_once_and_the_nearest_wins() -> None:
    assert matched_pairs([1.0, 5.0], [5.1, 1.3, 0.9], _nearness) == [(0, 2), (1, 0)]
    assert matched_pairs([1.0], [1.0, 1.0], _nearness) == [(0, 0)]


def test_more_matches_are_better_than_nearer_ones() -> None:
    # 1.0 fits both, 0.1 fits 0.9 only: the near pair 1.0–0.9 would leave 0.1 without any
    assert matched_pairs([1.0, 0.1], [0.9, 1.9], _nearness) == [(0, 1), (1, 0)]


def test_what_does_not_fit_is_not_matched() -> None:
    assert matched_pairs([1.0], [2.0], _nearness) == []
    assert matched_pairs([], [2.0], _nearness) == []
    assert matched_pairs([1.0], [], _nearness) == []
