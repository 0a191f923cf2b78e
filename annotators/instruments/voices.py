"""Sustained pitched sounds: lines that sound together gathered into voices, each with its fundamental.

The strongest line leads; lines at whole-number ratios to it or to its half or third, and lines that begin and end with it,
follow. What was started by a hit is left out before (see `strikes`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotators.instruments.partials import Partial

_MOST_HARMONICS = 24
_RATIO_TOLERANCE = 0.04
_RATIO_SPREAD = 0.06
_LEADING_PROMINENCE_DB = 19.5
_LEAST_CYCLES = 15.0
_LONG_S, _EVEN_DB = 0.5, 1.1
_TOGETHER_S = 0.08
_BESIDE_STRONGER_DB = 20.0  # a second voice under a stronger one has to come this close to it
_OVERTONE_DB = 3.0
_SPLINTER_S, _SPLINTER_DB = 0.15, 3.0
_JOIN_GAP_S = 0.1
_JOIN_RATIO = 0.08


@dataclass(frozen=True, eq=False)
class Voice:
    """One pitched sound: its fundamental `pitch_hz` at `frames` (n,) of the middle spectra, and its lines, leaders first."""

    start_s: float
    end_s: float
    frames: NDArray[np.int64]
    pitch_hz: NDArray[np.float64]
    lines: Sequence[Partial]

    @property
    def level_db(self) -> float:
        """Of all lines together, each where it is loudest."""
        return float(10 * np.log10(sum(10 ** (line.top_db / 10) for line in self.lines)))

    @property
    def glide_ratio(self) -> float:
        """Highest over lowest fundamental, the extreme twentieths left out."""
        low, high = np.percentile(self.pitch_hz, [5, 95])
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
    whole = [voice for voice in voices if not any(_is_splinter(voice, other) for other in voices)]
    joined = _joined(_joined(sorted(whole, key=lambda voice: voice.start_s)))  # what was joined may take in more
    return [voice for voice in joined if voice.end_s - voice.start_s >= least_duration_s]


def _can_lead(line: Partial) -> bool:
    """Wind and rain make short lines too, and faint ones: a leader stands out far, or for long and evenly."""
    prominence = line.prominence_db.mean()
    if line.median_hz * line.duration_s < _LEAST_CYCLES:
        return False
    return bool(prominence > _LEADING_PROMINENCE_DB or (line.duration_s >= _LONG_S and line.roughness_db < _EVEN_DB))


def _voice(leader: Partial, followers: Sequence[Partial]) -> Voice:
    """Its span is that of the leader and of the followers within 15 dB of it."""
    strong = [leader, *(line for line in followers if line.top_db > leader.top_db - 15.0)]
    start_s = min(line.start_s for line in strong)
    end_s = max(line.end_s for line in strong)
    pitch_hz = leader.freqs_hz / _harmonic_number(leader, followers)
    return Voice(start_s, end_s, leader.frames, pitch_hz, [leader, *followers])


def _ratio(line: Partial, leader: Partial) -> float | None:
    """Median ratio of the frequencies where both sound; None where they share less than half of the line's span, or where
    the ratio is not the same throughout."""
    first, last = max(line.frames[0], leader.frames[0]), min(line.frames[-1], leader.frames[-1]) + 1
    if last - first < 0.5 * len(line.frames) or last - first < 2:
        return None
    own = line.dense_hz[first - line.frames[0] : last - line.frames[0]]
    ratios = np.sort(own / leader.dense_hz[first - leader.frames[0] : last - leader.frames[0]])
    low, median, high = (float(ratios[int(quantile * (len(ratios) - 1))]) for quantile in (0.15, 0.5, 0.85))
    return median if high - low < _RATIO_SPREAD * median else None


def _follows(line: Partial, leader: Partial) -> bool:
    if line.start_s > leader.end_s or line.end_s < leader.start_s:
        return False
    if abs(line.start_s - leader.start_s) < _TOGETHER_S and abs(line.end_s - leader.end_s) < _TOGETHER_S:
        return True
    ratio = _ratio(line, leader)
    return ratio is not None and any(_is_multiple(ratio * harmonic) for harmonic in (1, 2, 3, 4))


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
    """Voices that go on where another has ended, or that are one of its harmonics, are part of it."""
    joined: list[Voice] = []
    for voice in voices:
        before = next((v for v in reversed(joined) if _continues(voice, v) or _is_overtone(voice, v)), None)
        if before is None:
            joined.append(voice)
            continue
        joined[joined.index(before)] = _with(before, voice)
    return joined


def _is_splinter(voice: Voice, other: Voice) -> bool:
    """Whether a voice is a piece of a call: fainter, shorter than 0.15 s, and for a good part within the call's time."""
    shared_s = min(voice.end_s, other.end_s) - max(voice.start_s, other.start_s)
    own_s = voice.end_s - voice.start_s
    are_short = own_s < _SPLINTER_S and own_s < other.end_s - other.start_s < 3 * _SPLINTER_S
    return are_short and shared_s > 0.3 * own_s and voice.level_db < other.level_db + _SPLINTER_DB


def _with(voice: Voice, later: Voice) -> Voice:
    """One voice of two. The pitch is that of the first for as long as it has one, then that of the later if it goes on."""
    frames, pitch_hz = voice.frames, voice.pitch_hz
    if _continues(later, voice):
        is_new = later.frames > frames[-1]
        frames = np.concatenate([frames, later.frames[is_new]])
        pitch_hz = np.concatenate([pitch_hz, later.pitch_hz[is_new]])
    return Voice(voice.start_s, max(voice.end_s, later.end_s), frames, pitch_hz, [*voice.lines, *later.lines])


def _continues(voice: Voice, before: Voice) -> bool:
    """Whether a voice takes up the pitch of another, less than 0.1 s after its end or while it still sounds."""
    if not (before.start_s < voice.start_s < before.end_s + _JOIN_GAP_S):
        return False
    until_s = min(voice.end_s, before.end_s)
    if until_s - voice.start_s > _JOIN_GAP_S:
        ratio = _pitch_ratio(voice, before, voice.start_s, until_s)
    else:  # medians: what interrupts a line also bends its ends
        ratio = float(np.median(voice.pitch_hz[:10]) / np.median(before.pitch_hz[-10:]))
    return abs(math.log(ratio)) < _JOIN_RATIO


def _is_overtone(voice: Voice, other: Voice) -> bool:
    """Whether a fainter voice lies on a harmonic of another for most of its time."""
    start_s, end_s = max(voice.start_s, other.start_s), min(voice.end_s, other.end_s)
    if end_s - start_s < 0.5 * (voice.end_s - voice.start_s) or voice.level_db > other.level_db - _OVERTONE_DB:
        return False
    ratio = _pitch_ratio(voice, other, start_s, end_s)
    return round(ratio) >= 1 and abs(ratio - round(ratio)) < _RATIO_TOLERANCE + 0.003 * ratio


def _pitch_ratio(voice: Voice, other: Voice, start_s: float, end_s: float) -> float:
    """Median over a span of the ratio of two voices' fundamentals; a voice that is silent counts with its nearest pitch."""
    frames = np.linspace(start_s, end_s, 9) / voice.lines[0].hop_s
    own, others = (np.interp(frames, v.frames, v.pitch_hz) for v in (voice, other))
    return float(np.median(own / others))
