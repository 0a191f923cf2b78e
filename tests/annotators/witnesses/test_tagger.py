"""The tagger's arithmetic: several classes are one presence."""

import numpy as np
import pytest

from annotators.witnesses.tagger import heard_among

LABELS = {0: "Door", 1: "Bell", 2: "Church bell"}
SCORES = np.array([0.5, 0.1, 0.25], np.float32)


def test_of_classes_that_are_the_subject_the_likeliest_counts() -> None:
    heard = heard_among(SCORES, [[1, 2]], LABELS)
    assert (heard.least, heard.most) == pytest.approx((0.25, 0.25))
    assert heard.told == "probability of 'Church bell' 0.25"


def test_a_subject_of_several_parts_is_present_from_the_least_of_them_to_the_most() -> None:
    heard = heard_among(SCORES, [[0], [1]], LABELS)
    assert (heard.least, heard.most) == pytest.approx((0.1, 0.5))
    assert heard.told == "probability of 'Door' 0.50, 'Bell' 0.10"
