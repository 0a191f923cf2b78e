"""Struck things: modal synthesis. A hit is a sum of decaying modes plus a short burst of contact noise.

Each `…_hit` returns a mono hit, float64 (n,), peak 1 for the hardest stroke. Harder strokes are louder and brighter
(van den Doel & Pai, "The Sounds of Physical Shapes", 1998). Partials of bells: Fletcher & Rossing, "The Physics of Musical
Instruments", ch. 21 (hum, prime, tierce, quint, nominal); of membranes: ch. 3 (1, 1.59, 2.14, 2.30, 2.65, 2.92).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

SAMPLE_RATE_HZ = 44_100
Samples = NDArray[np.float64]

BELL_PARTIALS = (0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.1)
GLASS_PARTIALS = (1.0, 2.32, 4.25)
MEMBRANE_PARTIALS = (1.0, 1.59, 2.14, 2.30, 2.65, 2.92)


@dataclass(frozen=True)
class Body:
    """A thing that can be struck. Lists run over its modes; `noise_*` describe the contact noise."""

    freqs_hz: Sequence[float]
    amplitudes: Sequence[float]
    t60s_s: Sequence[float]  # time to fall by 60 dB
    noise_level: float
    noise_band_hz: tuple[float, float]
    noise_t60_s: float


Hitter = Callable[[np.random.Generator, float], Samples]


def rms(sound: Samples) -> float:
    """Root of the mean square over samples and channels."""
    return float(np.sqrt(np.mean(sound**2)))


def band_noise(rng: np.random.Generator, num_samples: int, low_hz: float, high_hz: float) -> Samples:
    """White noise through a second-order Butterworth band, RMS 1."""
    sos = butter(2, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    noise: Samples = sosfilt(sos, rng.standard_normal(num_samples))
    return noise / rms(noise)


def strike(body: Body, rng: np.random.Generator, force: float) -> Samples:
    """One hit. `force` 0..1 scales the amplitude; the upper modes and the noise grow faster than it."""
    length_s = max(*body.t60s_s, body.noise_t60_s)
    times = np.arange(round(length_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    lowest = min(body.freqs_hz)
    sound = np.zeros_like(times)
    for freq, amplitude, t60 in zip(body.freqs_hz, body.amplitudes, body.t60s_s, strict=True):
        softness = force ** (0.15 * np.log2(freq / lowest))
        sound += amplitude * softness * np.exp(-6.908 / t60 * times) * np.sin(2 * np.pi * freq * times)
    sound /= np.abs(sound).max()
    noise = band_noise(rng, len(times), *body.noise_band_hz) * np.exp(-6.908 / body.noise_t60_s * times)
    sound += body.noise_level * force**0.3 * noise
    fade = np.minimum(1, (length_s - times) / 0.01)  # no step at -60 dB
    return force / float(np.abs(sound).max()) * sound * fade


def rubber_ball(rng: np.random.Generator, radius_m: float) -> Body:
    """A bouncing ball: the smaller, the higher."""
    base = 36.0 / radius_m * rng.uniform(0.9, 1.1)
    freqs = [base, 2.27 * base, 3.61 * base, 5.2 * base]
    return Body(freqs, [1, 0.6, 0.4, 0.25], [0.22, 0.16, 0.12, 0.09], 0.25, (400, 4500), 0.06)


def shoe(rng: np.random.Generator) -> Body:
    """A heel on a wooden floor."""
    base = rng.uniform(85, 125)
    return Body([base, 2.1 * base, 3.7 * base], [1, 0.8, 0.4], [0.2, 0.15, 0.1], 0.4, (350, 3500), 0.11)


def door_leaf(rng: np.random.Generator) -> Body:
    """A wooden door falling into its frame."""
    base = rng.uniform(62, 84)
    ratios = (1, 1.52, 2.3, 3.4, 5.3)
    return Body([base * r for r in ratios], [1, 0.9, 0.8, 0.5, 0.35], [0.5, 0.45, 0.4, 0.3, 0.2], 0.35, (120, 2500), 0.28)


def escapement(rng: np.random.Generator) -> Body:
    """The tick of a clock."""
    base = rng.uniform(1900, 2600)
    return Body([base, 1.63 * base, 2.4 * base], [1, 0.8, 0.5], [0.06, 0.05, 0.04], 0.3, (2500, 9000), 0.025)


def anvil(rng: np.random.Generator) -> Body:
    """A hammer on a damped steel block."""
    base = rng.uniform(620, 900)
    ratios = (1, 1.71, 2.63, 3.94, 5.2)
    return Body([base * r for r in ratios], [0.7, 0.9, 1, 0.7, 0.4], [0.28, 0.26, 0.22, 0.18, 0.14], 0.35, (700, 8000), 0.05)


def church_bell(rng: np.random.Generator) -> tuple[Body, float]:
    """A bell, and the frequency of its prime, the strongest partial."""
    prime = rng.uniform(420, 880)
    t60 = rng.uniform(2.2, 3.2)
    amplitudes = [0.15, 1.0, 0.45, 0.2, 0.5, 0.25, 0.2, 0.12]
    t60s = [t60 / np.sqrt(max(ratio, 0.8)) for ratio in BELL_PARTIALS]
    return Body([prime * r for r in BELL_PARTIALS], amplitudes, t60s, 0.12, (1500, 7000), 0.04), prime


def wine_glass(rng: np.random.Generator) -> tuple[Body, float]:
    """Two glasses that touch, and the frequency of the strongest partial."""
    base = rng.uniform(1900, 2800)
    t60 = rng.uniform(1.3, 1.8)
    freqs = [base * r for r in GLASS_PARTIALS]
    return Body(freqs, [1, 0.4, 0.15], [t60, 0.7 * t60, 0.4 * t60], 0.12, (3000, 12_000), 0.02), base


def snare(rng: np.random.Generator) -> Body:
    """A drum with snares."""
    base = rng.uniform(160, 230)
    t60s = [0.22, 0.18, 0.16, 0.14, 0.12, 0.1]
    return Body([base * r for r in MEMBRANE_PARTIALS], [1, 0.7, 0.6, 0.4, 0.4, 0.3], t60s, 0.4, (900, 7000), 0.09)


def drum_roll(body: Body, rng: np.random.Generator, rate_hz: float, length_s: float) -> tuple[Samples, list[float]]:
    """Strokes at `rate_hz`, a few ms uneven. Returns the sound and the stroke times from its start."""
    steady = np.arange(0, length_s, 1 / rate_hz)
    uneven = steady + rng.uniform(-0.003, 0.003, len(steady)) * (steady > 0)
    swell = np.interp(steady, [0, 0.4 * length_s, length_s], [0.7, 1.0, 0.85])
    sound = np.zeros(round((length_s + 0.5) * SAMPLE_RATE_HZ))
    for time_s, force in zip(uneven, swell * rng.uniform(0.85, 1.0, len(steady)), strict=True):
        hit = strike(body, rng, float(force))
        first = round(time_s * SAMPLE_RATE_HZ)
        sound[first : first + len(hit)] += hit
    return sound / np.abs(sound).max(), [float(t) for t in uneven]
