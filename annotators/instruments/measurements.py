"""Measurements of a whole clip: numbers that thresholds are applied to when a release is packed, never here.

Short-term loudness and loudness range follow EBU Tech 3341 and 3342. What cannot be measured (loudness under the gate, the
stereo image of a mono clip) has no row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from annotators.instruments.analysis import Analysis
from annotators.instruments.loudness import ABSOLUTE_GATE_LUFS, MOMENTARY_S, SHORT_TERM_S
from annotators.instruments.onsets import novelty_db
from annotators.instruments.spectra import SILENCE_POWER
from schemas.evidence import HeardEvent, Measured
from schemas.vocabulary import SOUND_KINDS

_FULL_SCALE = 0.999
_SILENT_DBFS = -60.0
_ROLL_OFF_DB = 60.0
_SLOWEST_S, _FASTEST_S = 2.0, 0.12  # periods of repetition that are looked for
_CLEAR_REPETITION = 0.3  # of the autocorrelation at lag zero


def measure(analysis: Analysis, events: Sequence[HeardEvent]) -> list[Measured]:
    """All measurements of the clip, each once, in a fixed order."""
    rows = [*_loudness(analysis), *_levels(analysis), *_spectrum(analysis), *_stereo(analysis), *_repetition(analysis)]
    counts = Counter(event.kind for event in events)
    rows.append(Measured(name="num_events", value=len(events), unit="count"))
    rows.extend(Measured(name=f"num_{kind}", value=counts[kind], unit="count") for kind in SOUND_KINDS)
    return rows


def _loudness(analysis: Analysis) -> Iterator[Measured]:
    if analysis.integrated_lufs is None:
        return
    yield Measured(name="integrated_lufs", value=analysis.integrated_lufs, unit="lufs")
    momentary = analysis.loudness_lufs(0.0, analysis.duration_s)
    yield Measured(name="momentary_max_lufs", value=momentary, unit="lufs")
    if analysis.duration_s < SHORT_TERM_S + MOMENTARY_S:
        return
    short_term = analysis.loudness.sliding_lufs(0.0, analysis.duration_s, SHORT_TERM_S)[1][::10]
    yield Measured(name="short_term_max_lufs", value=float(short_term.max()), unit="lufs")
    gated = short_term[short_term >= ABSOLUTE_GATE_LUFS]
    if len(gated):
        gated = gated[gated >= 10 * np.log10(np.mean(10 ** (gated / 10))) - 20.0]
        yield Measured(name="loudness_range_lu", value=float(np.subtract(*np.percentile(gated, [95, 10]))), unit="lu")


def _levels(analysis: Analysis) -> Iterator[Measured]:
    """Peak, floor, signal over noise, silence and clipping. Levels through time are means over 50 ms."""
    samples = analysis.sound.samples
    levels = analysis.levels_dbfs
    floor, loud = np.percentile(levels, [10, 95])
    yield Measured(name="peak_dbfs", value=analysis.peak_dbfs(0.0, analysis.duration_s), unit="dbfs")
    yield Measured(name="noise_floor_dbfs", value=float(floor), unit="dbfs")
    yield Measured(name="snr_db", value=float(loud - floor), unit="db")
    yield Measured(name="silence_frac", value=float(np.mean(levels < _SILENT_DBFS)), unit="frac")
    yield Measured(name="clipping_frac", value=float(np.mean(np.abs(samples) >= _FULL_SCALE)), unit="frac")


def _spectrum(analysis: Analysis) -> Iterator[Measured]:
    """Of the mean spectrum of the clip. Bandwidth: the highest frequency within 60 dB of its strongest."""
    frames = analysis.long.mean_power
    inner = frames[3:-3] if len(frames) > 12 else frames  # where the sound is mirrored at its ends it may have a bend
    power = inner.mean(axis=0, dtype=np.float64)
    if power.sum() <= SILENCE_POWER:
        return
    reached = np.flatnonzero(power >= power.max() * 10 ** (-_ROLL_OFF_DB / 10))[-1]
    yield Measured(name="bandwidth_hz", value=float(analysis.long.freqs_hz[reached]), unit="hz")
    yield Measured(name="centroid_hz", value=analysis.centroid_hz(0.0, analysis.duration_s), unit="hz")
    yield Measured(name="flatness", value=analysis.flatness(0.0, analysis.duration_s), unit="ratio")


def _stereo(analysis: Analysis) -> Iterator[Measured]:
    """Balance of the whole, and width: the share of the energy that is in the difference of the channels (0 mono .. 1)."""
    samples = analysis.sound.samples
    if len(samples) != 2 or not samples.any():
        return
    left, right = (float(np.dot(channel, channel)) for channel in samples)
    across = float(np.dot(samples[0], samples[1]))
    balance = float(np.arctan2(np.sqrt(right), np.sqrt(left)) * 4 / np.pi - 1)
    yield Measured(name="pan", value=balance, unit="pan")
    yield Measured(name="stereo_width", value=0.5 - across / (left + right), unit="ratio")


def _repetition(analysis: Analysis) -> Iterator[Measured]:
    """The strongest period of the rises in the bands, where it is clear."""
    if len(analysis.all_onsets) < 3:
        return
    hop_s = analysis.bands.hop_s
    novelty = novelty_db(analysis.bands, hop_s, analysis.floor_power).astype(np.float64)
    spectrum = np.fft.rfft(novelty - novelty.mean(), 2 * len(novelty))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: len(novelty)]
    correlation /= correlation[0] * np.linspace(1, 0.01, len(novelty))  # fewer pairs at longer lags
    first, last = round(_FASTEST_S / hop_s), min(round(_SLOWEST_S / hop_s), len(novelty) // 2)
    if last <= first:
        return
    lag = first + int(correlation[first:last].argmax())
    if correlation[lag] > _CLEAR_REPETITION:
        yield Measured(name="repetition_hz", value=1.0 / (lag * hop_s), unit="hz")
