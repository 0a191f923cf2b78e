"""The numbers that attribute claims are held against: values over a span, and their change through it.

Where a quantity can be had in more than one honest way (a sound's own event, or all that sounds in the span), every way is
returned: sounds lie over each other, and no single way is right for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from annotators.instruments.judging.ear import Ear
from annotators.instruments.loudness import MOMENTARY_S
from annotators.likeness import SUSTAINED
from schemas.evidence import HeardEvent
from schemas.vocabulary import Attribute

_LEAST_TREND_S = 0.15
_PAN_STEP_S = 0.25


@dataclass(frozen=True)
class Change:
    """`amount`: last minus first, signed; `reach`: between the lowest and the highest on the way; both in `unit`."""

    amount: float
    reach: float
    unit: str


def values(attribute: Attribute, events: Sequence[HeardEvent], start_s: float, end_s: float, ear: Ear) -> list[float]:
    """Measured values of an attribute, best first; empty where there is none. `events` is not empty, best match first."""
    first = max(min(start_s, events[0].end_s), events[0].start_s)
    last = min(max(end_s, first + 0.02), max(events[0].end_s, first + 0.02))
    match attribute:
        case "loudness":
            found = [ear.analysis.loudness_lufs(start_s, end_s), *(e.loudness_lufs for e in events[:1])]
            if events[0].kind in SUSTAINED and len(ear.within(ear.events, first, last)) > 1:
                # the loudest moment may be another sound's: what lasts is in the middle
                found.append(float(np.median(ear.analysis.loudness.sliding_lufs(first, last, MOMENTARY_S)[1])))
        case "pitch":
            pitch = ear.analysis.pitch(first, last)
            found = [*(e.pitch_hz for e in events[:1]), pitch.median_hz if pitch else None]
        case "pan":
            found = [_pan(events[0], first, last, ear)]
        case "rate":
            found = list(_rates(_onsets(events, start_s, end_s), end_s - start_s))
        case "duration":
            found = [events[0].end_s - events[0].start_s]
        case "brightness":
            found = [*(e.centroid_hz for e in events[:1]), ear.analysis.centroid_hz(first, last)]
    return [value for value in found if value is not None]


def _pan(event: HeardEvent, first: float, last: float, ear: Ear) -> float | None:
    """The event's own position, or where it is in a part of it; None in mono."""
    if event.pan is None or last - first >= 0.6 * (event.end_s - event.start_s):
        return event.pan
    times_s, pan = pan_curve(event, ear)
    inside = (times_s >= first) & (times_s < last)
    return float(np.median(pan[inside])) if inside.any() else event.pan


def _onsets(events: Sequence[HeardEvent], start_s: float, end_s: float) -> NDArray[np.float64]:
    onsets = [onset for event in events for onset in (event.onsets_s or [event.start_s])]
    return np.array(sorted(onset for onset in onsets if start_s - 0.05 <= onset <= end_s + 0.05))


def _rates(onsets_s: NDArray[np.float64], length_s: float) -> list[float]:
    """Onsets per second: by the usual gap between them, and by their number in the span."""
    if len(onsets_s) < 2:
        return []
    return [float(1 / np.median(np.diff(onsets_s))), len(onsets_s) / max(length_s, 1e-6)]


def change(attribute: Attribute, events: Sequence[HeardEvent], start_s: float, end_s: float, ear: Ear) -> Change | None:
    """How an attribute changes over the part of the first event that lies in the span; None where it cannot be told."""
    event = events[0]
    first, last = max(start_s, event.start_s), min(end_s, event.end_s)
    if attribute == "rate":
        return _rate_change(_onsets(events, start_s, end_s))
    if attribute == "pitch":
        return _pitch_change(event, first, last, ear)
    if last - first < _LEAST_TREND_S:
        return None
    if attribute == "pan":
        return _pan_change(first, last, ear)
    if attribute == "loudness":
        edges = np.linspace(first, last, 9)
        return _over([ear.analysis.level_dbfs(a, b) for a, b in pairwise(edges)], "lu")
    if attribute == "brightness":
        edges = np.linspace(first, last, 5)
        centres = [ear.analysis.centroid_hz(a, b) for a, b in pairwise(edges)]
        return _over(list(np.log2(np.maximum(centres, 1.0))), "octaves")
    return None


def _over(levels: Sequence[float], unit: str) -> Change:
    """The change along a straight line through the levels, and the reach of the levels around their quartiles."""
    curve = np.asarray(levels)
    slope = float(np.polyfit(np.arange(len(curve)), curve, 1)[0])
    return Change(slope * (len(curve) - 1), float(np.ptp(curve)), unit)


def _pitch_change(event: HeardEvent, first: float, last: float, ear: Ear) -> Change | None:
    found = ear.analysis.pitch(first, last)
    starts = [(event.pitch_start_hz, event.pitch_end_hz), (found.start_hz, found.end_hz) if found else (None, None)]
    covers = last - first >= 0.6 * (event.end_s - event.start_s)
    changes = [float(np.log2(end / start)) for start, end in (starts if covers else starts[1:]) if start and end]
    if not changes:
        return None
    disagree = max(changes) > 0 > min(changes)  # about the direction: then neither is believed
    amount = 0.0 if disagree else min(changes, key=abs)
    return Change(amount, max(abs(c) for c in changes), "octaves")


def _pan_change(first: float, last: float, ear: Ear) -> Change | None:
    found = ear.analysis.pan(first, last)
    if found is None:
        return None
    amount = found.slope_per_s * (last - first)
    return Change(amount, abs(amount), "pan")


def _rate_change(onsets_s: NDArray[np.float64]) -> Change | None:
    """Share by which the rate grows from the first half of the gaps to the second."""
    gaps = np.diff(onsets_s)
    if len(gaps) < 4:
        return None
    half = len(gaps) // 2
    amount = float(np.median(gaps[:half]) / np.median(gaps[half:]) - 1)
    return Change(amount, abs(amount), "share")


def pan_curve(event: HeardEvent, ear: Ear) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and stereo positions of what sounds, at least every quarter of a second through the event; NaN in mono.

    By the constant-power law (L = cos, R = sin of (pan + 1) pi / 4) from the channels' whole energies: `Analysis.pan` asks
    what a span adds to the moment before, which within a sustained sound is nothing.
    """
    step_s = min(_PAN_STEP_S, (event.end_s - event.start_s) / 6)
    edges = np.arange(event.start_s, event.end_s + 1e-9, step_s)
    times_s = (edges[:-1] + edges[1:]) / 2
    power = ear.analysis.long.power
    if power.shape[0] != 2:
        return times_s, np.full(len(times_s), np.nan)
    energies = np.array([power[:, ear.analysis.long.frames(a, b)].sum(axis=(1, 2)) for a, b in pairwise(edges)])
    left, right = np.sqrt(energies.T)
    return times_s, np.arctan2(right, left) * 4 / np.pi - 1
