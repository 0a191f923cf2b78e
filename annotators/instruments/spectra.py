"""Short-time power spectra and log-spaced bands: the raw material of every other instrument.

Two resolutions are used: a quick one (about 12 ms) that says when, and a long one (about 93 ms) that says at which
frequency. Windows are given in seconds, so any sample rate works. Powers are mean squares: summed over all bins, a frame
of a full-scale sine has power 0.5 (-3.01 dB). The signal is mirrored at its ends, so that a sound that is cut off by the
clip's border does not look like one that begins there.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float32]
SAMPLES_AT_ONCE = 1 << 16
SILENCE_POWER = 1e-12  # -120 dB: digital silence, and what keeps logarithms finite


def decibels(power: Floats | NDArray[np.float64]) -> Floats:
    """10 log10 of a power, at least -120 dB."""
    level: Floats = (10.0 * np.log10(np.maximum(power, SILENCE_POWER))).astype(np.float32)
    return level


def channel_mean(power: Floats) -> Floats:
    """Mean power over the channels: unlike the power of a mono mix, channels out of phase do not cancel."""
    mean: Floats = power.mean(axis=0)
    return mean


@dataclass(frozen=True, eq=False)
class Framed:
    """`times_s` (frames,): centres of the frames, one each `hop_s`."""

    times_s: NDArray[np.float64]
    hop_s: float

    def frames(self, start_s: float, end_s: float) -> slice:
        """The frames whose centres lie in the span; at least one."""
        first = int(np.clip(np.ceil(start_s / self.hop_s - 1e-6), 0, len(self.times_s) - 1))
        last = int(np.clip(np.ceil(end_s / self.hop_s - 1e-6), first + 1, len(self.times_s)))
        return slice(first, last)


@dataclass(frozen=True, eq=False)
class Spectrogram(Framed):
    """`power` (channels, frames, bins); `freqs_hz` (bins,)."""

    power: Floats
    freqs_hz: NDArray[np.float64]

    @cached_property
    def mean_power(self) -> Floats:
        """Mean over the channels (frames, bins)."""
        return channel_mean(self.power)


def spectrogram(samples: Floats, rate_hz: int, window_s: float, hop_s: float) -> Spectrogram:
    """Hann-windowed power spectra of samples (channels, n). The window is rounded up to a length that is quick to transform."""
    size = min(scipy.fft.next_fast_len(round(window_s * rate_hz), real=True), samples.shape[1])
    hop = max(1, round(hop_s * rate_hz))
    padded = np.pad(samples, ((0, 0), (size // 2, size // 2 + hop)), mode="reflect")
    num_frames = samples.shape[1] // hop + 1
    window = scipy.signal.get_window("hann", size).astype(np.float32)
    scale = 2.0 / (size * np.sum(window.astype(np.float64) ** 2))
    framed = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, : num_frames * hop : hop]
    freqs_hz = scipy.fft.rfftfreq(size, 1 / rate_hz)
    power = np.empty((len(samples), num_frames, len(freqs_hz)), np.float32)
    together = max(1, SAMPLES_AT_ONCE // size)  # a few frames at once stay in the processor's cache
    for channel in range(len(samples)):
        for first in range(0, num_frames, together):
            few = slice(first, first + together)
            spectra = scipy.fft.rfft(framed[channel, few] * window, axis=1)
            np.add(spectra.real**2, spectra.imag**2, out=power[channel, few])
            power[channel, few] *= scale
    return Spectrogram(np.arange(num_frames) * hop / rate_hz, hop / rate_hz, power, freqs_hz)


@dataclass(frozen=True, eq=False)
class Bands(Framed):
    """Energies in log-spaced bands: `power` (channels, frames, bands); `edges_hz` (bands + 1,)."""

    power: Floats
    edges_hz: NDArray[np.float64]

    @cached_property
    def mean_power(self) -> Floats:
        """Mean over the channels (frames, bands)."""
        return channel_mean(self.power)

    @cached_property
    def level_db(self) -> Floats:
        """Mean power over the channels in dB (frames, bands)."""
        return decibels(self.mean_power)

    @cached_property
    def centres_hz(self) -> NDArray[np.float64]:
        centres: NDArray[np.float64] = np.sqrt(self.edges_hz[:-1] * self.edges_hz[1:])
        return centres


def bands(spectra: Spectrogram, lowest_hz: float, highest_hz: float, per_octave: int) -> Bands:
    """Sums of the bins of each band; bands narrower than a bin are merged with the next."""
    step_hz = spectra.freqs_hz[1]
    top_hz = min(highest_hz, spectra.freqs_hz[-1])
    num_edges = max(2, int(np.log2(top_hz / lowest_hz) * per_octave) + 1)
    wanted = lowest_hz * 2.0 ** (np.arange(num_edges) / per_octave)
    index = np.unique(np.clip(np.round(wanted / step_hz).astype(int), 1, len(spectra.freqs_hz) - 1))
    power = np.add.reduceat(spectra.power[:, :, : index[-1]], index[:-1], axis=2)
    return Bands(spectra.times_s, spectra.hop_s, power, (index - 0.5) * step_hz)
