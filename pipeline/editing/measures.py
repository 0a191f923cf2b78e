"""What is measured of a sound before it is edited: loudness, level and spectrum. Sounds are float64 (channels, n)."""

import math

import numpy as np

from pipeline.editing.render import Samples

GATE_LUFS = -70.0  # the absolute gate of BS.1770: what is quieter counts as this loud
_BLOCK_S = 0.4
_BANDS = np.arange(-13, 13)  # third octaves of 50 Hz to 16 kHz, numbered from 1 kHz (IEC 61260-1, base ten)
_WINDOW_S = 0.2


def integrated_lufs(sound: Samples, rate_hz: int) -> float:
    """Integrated loudness after ITU-R BS.1770-4, at least -70.

    Less than one gating block (0.4 s) is padded with silence to one. Two sounds of equal length that are compared are
    padded alike, so their difference is not touched.
    """
    from pyloudnorm import Meter  # it brings scipy along, which commands that only read can do without

    missing = math.ceil(_BLOCK_S * rate_hz) - sound.shape[1]
    padded = np.pad(sound, ((0, 0), (0, max(0, missing))))
    return max(float(Meter(rate_hz).integrated_loudness(padded.T)), GATE_LUFS)


def gain_under(peak: float, headroom_db: float) -> float:
    """The gain in dB, at most 0, in whole hundredths, that keeps a peak below full scale by `headroom_db` when rounded."""
    limit = 10 ** (-headroom_db / 20) - 2**-15  # rounding to 16 bits may add half a step
    return 0.0 if peak <= limit else math.floor(2000 * math.log10(limit / peak)) / 100


def third_octaves(sound: Samples, rate_hz: int) -> Samples:
    """Shares of the power in third-octave bands, (bands,), summing to 1; all 0 for silence."""
    from scipy.signal import welch

    freqs_hz, power = welch(sound, rate_hz, nperseg=min(round(_WINDOW_S * rate_hz), sound.shape[1]))
    edges_hz = 1000.0 * 10 ** ((np.append(_BANDS, _BANDS[-1] + 1) - 0.5) / 10)
    summed = np.concatenate([[0.0], np.cumsum(power.sum(axis=0))])
    bands = np.diff(summed[np.searchsorted(freqs_hz, edges_hz)])
    shares: Samples = bands / max(bands.sum(), np.finfo(np.float64).tiny)
    return shares


def spectral_overlap(one: Samples, other: Samples) -> float:
    """How much two spectra share, 0..1: the sum over bands of the smaller share."""
    return float(np.minimum(one, other).sum())
