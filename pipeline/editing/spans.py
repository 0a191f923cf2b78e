"""Where to cut, to mask, to take a part and to put it: several places are drawn, and the first of the best is taken.

A good mask holds something that was heard, and no hit is cut in two. All places are in samples. Events that last (a tone,
rain) may be cut: what goes on before and after the cut is how a task becomes solvable.
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.random import Generator

from annotators.likeness import SUSTAINED
from annotators.template.salience import strength
from pipeline.editing.params import EditParams
from pipeline.editing.profile import Profile
from schemas.edits import SampleSpan
from schemas.evidence import HeardEvent

_NUM_DRAWS = 32
_LONGEST_MASK_FRAC = 0.4
_LONGEST_PART_FRAC = 0.6
_ONSET_ROOM_S = 0.1  # an event that begins within a span is heard there for at least so long
_HELD_S = 0.3  # so much of a sustained event within a span counts as heard there


def extension_mask(rng: Generator, of: Profile, fade: int, params: EditParams) -> SampleSpan:
    """From a cut to the end of the clip."""

    def draw() -> SampleSpan:
        return SampleSpan(first=round(rng.uniform(*params.context_frac) * of.num_samples), end=of.num_samples)

    def goodness(span: SampleSpan) -> tuple[int, ...]:
        context = SampleSpan(first=0, end=span.first)
        return _holds(of, span), -_num_cut(of, span, fade), _holds(of, context)

    return _best(draw, goodness)


def inpainting_mask(rng: Generator, of: Profile, fade: int, params: EditParams) -> SampleSpan:
    """A span anywhere in the clip."""

    def draw() -> SampleSpan:
        return _anywhere(rng, _length(rng, params.masked_s, of, _LONGEST_MASK_FRAC * of.num_samples), of.num_samples)

    return _best(draw, lambda span: (_holds(of, span), -_num_cut(of, span, fade)))


def salient_part(rng: Generator, other: Profile, into: Profile, fade: int, params: EditParams) -> SampleSpan:
    """A part of the other clip around one of its clear events, drawn by how clear they are."""
    weights = np.array([strength(event) for event in other.clear])

    def draw() -> SampleSpan:
        length = _length(rng, params.part_s, other, min(_LONGEST_PART_FRAC * into.num_samples, other.num_samples))
        event = other.clear[rng.choice(len(weights), p=weights / weights.sum())]
        first, end = round(event.start_s * other.rate_hz), round(event.end_s * other.rate_hz)
        # all of the event with its fades, or as much of it as there is room for
        earliest, latest = sorted((end + fade - length, first - fade))
        begin = min(max(int(rng.integers(earliest, latest, endpoint=True)), 0), other.num_samples - length)
        return SampleSpan(first=begin, end=begin + length)

    return _best(draw, lambda span: (-_num_cut(other, span, fade),))


def whole_part(rng: Generator, other: Profile, into: Profile) -> SampleSpan:
    """All of the other clip, or a part that is as long as this one."""
    return _anywhere(rng, min(into.num_samples, other.num_samples), other.num_samples)


def place(rng: Generator, length: int, into: Profile) -> SampleSpan:
    """Where in the clip a part is put: where it covers least of the clip's own hits."""
    return _best(lambda: _anywhere(rng, length, into.num_samples), lambda span: (-_num_covered(into, span),))


def _best(draw: Callable[[], SampleSpan], goodness: Callable[[SampleSpan], tuple[int, ...]]) -> SampleSpan:
    return max((draw() for _ in range(_NUM_DRAWS)), key=goodness)


def _length(rng: Generator, range_s: tuple[float, float], of: Profile, longest: float) -> int:
    return round(min(rng.uniform(*range_s) * of.rate_hz, longest))


def _anywhere(rng: Generator, length: int, num_samples: int) -> SampleSpan:
    first = int(rng.integers(0, num_samples - length, endpoint=True))
    return SampleSpan(first=first, end=first + length)


def _holds(of: Profile, span: SampleSpan) -> bool:
    """Whether a clear event begins within the span, or one that lasts is heard there for a while."""
    first_s, end_s = span.first / of.rate_hz, span.end / of.rate_hz
    return any(
        first_s <= event.start_s <= end_s - _ONSET_ROOM_S
        or (event.kind in SUSTAINED and min(event.end_s, end_s) - max(event.start_s, first_s) >= _HELD_S)
        for event in of.clear
    )


def _num_cut(of: Profile, span: SampleSpan, fade: int) -> int:
    """Hits that lie across an end of the span or under its fades."""
    edges = ((span.first, span.first + fade), (span.end - fade, span.end))
    return sum(_overlaps(event, first / of.rate_hz, end / of.rate_hz) for event in _hits(of.heard) for first, end in edges)


def _num_covered(of: Profile, span: SampleSpan) -> int:
    """Clear hits within the span."""
    return sum(_overlaps(event, span.first / of.rate_hz, span.end / of.rate_hz) for event in _hits(of.clear))


def _hits(events: Iterable[HeardEvent]) -> list[HeardEvent]:
    return [event for event in events if event.kind not in SUSTAINED]


def _overlaps(event: HeardEvent, first_s: float, end_s: float) -> bool:
    return event.start_s < end_s and event.end_s > first_s
