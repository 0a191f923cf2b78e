"""Struck sounds: which onsets are hits, how long they ring, and which hits belong together as a roll.

An onset is a hit when what it added has fallen again within some 60 ms, or when it started lines that decay steadily. A
beep, a call or a horn starts as suddenly, but then stays.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from annotators.instruments.analysis import Analysis
from annotators.instruments.onsets import Onset
from annotators.instruments.params import InstrumentParams
from annotators.instruments.partials import Partial
from annotators.instruments.spectra import SILENCE_POWER, Floats

RING_DECAY_S = 0.4  # to fall by 30 dB: what rings longer is a ring (schemas.vocabulary)
ROLL_GAP_S = 0.15  # hits closer than this are one roll (schemas.vocabulary)
_DROP_DB = 30.0
_SLOWEST_DECAY_DB_PER_S = 12.0  # of bells; a sound that fades slower is not a struck one
_DYING_DB_PER_S = 60.0
_BESIDE_STRONGEST_DB, _AS_STRONG_DB = 15.0, 6.0
_MOST_GLIDE = 0.04
_LEAST_TRAIN, _EVEN_GAP = 7, 0.25
_BESIDE_ONSET_S = 0.07  # windows of 46 ms see a line begin this much early or late
_MASKED_RATIO = 0.01  # -20 dB under the loudest of the last 100 ms
_STEADY_RESIDUAL_DB = 3.0


@dataclass(frozen=True, eq=False)
class Strike:
    """One hit.

    `level_db`: what it adds in its first 25 ms. `fall_db`: how far that has fallen after 55 ms. `ringing`: its slowly decaying
    lines, strongest first.
    """

    onset: Onset
    end_s: float
    level_db: float
    fall_db: float
    ringing: Sequence[Partial]
    lines: Sequence[Partial]  # all decaying ones that it started
    num_dying: int  # of those: fast decaying ones that keep their frequency, as the modes of struck bodies do


def find_strikes(analysis: Analysis) -> list[Strike]:
    """The onsets that are hits, in order."""
    clear = [partial for partial in analysis.partials if partial.is_clear]
    starts_s = np.array([_seen_start_s(partial) for partial in clear])
    candidates = []
    for onset in analysis.faint_and_clear_onsets:
        beside = np.flatnonzero(np.abs(starts_s - onset.time_s) < _BESIDE_ONSET_S).tolist()
        candidates.append(_strike(analysis, onset, [clear[at] for at in beside], clear))
    hits = [s for s in candidates if s.level_db > analysis.faintest_dbfs and _is_hit(s, analysis.params)]
    drummed = _regular_trains([strike.onset for strike in candidates])
    return [s for s in candidates if s in hits or s.onset in drummed or (s.onset.over_noise >= 1.0 and _is_between(s, hits))]


def _strike(analysis: Analysis, onset: Onset, beside: Sequence[Partial], clear: Sequence[Partial]) -> Strike:
    """`beside`: those of the `clear` lines that begin about when the onset is."""
    next_s = min((o.time_s for o in analysis.all_onsets if o.time_s > onset.time_s), default=analysis.duration_s)
    started = [line for line in beside if _starts_with(line, onset, analysis.all_onsets)]
    ringing = [line for line in _ringing(started) if not any(_is_resumed(line, other) for other in clear)]
    excess = _excess(analysis, onset.time_s, min(next_s, onset.time_s + 1.5))
    decaying = [line for line in started if line.early_fit[0] < -_SLOWEST_DECAY_DB_PER_S]
    end_s = _end_of_ring(onset.time_s, ringing) if ringing else onset.time_s + _faded_s(excess, analysis.bands.hop_s)
    level_db, fall_db = _level_and_fall_db(excess, analysis.bands.hop_s)
    return Strike(onset, min(end_s, analysis.duration_s), level_db, fall_db, ringing, decaying, _num_dying(started))


def _seen_start_s(line: Partial) -> float:
    """When a line begins; the windows see it early."""
    return line.start_s + 0.01


def _starts_with(line: Partial, onset: Onset, onsets: Sequence[Onset]) -> bool:
    """Whether a line begins at no clear onset that is nearer than this one."""
    start_s = _seen_start_s(line)
    distance = abs(start_s - onset.time_s)
    return not any(abs(start_s - other.time_s) < distance for other in onsets)


def _num_dying(started: Sequence[Partial]) -> int:
    """How many strong lines die away fast at one frequency. None count beside a call, an equally strong line that glides."""
    strongest_db = max((line.top_db for line in started), default=0.0)
    strong = [line for line in started if line.top_db > strongest_db - _BESIDE_STRONGEST_DB]
    is_call = any(_is_call(line) and line.top_db > strongest_db - _AS_STRONG_DB for line in strong)
    return 0 if is_call else sum(1 for line in strong if _is_dying(line))


def _is_call(line: Partial) -> bool:
    is_gliding = np.ptp(line.freqs_hz) > 2 * _MOST_GLIDE * line.median_hz
    return bool(is_gliding and line.slope_db_per_s > -_DYING_DB_PER_S and line.duration_s < RING_DECAY_S)


def _is_dying(line: Partial) -> bool:
    inner = line.freqs_hz[1:-1]
    is_level = np.ptp(inner) < max(_MOST_GLIDE * line.median_hz, 2.0 * line.bin_hz)
    return bool(is_level and line.slope_db_per_s < -_DYING_DB_PER_S)


def _is_resumed(line: Partial, before: Partial) -> bool:
    """Whether a line only goes on after an interruption, hardly louder than it was."""
    gap_s = line.start_s - before.end_s
    is_same = abs(line.freqs_hz[0] / before.freqs_hz[-1] - 1.0) < 0.03
    return bool(-0.05 < gap_s < 0.2 and is_same and line.levels_db[:4].max() < before.levels_db[-6:].max() + 6.0)


def _is_hit(strike: Strike, params: InstrumentParams) -> bool:
    """What falls, rings, or started lines that die away. The less an onset stands out, the more of these it needs."""
    falls = strike.fall_db >= params.least_fall_db
    if strike.onset.over_noise >= params.clear_onset_ratio:
        return bool(falls or strike.num_dying or strike.ringing)
    if strike.onset.over_noise >= 1.0:
        return bool(strike.fall_db >= params.least_faint_fall_db or strike.num_dying or strike.ringing)
    return bool(falls and strike.num_dying >= 2)


def _regular_trains(onsets: Sequence[Onset]) -> list[Onset]:
    """Onsets, faint or clear, that follow each other in even steps under 0.15 s: no noise keeps time."""
    trains: list[list[Onset]] = []
    for onset in onsets:
        if trains and _keeps_time(trains[-1], onset):
            trains[-1].append(onset)
        else:
            trains.append([onset])
    return [onset for train in trains if len(train) >= _LEAST_TRAIN for onset in train]


def _keeps_time(train: Sequence[Onset], onset: Onset) -> bool:
    gap_s = onset.time_s - train[-1].time_s
    gaps = np.diff([before.time_s for before in train])
    return gap_s < ROLL_GAP_S and (len(gaps) < 2 or abs(gap_s / float(np.median(gaps)) - 1.0) < _EVEN_GAP)


def _is_between(strike: Strike, hits: Sequence[Strike]) -> bool:
    """Whether hits come closely before and after: in a roll a stroke may drown in the decay of the last."""
    since = [strike.onset.time_s - hit.onset.time_s for hit in hits]
    return any(0 < s < ROLL_GAP_S for s in since) and any(-ROLL_GAP_S < s < 0 for s in since)


def rolls_and_singles(strikes: Sequence[Strike], least_hits: int) -> tuple[list[list[Strike]], list[Strike]]:
    """Chains of at least `least_hits` hits with gaps under 0.15 s, and the other hits. A bell within a roll is both."""
    chains: list[list[Strike]] = []
    for strike in strikes:
        if chains and strike.onset.time_s - chains[-1][-1].onset.time_s < ROLL_GAP_S:
            chains[-1].append(strike)
        else:
            chains.append([strike])
    rolls = [chain for chain in chains if len(chain) >= least_hits]
    return rolls, [strike for chain in chains for strike in chain if len(chain) < least_hits or len(strike.ringing) >= 2]


def _excess(analysis: Analysis, onset_s: float, until_s: float) -> Floats:
    """Power that was not there just before the onset, from it on, smoothed over 12 ms (frames,).

    Only bands that rise at the onset count, and those within two thirds of an octave, into which a call may glide: the
    gusts of a wind do not hide how a knock dies away. Zero where the onset is masked by what sounded just before: the end of
    a call, where a coder leaves its crumbs.
    """
    bands = analysis.bands
    power = bands.mean_power
    before = power[bands.frames(max(0.0, onset_s - 0.04), max(0.003, onset_s - 0.006))].mean(axis=0)
    after = power[bands.frames(onset_s, max(until_s - 0.008, onset_s + 0.02))]
    early = after[: max(1, round(0.015 / bands.hop_s))].mean(axis=0)
    recent = power[bands.frames(max(0.0, onset_s - 0.1), max(0.003, onset_s - 0.006))].sum(axis=1)
    if early.sum() < max(0.7 * before.sum(), _MASKED_RATIO * recent.max()):
        return np.zeros(len(after), np.float32)
    rises = scipy.ndimage.maximum_filter1d(early > 4.0 * before, 5)
    excess = np.maximum(after - before, 0.0)[:, rises].sum(axis=1)
    smooth: Floats = np.convolve(excess, np.full(4, 0.25, np.float32), mode="same")[: len(after)]
    return smooth


def _level_and_fall_db(excess: Floats, hop_s: float) -> tuple[float, float]:
    """The loudest of the first 25 ms, and how much lower the mean of 45 to 65 ms is, or the last before the next onset."""
    early = float(excess[: max(1, round(0.025 / hop_s))].max()) + SILENCE_POWER
    late = excess[round(0.045 / hop_s) : round(0.065 / hop_s) + 1]
    tail = float(late.mean() if len(late) else excess[-2:].mean()) + SILENCE_POWER
    return 10 * math.log10(early), 10 * math.log10(early / tail)


def _faded_s(excess: Floats, hop_s: float) -> float:
    """How long until the excess is 30 dB under its top, or thrice what the first 10 dB take: noise hides the rest."""
    top = int(excess[: max(1, round(0.05 / hop_s))].argmax())
    whole, third = (_first_below(excess[top:], drop_db) for drop_db in (_DROP_DB, _DROP_DB / 3))
    return (top + min(whole, 3 * third)) * hop_s


def _first_below(excess: Floats, drop_db: float) -> int:
    below = np.flatnonzero(excess < excess[0] * 10 ** (-drop_db / 10))
    return int(below[0]) if len(below) else len(excess)


def _ringing(started: Sequence[Partial]) -> list[Partial]:
    """Lines that decay steadily and slowly, within 15 dB of the strongest line that started with them."""
    if not started:
        return []
    strongest = max(line.top_db for line in started)
    ringing = []
    for line in started:
        slope, residual = line.early_fit
        is_slow = -_DROP_DB / RING_DECAY_S <= slope <= -_SLOWEST_DECAY_DB_PER_S
        if (
            is_slow
            and residual < _STEADY_RESIDUAL_DB
            and line.duration_s >= 0.25
            and line.top_db > strongest - _BESIDE_STRONGEST_DB
        ):
            ringing.append(line)
    return sorted(ringing, key=lambda line: -line.top_db)


def _end_of_ring(onset_s: float, ringing: Sequence[Partial]) -> float:
    """When the strongest line has fallen by 30 dB, by its own slope."""
    return onset_s + _DROP_DB / -ringing[0].early_fit[0]
