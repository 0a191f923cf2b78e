"""The sound side of a clip on the time axis: its waveform with the onsets that were heard, and its mel spectrogram."""

from collections.abc import Sequence
from typing import Any

import librosa
import numpy as np

from annotators.media import Sound
from flows.inspect.palette import FAINT, INK, SOUNDS
from schemas.evidence import SoundEvent

NUM_MELS = 96
DYNAMIC_RANGE_DB = 75.0
HIGHEST_HZ = 16_000.0
TICKS_HZ = {250: "250 Hz", 1000: "1 kHz", 4000: "4 kHz", 16000: "16 kHz"}
NUM_COLUMNS = 1600  # about one per pixel


def draw_waveform(axes: Any, sound: Sound, heard: Sequence[SoundEvent]) -> None:
    """The envelope (lowest and highest sample of every column) of the mean of the channels, scaled to its peak."""
    mono = sound.mono
    size = max(1, -(-len(mono) // NUM_COLUMNS))
    padded = np.pad(mono, (0, -len(mono) % size)).reshape(-1, size)
    times_s = (np.arange(len(padded)) + 0.5) * size / sound.sample_rate_hz
    peak = max(float(np.abs(mono).max(initial=0.0)), 1e-4)
    for event in heard:
        axes.vlines(event.onsets_s, -1, 1, color=SOUNDS[event.kind], linewidth=0.8, alpha=0.8, zorder=1)
    axes.fill_between(times_s, padded.min(1) / peak, padded.max(1) / peak, color=INK, linewidth=0.3, edgecolor=INK, zorder=2)
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([0], ["sound"])
    loudest = max(float(np.abs(sound.samples).max(initial=0.0)), 1e-4)  # of any channel
    axes.text(
        0.998, 0.06, f"peak {20 * np.log10(loudest):.1f} dBFS", transform=axes.transAxes, ha="right", fontsize=6.5, color=FAINT
    )


def draw_mel(axes: Any, sound: Sound) -> None:
    """Mel spectrogram in dB below its loudest point, 75 dB deep."""
    rate, mono = sound.sample_rate_hz, sound.mono
    highest = min(HIGHEST_HZ, rate / 2)
    n_fft = min(2048, max(64, len(mono)))
    power = librosa.feature.melspectrogram(y=mono, sr=rate, n_fft=n_fft, hop_length=n_fft // 4, n_mels=NUM_MELS, fmax=highest)
    level_db = librosa.power_to_db(power, ref=max(float(power.max()), 1e-10), top_db=DYNAMIC_RANGE_DB)
    axes.imshow(level_db, extent=(0, sound.duration_s, 0, NUM_MELS), origin="lower", aspect="auto", cmap="magma", zorder=1)
    rows = {hz: NUM_MELS * librosa.hz_to_mel(hz) / librosa.hz_to_mel(highest) for hz in TICKS_HZ if hz <= highest}
    axes.set_yticks(list(rows.values()), [TICKS_HZ[hz] for hz in rows])
    axes.set_ylim(0, NUM_MELS)
