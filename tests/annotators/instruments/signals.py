"""Closed-form signals for the instruments' tests: stereo float32 at 44.1 kHz over a faint hush."""

import numpy as np
from numpy.typing import NDArray

from annotators.instruments.analysis import Analysis
from annotators.instruments.events import find_events
from annotators.instruments.params import InstrumentParams
from annotators.media import Sound
from schemas.evidence import HeardEvent

RATE_HZ = 44_100
Samples = NDArray[np.float64]


def times(duration_s: float) -> Samples:
    return np.arange(round(duration_s * RATE_HZ)) / RATE_HZ


def hush(duration_s: float, level_db: float = -60.0, seed: int = 0) -> Samples:
    """White noise, different in both channels, at an RMS level."""
    noise = np.random.default_rng(seed).standard_normal((2, round(duration_s * RATE_HZ)))
    return np.asarray(10 ** (level_db / 20) * noise)


def place(into: Samples, mono: Samples, at_s: float, pan: float = 0.0, gain: float = 1.0) -> Samples:
    """Add a mono sound by the constant-power law; returns `into`."""
    first = round(at_s * RATE_HZ)
    mono = mono[: into.shape[1] - first]
    angle = (pan + 1) * np.pi / 4
    into[:, first : first + len(mono)] += gain * np.stack([np.cos(angle) * mono, np.sin(angle) * mono])
    return into


def click(decay_s: float = 0.02, seed: int = 1) -> Samples:
    """A burst of white noise that dies away exponentially (amplitude 1/e after `decay_s`)."""
    t = times(8 * decay_s)
    return np.asarray(0.5 * np.exp(-t / decay_s) * np.random.default_rng(seed).standard_normal(len(t)))


def tone(freq_hz: float, duration_s: float, num_harmonics: int = 1, edge_s: float = 0.02) -> Samples:
    """Partials 1/k with raised-cosine ends, peak about 0.2."""
    t = times(duration_s)
    sound = sum(np.sin(2 * np.pi * k * freq_hz * t) / k for k in range(1, num_harmonics + 1))
    return 0.2 * ends(duration_s, edge_s) * np.asarray(sound)


def glide(from_hz: float, to_hz: float, duration_s: float, edge_s: float = 0.02) -> Samples:
    """A sine whose pitch moves evenly in octaves."""
    t = times(duration_s)
    freq_hz = from_hz * (to_hz / from_hz) ** (t / duration_s)
    return np.asarray(0.2 * ends(duration_s, edge_s) * np.sin(2 * np.pi * np.cumsum(freq_hz) / RATE_HZ))


def bell(prime_hz: float, t60_s: float) -> Samples:
    """Three inharmonic partials that begin at once and fall by 60 dB in `t60_s`."""
    t = times(t60_s)
    partials = sum(a * np.sin(2 * np.pi * prime_hz * r * t) for r, a in ((1.0, 1.0), (1.2, 0.4), (2.03, 0.5)))
    return np.asarray(0.3 * np.exp(-6.908 * t / t60_s) * partials)


def ends(duration_s: float, edge_s: float) -> Samples:
    t = times(duration_s)
    inside = np.clip(np.minimum(t, t[-1] - t) / edge_s, 0, 1)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * inside))


def as_sound(samples: Samples, rate_hz: int = RATE_HZ) -> Sound:
    return Sound(np.ascontiguousarray(samples, np.float32), rate_hz)


def analysed(samples: Samples, rate_hz: int = RATE_HZ) -> Analysis:
    return Analysis(as_sound(samples, rate_hz), InstrumentParams())


def events_of(samples: Samples) -> list[HeardEvent]:
    return list(find_events(analysed(samples)))
