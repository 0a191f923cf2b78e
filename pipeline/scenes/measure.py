"""What is true of a sound, measured on its stem: span, level, loudness, pitch, and whether it can be heard in the mix."""

from functools import cache

import numpy as np
from pyloudnorm.iirfilter import IIRfilter
from scipy.ndimage import uniform_filter1d
from scipy.signal import stft

from pipeline.scenes.impacts import SAMPLE_RATE_HZ, Samples
from pipeline.scenes.mix import Mix, Stem
from pipeline.scenes.truth import TruthEvent

SPAN_DEPTH_DB = 30.0
ENVELOPE_S = 0.005
CELL_S = 0.02
BAND_EDGES_HZ = 44.7 * 2 ** (np.arange(26) / 3)  # third octaves from 50 Hz to 16 kHz
AUDIBLE_OVER_REST_DB = -6.0
AUDIBLE_ENERGY_FRAC = 0.5
FLOOR = 1e-12


def decibels(power: float) -> float:
    """10 log10 of a power, bounded below."""
    return float(10 * np.log10(max(power, FLOOR)))


def span(stem: Stem) -> tuple[int, int]:
    """First and one-past-last sample (of the stem) whose 5 ms power is within 30 dB of the stem's peak power."""
    power = uniform_filter1d((stem.samples**2).mean(axis=0), round(ENVELOPE_S * SAMPLE_RATE_HZ), mode="constant")
    loud = np.flatnonzero(power >= power.max() * 10 ** (-SPAN_DEPTH_DB / 10))
    return int(loud[0]), int(loud[-1]) + 1


@cache
def k_weighting() -> tuple[IIRfilter, IIRfilter]:
    """The two filters of ITU-R BS.1770 as pyloudnorm sets them up."""
    shelf = IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, SAMPLE_RATE_HZ, "high_shelf")
    return shelf, IIRfilter(0.0, 0.5, 38.0, SAMPLE_RATE_HZ, "high_pass")


def momentary_max_lufs(samples: Samples) -> float:
    """The loudest 400 ms of a stereo sound (2, n) that has silence around it."""
    window = round(0.4 * SAMPLE_RATE_HZ)
    padded = np.pad(samples, ((0, 0), (window, window)))
    for stage in k_weighting():
        padded = stage.apply_filter(padded)
    energy = np.concatenate([[0.0], np.cumsum((padded**2).sum(axis=0))])
    return -0.691 + decibels(float((energy[window:] - energy[:-window]).max()) / window)


def rest_of(mix: Mix, stem: Stem) -> Samples:
    """All that sounds while the stem does, without it."""
    return mix.samples[:, stem.first : stem.first + stem.samples.shape[1]] - stem.samples


def cells(sound: Samples) -> Samples:
    """Power of a stereo sound (2, n) in third-octave bands by 20 ms frames, (bands, frames)."""
    frame = round(CELL_S * SAMPLE_RATE_HZ)
    padded = np.pad(sound, ((0, 0), (0, max(0, frame - sound.shape[1]))))
    freqs, _, spectrum = stft(padded, SAMPLE_RATE_HZ, nperseg=frame)
    first_bins = np.unique(np.searchsorted(freqs, BAND_EDGES_HZ))
    power: Samples = np.add.reduceat((np.abs(spectrum) ** 2).sum(axis=0), first_bins, axis=0)
    return power


def is_audible(stem: Samples, rest: Samples) -> bool:
    """Whether at least half of a sound's energy stands out: third of an octave by third of an octave, 20 ms by 20 ms.

    A cell stands out where the sound is no more than 6 dB below all the rest, about where a masker of the width of a
    critical band covers it (Fastl & Zwicker, "Psychoacoustics", ch. 4). Blows have their energy at the onset and sustained
    sounds all along, so one rule serves both. Both arguments are (2, n).
    """
    own, other = cells(stem), cells(rest)
    stands_out = own >= other * 10 ** (AUDIBLE_OVER_REST_DB / 10)
    return bool(own[stands_out].sum() >= AUDIBLE_ENERGY_FRAC * own.sum())


def event_truth(mix: Mix, stem: Stem, *, is_seen: bool) -> TruthEvent:
    """Everything that the truth says about one event."""
    start, end = span(stem)
    sound, rest = stem.samples[:, start:end], rest_of(mix, stem)
    pitch = stem.voice.pitch_hz
    pitches = None if pitch is None else pitch[: stem.samples.shape[1]]
    return TruthEvent(
        start_s=(stem.first + start) / SAMPLE_RATE_HZ,
        end_s=(stem.first + end) / SAMPLE_RATE_HZ,
        onset_s=(stem.first + start) / SAMPLE_RATE_HZ,
        onsets_s=list(stem.voice.onsets_s),
        rms_dbfs=decibels(float((sound**2).mean())),
        loudness_lufs=momentary_max_lufs(stem.samples),
        peak_dbfs=2 * decibels(float(np.abs(sound).max())),
        snr_db=decibels(float((sound**2).sum()) / float((rest[:, start:end] ** 2).sum())),
        is_audible=is_audible(stem.samples, rest),
        is_seen=is_seen,
        distance_m=stem.distances_m[0],
        pan=stem.pans[0],
        pan_end=stem.pans[1],
        pitch_hz=None if pitches is None else float(np.median(pitches)),
        pitch_start_hz=None if pitches is None else float(pitches[0]),
        pitch_end_hz=None if pitches is None else float(pitches[-1]),
        pitch_min_hz=None if pitches is None else float(pitches.min()),
        pitch_max_hz=None if pitches is None else float(pitches.max()),
    )
