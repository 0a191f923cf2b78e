"""Params: a range that makes no sense is refused in one line."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.editing.params import EditParams


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"snr_lu": [3, -3]}, "from its smaller to its larger end, got 3 to -3"),
        ({"part_s": [0, 3]}, "greater than 0"),
        ({"context_frac": [0.2, 1]}, "less than 1"),
        ({"per_clip": 6}, "less than or equal to 5"),
    ],
)
def test_ranges_ascend_lengths_are_positive_and_shares_are_shares(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        EditParams.model_validate(given)


def test_a_recipe_gives_a_range_as_a_list() -> None:
    assert EditParams.model_validate({"snr_lu": [-3, 3]}).snr_lu == (-3.0, 3.0)
