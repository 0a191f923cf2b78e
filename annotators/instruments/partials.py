"""Spectral lines followed through time: the partials of bells, engines, sirens, beeps and calls.

Peaks that stand out of the spectral floor are linked from frame to frame to the nearest in frequency (McAulay and Quatieri,
IEEE ASSP 34, 1986), with a short memory of where a line was heading, so that glides and crossings survive.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy
from numpy.typing import NDArray

from annotators.instruments.pitch import peak_hz
from annotators.instruments.spectra import Floats, Spectrogram, decibels

_LEAST_PROMINENCE_DB = 11.5
_MOST_MISSING_FRAMES = 2
_REACH_BINS = 2.5
_REACH_RATIO = 0.05  # a glide of seven octaves per second moves this much in 10 ms
_LEAST_FRAMES = 5
_CLEAR_PROMINENCE_DB = 14.0
_MOST_JITTER_BINS = 1.0
_FAR_OUT_DB = 19.5  # no noise makes a line like this
_MOST_JITTER_FAR_OUT_BINS = 3.0  # a fast call
_RESTRUCK_DB = 6.0


@dataclass(frozen=True, eq=False)
class Partial:
    """One line: `frames` (n,) increasing, with `freqs_hz`, `levels_db` and `prominence_db` (n,) at each."""

    frames: NDArray[np.int64]
    freqs_hz: NDArray[np.float64]
    levels_db: NDArray[np.float64]
    prominence_db: NDArray[np.float64]
    hop_s: float
    bin_hz: float

    @cached_property
    def start_s(self) -> float:
        return float(self.frames[0] * self.hop_s)

    @cached_property
    def end_s(self) -> float:
        return float((self.frames[-1] + 1) * self.hop_s)

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @cached_property
    def median_hz(self) -> float:
        return float(np.median(self.freqs_hz))

    @cached_property
    def dense_hz(self) -> NDArray[np.float64]:
        """The frequency at every frame from the first to the last, missing ones filled in."""
        return np.interp(np.arange(self.frames[0], self.frames[-1] + 1), self.frames, self.freqs_hz)

    @cached_property
    def top_db(self) -> float:
        """The level that a tenth of the line exceeds."""
        return float(np.sort(self.levels_db)[int(0.9 * (len(self.levels_db) - 1))])

    @cached_property
    def jitter_bins(self) -> float:
        """Mean second difference of the frequency: a line made of noise wanders, a glide does not."""
        return float(np.abs(np.diff(self.freqs_hz, 2)).mean() / self.bin_hz)

    @cached_property
    def roughness_db(self) -> float:
        """Mean second difference of the level: a line made of noise flickers."""
        return float(np.abs(np.diff(self.levels_db[1:-1], 2)).mean())

    @cached_property
    def slope_db_per_s(self) -> float:
        """Of a straight line through the level, the outermost frames left out (windows reach over the ends)."""
        inner = slice(2, -2) if len(self.frames) >= 8 else slice(None)
        return float(np.polyfit(self.frames[inner] * self.hop_s, self.levels_db[inner], 1)[0])

    @cached_property
    def early_fit(self) -> tuple[float, float]:
        """Slope (dB/s) and residual (dB, RMS) of a straight line through the level of the first half second."""
        last = int(np.searchsorted(self.frames, self.frames[0] + round(0.5 / self.hop_s)))
        piece = slice(2, max(last, 5))
        times, levels = self.frames[piece] * self.hop_s, self.levels_db[piece]
        slope, offset = np.polyfit(times, levels, 1)
        return float(slope), float(np.sqrt(np.mean((levels - slope * times - offset) ** 2)))

    @cached_property
    def is_clear(self) -> bool:
        """Whether it is of a sounding body rather than an accident of noise: it stands out and keeps its course."""
        prominence = self.prominence_db.mean()
        is_steady = self.jitter_bins < (_MOST_JITTER_BINS if prominence < _FAR_OUT_DB else _MOST_JITTER_FAR_OUT_BINS)
        return bool(prominence > _CLEAR_PROMINENCE_DB and is_steady)

    def part(self, first: int, last: int) -> "Partial":
        return Partial(
            self.frames[first:last],
            self.freqs_hz[first:last],
            self.levels_db[first:last],
            self.prominence_db[first:last],
            self.hop_s,
            self.bin_hz,
        )


@dataclass
class _Line:
    """A line that is being followed."""

    frames: list[int] = field(default_factory=list)
    bins: list[float] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)

    def expected_bin(self, frame: int) -> float:
        if len(self.bins) < 4:
            return self.bins[-1]
        slope = (self.bins[-1] - self.bins[-4]) / (self.frames[-1] - self.frames[-4])
        return self.bins[-1] + slope * (frame - self.frames[-1])


def find_partials(spectra: Spectrogram, prominence: Floats, least_level_db: float) -> list[Partial]:
    """All lines of at least 50 ms. `prominence` (frames, bins) belongs to the first bins of `spectra`."""
    frames, bins, levels = _peaks(spectra, prominence, least_level_db)
    starts = np.searchsorted(frames, np.arange(len(prominence) + 1))
    active: list[_Line] = []
    done: list[_Line] = []
    for frame in range(len(prominence)):
        here = slice(starts[frame], starts[frame + 1])
        active = _continued(active, done, frame, bins[here], levels[here])
    done.extend(active)
    step_hz = float(spectra.freqs_hz[1])
    found = []
    for line in done:
        if len(line.frames) >= _LEAST_FRAMES:
            at, position = np.array(line.frames), np.array(line.bins)
            stands_out = prominence[at, np.round(position).astype(int)].astype(np.float64)
            found.append(Partial(at, position * step_hz, np.array(line.levels), stands_out, spectra.hop_s, step_hz))
    return [part for partial in found for part in _split_where_struck(partial)]


def _split_where_struck(partial: Partial) -> list[Partial]:
    """A line that jumps up is one that ends and one that begins: a bell that is struck again while it still rings."""
    lag = 4
    if len(partial.frames) < 2 * lag:
        return [partial]
    rise = partial.levels_db[lag:] - partial.levels_db[:-lag]
    is_top = (rise > _RESTRUCK_DB) & (rise == scipy.ndimage.maximum_filter1d(rise, 2 * lag + 1))
    cuts = [0, *(int(i) + lag // 2 for i in np.flatnonzero(is_top) if i > 0), len(partial.frames)]
    parts = [partial.part(first, last) for first, last in pairwise(cuts)]
    return [part for part in parts if len(part.frames) >= _LEAST_FRAMES]


def _peaks(
    spectra: Spectrogram, prominence: Floats, least_level_db: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Frames, positions in bins and levels of all peaks, in order of frame, then of frequency."""
    level = decibels(spectra.mean_power[:, : prominence.shape[1]])
    inner = level[:, 1:-1]
    is_peak = (inner > level[:, :-2]) & (inner >= level[:, 2:])
    is_peak &= (prominence[:, 1:-1] > _LEAST_PROMINENCE_DB) & (inner > least_level_db)
    frames, index = np.nonzero(is_peak)
    index = index + 1
    position = peak_hz(level[frames, index - 1], level[frames, index], level[frames, index + 1], index)
    return frames, position, level[frames, index].astype(np.float64)


def _continued(
    active: list[_Line], done: list[_Line], frame: int, bins: NDArray[np.float64], levels: NDArray[np.float64]
) -> list[_Line]:
    """Lines extended by the peaks of a frame; peaks that extend none begin one; lines long without a peak are done."""
    places, heights = bins.tolist(), levels.tolist()
    used: set[int] = set()
    if active and places:
        expected = np.array([line.expected_bin(frame) for line in active])
        distance = np.abs(expected[:, None] - bins)
        peak, owner = distance.argmin(axis=1), distance.argmin(axis=0)
        each = np.arange(len(active))
        reach = np.maximum(_REACH_BINS, _REACH_RATIO * expected)
        lines = ((owner[peak] == each) & (distance[each, peak] <= reach)).nonzero()[0]
        for line, at in zip(lines.tolist(), peak[lines].tolist(), strict=True):
            active[line].frames.append(frame)
            active[line].bins.append(places[at])
            active[line].levels.append(heights[at])
            used.add(at)
    kept: list[_Line] = []
    for follower in active:
        (kept if frame - follower.frames[-1] <= _MOST_MISSING_FRAMES else done).append(follower)
    kept += [_Line([frame], [places[at]], [heights[at]]) for at in range(len(places)) if at not in used]
    return kept
