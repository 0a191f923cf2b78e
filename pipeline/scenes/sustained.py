"""Sounds that last: engines, horns, beeps, sirens, chirps, rain and wind. Mono float64 (n,), RMS 1 where it is loudest.

Pitched sounds take their fundamental as an array (n,) in hertz, so that pitch can follow a motion; phase is its integral.
"""

import numpy as np
from scipy.signal import butter, sosfiltfilt

from pipeline.scenes.impacts import SAMPLE_RATE_HZ, Samples, band_noise, rms

DROPS_PER_S = 450.0


def ramped(sound: Samples, attack_s: float, release_s: float) -> Samples:
    """The sound with raised-cosine ends."""
    out = sound.copy()
    rise, fall = round(attack_s * SAMPLE_RATE_HZ), round(release_s * SAMPLE_RATE_HZ)
    out[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    out[len(out) - fall :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fall) / fall)
    return out


def harmonics(freq_hz: Samples, amplitudes: list[float]) -> Samples:
    """Partials at 1, 2, 3… times the fundamental; those above 16 kHz are left out. RMS 1."""
    phase = 2 * np.pi * np.cumsum(freq_hz) / SAMPLE_RATE_HZ
    usable = [a for k, a in enumerate(amplitudes, 1) if k * freq_hz.max() < 16_000]
    sound, below, partial, step = np.zeros_like(phase), np.zeros_like(phase), np.sin(phase), 2 * np.cos(phase)
    for amplitude in usable:
        sound += amplitude * partial
        below, partial = partial, step * partial - below  # sin (k+1)φ = 2 cos φ · sin kφ - sin (k-1)φ
    return sound / rms(sound)


def engine(rng: np.random.Generator, freq_hz: Samples) -> Samples:
    """Firing strokes at `freq_hz` with their harmonics, a little uneven, over a breath of exhaust noise."""
    tone = harmonics(freq_hz, [1 / k**0.8 for k in range(1, 25)])
    wobble = 1 + 0.12 * np.sin(np.pi * np.cumsum(freq_hz) / SAMPLE_RATE_HZ + rng.uniform(0, 6))
    sound = tone * wobble + 0.12 * band_noise(rng, len(tone), 80, 1500)
    return ramped(sound / rms(sound), 0.12, 0.15)


def horn(freq_hz: Samples) -> Samples:
    """A brass note."""
    return ramped(harmonics(freq_hz, [0.7, 1, 0.8, 0.6, 0.45, 0.3, 0.2, 0.12]), 0.03, 0.06)


def beep(freq_hz: Samples) -> Samples:
    """An electronic note."""
    return ramped(harmonics(freq_hz, [1, 0.0, 0.25, 0.0, 0.1]), 0.008, 0.012)


def siren(freq_hz: Samples) -> Samples:
    """A wailing horn."""
    return ramped(harmonics(freq_hz, [1, 0.45, 0.3, 0.15, 0.1]), 0.06, 0.1)


def wail(num_samples: int, low_hz: float, high_hz: float, period_s: float) -> Samples:
    """A pitch that rises and falls between two frequencies, even in octaves, beginning at the lower."""
    times = np.arange(num_samples) / SAMPLE_RATE_HZ
    share = 0.5 - 0.5 * np.cos(2 * np.pi * times / period_s)
    return low_hz * (high_hz / low_hz) ** share


def chirp(freq_hz: Samples) -> Samples:
    """A whistled call under a rounded envelope that rises fast."""
    ends = min(0.03, 0.4 * len(freq_hz) / SAMPLE_RATE_HZ)
    return ramped(harmonics(freq_hz, [1, 0.12, 0.04]), 0.25 * ends, ends)


def rain(rng: np.random.Generator, num_samples: int) -> Samples:
    """Some hundred drops a second, each a few ms of ringing water, over the hiss of all those too far to tell apart."""
    sound = 0.6 * band_noise(rng, num_samples, 900, 9000)
    times = np.arange(round(0.012 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    num_drops = rng.poisson(DROPS_PER_S * num_samples / SAMPLE_RATE_HZ)
    freq_hz, size = rng.uniform(1500, 7000, (num_drops, 1)), rng.lognormal(0, 0.5, (num_drops, 1))
    drops = size * np.exp(-times / 0.002) * np.sin(2 * np.pi * freq_hz * times)
    starts = rng.integers(0, num_samples - len(times), (num_drops, 1))
    np.add.at(sound, starts + np.arange(len(times)), drops)
    return ramped(sound / rms(sound), 0.2, 0.25)


def gusts(rng: np.random.Generator, num_samples: int) -> Samples:
    """How hard the wind blows, 0.45 to 1: a smooth random curve with about one gust in two seconds."""
    num_knots = int(num_samples / SAMPLE_RATE_HZ * 1.2) + 3
    knots = rng.uniform(0.45, 1.0, num_knots)
    knots[rng.integers(num_knots)] = 1.0
    place = np.linspace(0, num_knots - 1, num_samples)
    share = 0.5 - 0.5 * np.cos(np.pi * (place % 1))
    index = np.minimum(place.astype(int), num_knots - 2)
    strength: Samples = knots[index] * (1 - share) + knots[index + 1] * share
    return strength


def wind(rng: np.random.Generator, strength: Samples) -> Samples:
    """Noise that grows and brightens with the strength of the wind, (n,) 0..1."""
    low = band_noise(rng, len(strength), 120, 420)
    high = band_noise(rng, len(strength), 350, 1300)
    return ramped(strength * ((1 - 0.6 * strength) * low + 0.8 * strength * high), 0.25, 0.3)


def pink_noise(rng: np.random.Generator, num_samples: int) -> Samples:
    """Noise of equal power per octave from 30 Hz up, RMS 1, shaped in the frequency domain."""
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    freqs = np.fft.rfftfreq(num_samples, 1 / SAMPLE_RATE_HZ)
    sound: Samples = np.fft.irfft(spectrum / np.sqrt(np.maximum(freqs, 30.0)), num_samples)
    return sound / rms(sound)


def room_tone(rng: np.random.Generator, num_samples: int) -> Samples:
    """The hush of a room: pink noise without its top, RMS 1."""
    sos = butter(1, 900, "lowpass", fs=SAMPLE_RATE_HZ, output="sos")
    sound: Samples = sosfiltfilt(sos, pink_noise(rng, num_samples))
    return sound / rms(sound)
