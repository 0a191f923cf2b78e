"""Whether a moving thing and a sound belong together: agreement in time and in place, weighed against coincidence.

Two kinds of positive evidence are known. Moments: the thing's bounces fall on the sound's onsets more often than chance
would have it. Place: the sound's stereo position follows the thing across the picture. Anything less is no evidence, and
says so. Whoever checks such a statement weighs all sounds and things together (`annotators.objects`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from schemas.evidence import Track

HEARD_FRAC = 0.85  # of a true maker's bounces, so many are heard: some are too soft, some are masked


@dataclass(frozen=True)
class Coincidence:
    """How a thing's moments fall on a sound's onsets."""

    num_moments: int
    num_matched: int
    chance_frac: float  # share of the time axis that lies within the tolerance of an onset
    p_chance: float  # probability of so many matches or more if the moments fell anywhere

    @property
    def matched_frac(self) -> float:
        return self.num_matched / self.num_moments if self.num_moments else 0.0

    @property
    def is_mostly(self) -> bool:
        """At least two moments, and three quarters of them matched."""
        return self.num_moments >= 2 and self.matched_frac >= 0.75


def coincidence(
    moments_s: Sequence[float], onsets_s: Sequence[float], tolerance_s: float, start_s: float, end_s: float
) -> Coincidence:
    """Moments against onsets within [start_s, end_s), each tested by the binomial distribution."""
    onsets = np.sort(np.asarray(onsets_s, dtype=np.float64))
    moments = np.asarray([m for m in moments_s if start_s - tolerance_s <= m < end_s + tolerance_s], dtype=np.float64)
    matched = int(np.sum(distances_s(moments, onsets) <= tolerance_s))
    chance = covered_s(onsets, tolerance_s, start_s, end_s) / max(end_s - start_s, 1e-9)
    return Coincidence(
        len(moments),
        matched,
        chance,
        float(scipy.special.bdtrc(matched - 1, len(moments), chance)) if matched else 1.0,
    )


@dataclass(frozen=True)
class Strikes:
    """A track's bounces and a sound's onsets, each asked about the other.

    A ball is heard at every bounce; a hammer swings more often than it strikes, so that only its blows are heard. Either
    way round is evidence if chance does not explain it.
    """

    heard: Coincidence  # bounces that fall on onsets
    explained: Coincidence  # onsets that fall on bounces

    @property
    def p_chance(self) -> float:
        return min((way.p_chance for way in (self.heard, self.explained) if way.is_mostly), default=1.0)


def strikes(bounces_s: Sequence[float], onsets_s: Sequence[float], tolerance_s: float, start_s: float, end_s: float) -> Strikes:
    """Bounces and onsets within [start_s, end_s), both ways."""
    return Strikes(
        coincidence(bounces_s, onsets_s, tolerance_s, start_s, end_s),
        coincidence(onsets_s, bounces_s, tolerance_s, start_s, end_s),
    )


def distances_s(moments: NDArray[np.float64], onsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each moment to its nearest onset; infinite where there is none. `onsets` ascend."""
    if len(onsets) == 0:
        return np.full(len(moments), np.inf)
    after = np.clip(np.searchsorted(onsets, moments), 0, len(onsets) - 1)
    before = np.clip(after - 1, 0, None)
    nearest: NDArray[np.float64] = np.minimum(np.abs(onsets[after] - moments), np.abs(onsets[before] - moments))
    return nearest


def covered_s(onsets: NDArray[np.float64], tolerance_s: float, start_s: float, end_s: float) -> float:
    """How much of the span lies within the tolerance of an onset."""
    covered, reached = 0.0, start_s
    for onset in onsets:
        low, high = max(onset - tolerance_s, reached), min(onset + tolerance_s, end_s)
        if high > low:
            covered, reached = covered + high - low, high
    return covered


def position(track: Track, width_px: int, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the track's middle is across the picture, -1 left .. +1 right; NaN where it is not visible."""
    seen_s = np.asarray([box.time_s for box in track.boxes])
    middle = np.asarray([(box.box_xyxy_px[0] + box.box_xyxy_px[2]) / width_px - 1 for box in track.boxes])
    there = np.interp(times_s, seen_s, middle)
    return np.where((times_s >= track.start_s - 1e-6) & (times_s <= track.end_s + 1e-6), there, np.nan)


@dataclass(frozen=True)
class Following:
    """How a sound's stereo position goes along with a track's place."""

    num_points: int
    travel: float  # how far the track goes across the picture, of a width of 2
    gap: float  # median distance between stereo position and place, after the stereo's own width
    correlation: float  # 0 where either stands still


def following(pan: NDArray[np.float64], place: NDArray[np.float64]) -> Following:
    """Compares stereo positions and places (n,) at the same times; NaNs are left out.

    Mixes differ in how wide they spread their sounds, so the gap is taken at the best width between half and full.
    """
    both = np.isfinite(pan) & np.isfinite(place)
    pan, place = pan[both], place[both]
    if len(pan) < 3:
        return Following(len(pan), 0.0, np.inf, 0.0)
    gap = min(float(np.median(np.abs(pan - width * place))) for width in (0.5, 0.625, 0.75, 0.875, 1.0))
    moves = min(float(np.ptp(pan)), float(np.ptp(place))) > 0.05
    correlation = float(np.corrcoef(pan, place)[0, 1]) if moves else 0.0
    return Following(len(pan), float(np.ptp(place)), gap, correlation)
