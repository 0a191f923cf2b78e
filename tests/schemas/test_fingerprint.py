"""Fingerprints: equal for equal work, different for different work."""

import pytest

from schemas.fingerprint import fingerprint


def test_the_order_of_keys_does_not_matter() -> None:
    assert fingerprint(a=1, b={"x": 1, "y": 2}) == fingerprint(b={"y": 2, "x": 1}, a=1)


@pytest.mark.parametrize("other", [{"a": 2}, {"a": "1"}, {"a": 1.5}, {"a": None}, {"b": 1}, {"a": 1, "b": None}])
def test_any_difference_makes_another_fingerprint(other: dict[str, object]) -> None:
    assert fingerprint(a=1) != fingerprint(**other)


def test_what_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(TypeError):
        fingerprint(a=object())
    with pytest.raises(ValueError, match="not JSON compliant"):
        fingerprint(a=float("nan"))
