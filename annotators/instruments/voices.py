"""Sustained pitched sounds: lines that sound together gathered into voices, each with its fundamental.

The strongest line leads; lines at whole-number ratios to it or to its half or third, and lines that begin and end with it,
follow. What was started by a hit is left out before (see `strikes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotators.instruments.partials import Partial

_MOST_HARMONICS = 24
_RATIO_TOLERANCE = 0.04
_LEADING_PROMINENCE_DB = 19.5
_LONG_S, _EVEN_DB = 0.4, 1.0
_TOGETHER_S = 0.08
_BESIDE_STRONGER_DB = 20.0  # a second voice under a stronger one has to come this close to it
_JOIN_GAP_S = 0.1
_JOIN_RATIO = 0.08


@dataclass(frozen=True, eq=False)
class Voice:
    """One pitched sound. The leader's frequency divided by `harmonic` is the fundamental. `lines` has the leaders first."""

    start_s: float
    end_s: float
    leaders: Sequence[Partial]  # in order of time: a leader that is interrupted goes on in the next
    lines: Sequence[Partial]
    harmonic: int

    @property
    def freqs_hz(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The fundamental along the leaders."""
        return np.concatenate([leader.freqs_hz for leader in self.leaders]) / self.harmonic

    @property
    def level_db(self) -> float:
        """Of all lines together, each where it is loudest."""
        return float(10 * np.log10(sum(10 ** (line.top_db / 10) for line in self.lines)))

    @property
    def glide_ratio(self) -> float:
        """Highest over lowest fundamental, the extreme twentieths left out."""
        low, high = np.percentile(self.freqs_hz, [5, 95])
        return float(high / low)


def find_voices(lines: Sequence[Partial], least_duration_s: float) -> list[Voice]:
    """Voices in order of start."""
    remaining = sorted(lines, key=lambda line: line.top_db + 10 * np.log10(line.duration_s), reverse=True)
    voices: list[Voice] = []
    while leader := next((line for line in remaining if _can_lead(line)), None):
        remaining.remove(leader)
        followers = [line for line in remaining if _follows(line, leader)]
        remaining = [line for line in remaining if line not in followers]
        voice = _voice(leader, followers)
        stronger = [v.level_db for v in voices if min(v.end_s, voice.end_s) - max(v.start_s, voice.start_s) > 0]
        if not stronger or voice.level_db > max(stronger) - _BESIDE_STRONGER_DB:
            voices.append(voice)
    joined = _joined(sorted(voices, key=lambda voice: voice.start_s))
    return [voice for voice in joined if voice.end_s - voice.start_s >= least_duration_s]


def _can_lead(line: Partial) -> bool:
    """Wind and rain make short lines too, and faint ones: a leader stands out far, or for long and evenly."""
    prominence = line.prominence_db.mean()
    is_even = line.duration_s >= _LONG_S and line.roughness_db < _EVEN_DB
    return bool(prominence > _LEADING_PROMINENCE_DB or (is_even and prominence > _LEADING_PROMINENCE_DB - 4.0))


def _voice(leader: Partial, followers: Sequence[Partial]) -> Voice:
    """Its span is that of the leader and of the followers within 15 dB of it."""
    strong = [leader, *(line for line in followers if line.top_db > leader.top_db - 15.0)]
    start_s = min(line.start_s for line in strong)
    end_s = max(line.end_s for line in strong)
    return Voice(start_s, end_s, [leader], [leader, *followers], _harmonic_number(leader, followers))


def _ratio(line: Partial, leader: Partial) -> float | None:
    """Median ratio of the frequencies where both sound; None where they share less than half of the line's span."""
    common, own, others = np.intersect1d(line.frames, leader.frames, assume_unique=True, return_indices=True)
    if len(common) < 0.5 * len(line.frames):
        return None
    return float(np.median(line.freqs_hz[own] / leader.freqs_hz[others]))


def _follows(line: Partial, leader: Partial) -> bool:
    ratio = _ratio(line, leader)
    if ratio is None:
        return False
    if abs(line.start_s - leader.start_s) < _TOGETHER_S and abs(line.end_s - leader.end_s) < _TOGETHER_S:
        return True
    return any(_is_multiple(ratio * harmonic) for harmonic in (1, 2, 3))


def _is_multiple(ratio: float) -> bool:
    return 1 <= round(ratio) <= _MOST_HARMONICS and abs(ratio - round(ratio)) < _RATIO_TOLERANCE


def _harmonic_number(leader: Partial, followers: Sequence[Partial]) -> int:
    """Which harmonic the leader is: the lowest number that makes most of the followers' amplitude fall on harmonics too."""
    ratios = [(ratio, 10 ** (line.top_db / 20)) for line in followers if (ratio := _ratio(line, leader)) is not None]
    total = sum(weight for _, weight in ratios)
    for harmonic in (1, 2, 3, 4):
        fitting = sum(weight for ratio, weight in ratios if _is_multiple(ratio * harmonic))
        if total == 0 or fitting >= 0.85 * total:
            return harmonic
    return 1


def _joined(voices: Sequence[Voice]) -> list[Voice]:
    """Voices that go on at the pitch at which another has just ended are its continuation."""
    joined: list[Voice] = []
    for voice in voices:
        before = next((v for v in reversed(joined) if _continues(voice, v)), None)
        if before is None:
            joined.append(voice)
            continue
        leaders = sorted([*before.leaders, *voice.leaders], key=lambda line: line.start_s)
        end_s = max(before.end_s, voice.end_s)
        joined[joined.index(before)] = Voice(before.start_s, end_s, leaders, [*before.lines, *voice.lines], before.harmonic)
    return joined


def _continues(voice: Voice, before: Voice) -> bool:
    gap_s = voice.start_s - before.end_s
    ended_hz, begins_hz = float(np.median(before.freqs_hz[-4:])), float(np.median(voice.freqs_hz[:4]))
    return -0.1 < gap_s < _JOIN_GAP_S and abs(np.log(begins_hz / ended_hz)) < _JOIN_RATIO
