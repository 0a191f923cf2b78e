from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.media.windows import windows, windows_of_span
from schemas.errors import Rejected

_durations = st.integers(1, 400_000).map(lambda ms: ms / 1000)
_windows = st.integers(500, 30_000).map(lambda ms: ms / 1000)


@given(duration_s=_durations, window_s=_windows, share=st.floats(0.01, 1))
def test_clips_cover_the_media_without_gap_or_overlap_and_keep_their_bounds(
    duration_s: float, window_s: float, share: float
) -> None:
    min_s = max(0.001, round(window_s * share, 3))
    spans = windows(duration_s, window_s, min_s)
    if isinstance(spans, Rejected):
        assert spans.code == "too_short"
        assert duration_s < min_s
        return
    assert spans[0][0] == 0
    assert spans[-1][1] == duration_s
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert all(min_s - 1e-9 <= end - start <= max(1.5 * window_s, window_s + min_s) + 1e-3 for start, end in spans)
    assert duration_s > 1.5 * window_s or len(spans) == 1


@given(start=st.integers(0, 50_000), length=st.integers(1, 50_000), after=st.integers(0, 50_000))
def test_a_span_is_cut_like_a_file_of_its_own(start: int, length: int, after: int) -> None:
    duration_s = (start + length + after) / 1000
    spans = windows_of_span(start / 1000, (start + length) / 1000, duration_s, 9, 2)
    alone = windows(length / 1000, 9, 2)
    if isinstance(spans, Rejected) or isinstance(alone, Rejected):
        assert spans == alone
    else:
        shifted = [(round(a * 1000) + start, round(b * 1000) + start) for a, b in alone]
        assert [(round(a * 1000), round(b * 1000)) for a, b in spans] == shifted


def test_media_up_to_one_and_a_half_windows_is_one_clip() -> None:
    assert windows(13.5, 9, 2) == [(0, 13.5)]
    assert windows(13.501, 9, 2) == [(0, 9), (9, 13.501)]


def test_a_remainder_below_the_minimum_joins_the_last_window() -> None:
    assert windows(19.9, 9, 2) == [(0, 9), (9, 19.9)]
    assert windows(20.0, 9, 2) == [(0, 9), (9, 18), (18, 20)]


@pytest.mark.parametrize("span", [(5, 5), (6, 5), (-1, 5), (0, 10.2), (10, 12), (float("nan"), 5), (0, float("inf"))])
def test_a_span_outside_of_the_media_is_a_bad_span(span: tuple[float, float]) -> None:
    spans = windows_of_span(*span, 10, 9, 2)
    assert isinstance(spans, Rejected)
    assert spans.code == "bad_span"


def test_a_span_that_ends_a_frame_late_is_cut_to_the_media() -> None:
    assert windows_of_span(0, 10, 9.967, 9, 2) == [(0, 9.967)]


def test_an_open_end_of_a_span_is_the_end_of_the_media() -> None:
    assert windows_of_span(3, None, 10, 9, 2) == [(3, 10)]
    assert windows_of_span(None, 4, 10, 9, 2) == [(0, 4)]
