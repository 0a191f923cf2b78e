"""Which spans of a source become clips.

One rule: media no longer than 1.5 windows is one clip. Longer media is cut into full windows from its start; a remainder of at
least `min_s` becomes a clip of its own, a shorter one is added to the last window. So every moment is in exactly one clip and
every clip is between `min_s` and max(1.5 windows, window + min_s) long.

Everything is computed in whole milliseconds, which is also what clip ids are made of.
"""

import math
from itertools import pairwise

from schemas.errors import Rejected

_TOLERANCE_MS = 100  # manifests round, and containers end a frame early or late
Spans = list[tuple[float, float]]


def windows(duration_s: float, window_s: float, min_s: float) -> Spans | Rejected:
    """Clips `[start_s, end_s)` of a whole source, in order. `too_short` if it is shorter than `min_s`."""
    return _cut(0, _ms(duration_s), window_s, min_s)


def windows_of_span(
    start_s: float | None, end_s: float | None, duration_s: float, window_s: float, min_s: float
) -> Spans | Rejected:
    """Clips of a manifest's span; None is the start or the end of the source.

    A span may reach 0.1 s beyond the media and is cut to it; further out, backwards or not a number, it is a `bad_span`.
    """
    start_s, end_s = 0.0 if start_s is None else start_s, duration_s if end_s is None else end_s
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        return Rejected("bad_span", f"a span has finite ends, got [{start_s:g}, {end_s:g})")
    start_ms, end_ms, duration_ms = _ms(start_s), _ms(end_s), _ms(duration_s)
    if start_ms < 0 or end_ms <= start_ms or end_ms > duration_ms + _TOLERANCE_MS or start_ms >= duration_ms:
        return Rejected("bad_span", f"the span [{start_s:g}, {end_s:g}) is not within the {duration_s:g} s of the media")
    return _cut(start_ms, min(end_ms, duration_ms), window_s, min_s)


def _cut(start_ms: int, end_ms: int, window_s: float, min_s: float) -> Spans | Rejected:
    window_ms, min_ms, length_ms = _ms(window_s), _ms(min_s), end_ms - start_ms
    if not 0 < min_ms <= window_ms:
        raise ValueError(f"0 < min_s <= window_s must hold, got min_s={min_s:g} and window_s={window_s:g}")
    if length_ms < min_ms:
        return Rejected("too_short", f"{length_ms / 1000:g} s; the shortest clip is {min_s:g} s")
    if 2 * length_ms <= 3 * window_ms:
        return [(start_ms / 1000, end_ms / 1000)]
    count, rest_ms = divmod(length_ms, window_ms)
    edges_ms = [start_ms + i * window_ms for i in range(count + 1)]
    if rest_ms >= min_ms:
        edges_ms.append(end_ms)
    else:
        edges_ms[-1] = end_ms
    return [(a / 1000, b / 1000) for a, b in pairwise(edges_ms)]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
