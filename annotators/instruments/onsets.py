"""Moments at which a hit begins.

In every band the mean power just after a moment is compared with that just before it (log-energy flux over a short lag),
and the rises are averaged over the bands. Sustained noise makes rises too, all the time and everywhere: the threshold
follows their own size around each moment, which is what keeps rain and wind from raining onsets. The moment is then moved
onto the attack in the waveform.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from annotators.instruments.params import InstrumentParams
from annotators.instruments.spectra import Bands, Floats
from annotators.media import Sound

_MASKED_RATIO = 2e-4  # what lies 37 dB under all that sounds just before makes no difference to the ear


@dataclass(frozen=True)
class Onset:
    """A sudden rise. `strength_db`: its mean over the bands; `over_noise`: the same over its threshold, < 1 for faint ones."""

    time_s: float
    strength_db: float
    over_noise: float


def novelty_db(bands: Bands, hop_s: float, floor_power: Floats) -> Floats:
    """Mean over the bands of the rise in dB from the 24 ms before each frame to the 12 ms after it (frames,)."""
    before, after = max(1, round(0.024 / hop_s)), max(1, round(0.012 / hop_s))
    gap = max(1, round(0.006 / hop_s))
    power = bands.mean_power
    summed = np.concatenate([np.zeros((1, power.shape[1])), np.cumsum(power, axis=0, dtype=np.float64)])
    frame = np.arange(len(power))

    def mean(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
        low, high = np.clip(first, 0, len(power) - 1), np.clip(last, 1, len(power))
        return np.asarray((summed[high] - summed[low]) / np.maximum(high - low, 1)[:, None])

    power_before = mean(frame - gap - before, frame - gap)
    floor = np.maximum(floor_power, 1e-10) + _MASKED_RATIO * power_before.sum(axis=1, keepdims=True)
    rise = 10 * np.log10((mean(frame, frame + after) + floor) / (power_before + floor))
    novelty: Floats = np.maximum(rise, 0).mean(axis=1).astype(np.float32)
    return novelty


def onset_threshold(novelty: Floats, hop_s: float, params: InstrumentParams) -> Floats:
    """What a rise has to exceed: a multiple of the 60 % quantile of 3 s around it, at least the set strength.

    The quantile is that of the rises in sustained noise; even a roll leaves more than half of the frames between its hits.
    """
    around = max(3, round(3.0 / hop_s) // 8 | 1)
    coarse = scipy.ndimage.percentile_filter(novelty[::8], 60, size=around, mode="nearest")
    typical = np.repeat(coarse, 8)[: len(novelty)]
    threshold: Floats = np.maximum(typical * params.onset_over_noise, params.onset_strength_db)
    return threshold


def find_onsets(sound: Sound, bands: Bands, floor_power: Floats, params: InstrumentParams) -> list[Onset]:
    """Onsets in order of time, faint ones (`over_noise` < 1) included."""
    novelty = novelty_db(bands, bands.hop_s, floor_power)
    threshold = onset_threshold(novelty, bands.hop_s, params)
    reach = max(1, round(params.least_onset_gap_s / bands.hop_s))
    highest = scipy.ndimage.maximum_filter1d(novelty, 2 * reach + 1)
    is_top = (novelty == highest) & (novelty > params.faint_onset_ratio * threshold)
    found: list[Onset] = []
    for frame in np.flatnonzero(is_top):
        time_s = attack_time(sound, float(bands.times_s[frame]))
        if not found or time_s - found[-1].time_s >= params.least_onset_gap_s:
            found.append(Onset(time_s, float(novelty[frame]), float(novelty[frame] / threshold[frame])))
    return found


def attack_time(sound: Sound, near_s: float, reach_s: float = 0.01) -> float:
    """Where the envelope's logarithm rises most steeply within `reach_s` of a moment: the start of the attack."""
    rate = sound.sample_rate_hz
    step = max(1, round(rate * 0.0005))
    first = max(0, round((near_s - reach_s) * rate))
    piece = sound.samples[:, first : first + round(2 * reach_s * rate)]
    num = piece.shape[1] // step
    if num < 8:
        return near_s
    steepness = np.abs(np.diff(piece, axis=1, prepend=piece[:, :1])) ** 2
    energy = steepness[:, : num * step].reshape(len(piece), num, step).sum(axis=(0, 2)) + 1e-12
    summed = np.concatenate([[0.0], np.cumsum(energy)])
    width = 6
    index = np.arange(width, num - 2)
    after = summed[np.minimum(index + width, num)] - summed[index]
    before = summed[index] - summed[index - width]
    rise = np.log((after + 1e-9) / (before + 1e-9))
    return float((first + index[rise.argmax()] * step) / rate)
