"""AudioMCQ's split: strong where silence makes enough answers wrong."""

from collections.abc import Sequence

import pytest

from annotators.questions.roles import Sampled
from pipeline.questions.contribution import contribution
from schemas.questions import Contribution, GivenMedia


def measured(
    silence: Sequence[int | None], min_wrong: int = 2, other: dict[GivenMedia, Sequence[int | None]] | None = None
) -> Contribution:
    given: dict[GivenMedia, Sequence[int | None]] = {"right_audio": [1, 1, 1], "silence": silence, "nothing": [0, 1, 2]}
    drawn = {name: [Sampled("", answer) for answer in answers] for name, answers in (given | (other or {})).items()}
    return contribution(1, drawn, min_wrong, "c/q00", clip_id="c", model="m@1")


@pytest.mark.parametrize(
    ("silence", "min_wrong", "expected"),
    [
        ([0, 2, 1], 2, "strong"),
        ([0, 1, 1], 2, "weak"),
        ([0, 1, 1], 1, "strong"),
        ([None, None, 1], 2, "strong"),  # what does not parse is wrong
        ([1, 1, 1], 1, "weak"),
    ],
)
def test_strong_is_where_so_many_are_wrong_in_silence(silence: list[int | None], min_wrong: int, expected: str) -> None:
    assert measured(silence, min_wrong).audio_contribution == expected


def test_right_answers_are_counted_by_what_was_given() -> None:
    row = measured([0, 2, 1], other={"other_audio": [1, 1, 0]})
    assert (row.num_right_audio, row.num_other_audio, row.num_silence, row.num_nothing) == (3, 2, 1, 1)
    assert (row.num_samples, row.expected_index) == (3, 1)
    assert measured([0, 2, 1]).num_other_audio is None
