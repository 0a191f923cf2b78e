"""Input and target of an editing task, made from its row and the stored sounds it names: the same bytes on every machine.

All arithmetic is elementwise in float64; the result is rounded to 16 bits once, as the stored sound is.
"""

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from schemas.edits import Edit

Samples = NDArray[np.float64]
_FULL_SCALE = 32768


@dataclass(frozen=True)
class Rendered:
    """`input` and `target`: float64 (channels, n) in [-1, 1], as long as the clip."""

    input: Samples
    target: Samples


def render(edit: Edit, clip: Samples, other: Samples | None) -> Rendered:
    """Make the two sounds. `clip` and `other`: (channels, n) as stored, of the edit's rate and number of channels.

    ValueError if a sound is not what the row was drawn for.
    """
    if clip.shape != (edit.num_channels, edit.num_samples):
        raise ValueError(f"{edit.edit_id} is about a sound of {(edit.num_channels, edit.num_samples)}, got {clip.shape}")
    gain = amplitude(edit.gain_db)
    if edit.operation in ("extension", "inpainting"):
        return Rendered(gain * clip * _kept(edit), gain * clip)
    if other is None or edit.other is None or edit.offset is None or edit.other_gain_db is None:
        raise ValueError(f"{edit.edit_id} mixes in another sound, which was not given")
    mix = clip.copy()
    part = other[:, edit.other.first : edit.other.end] * (amplitude(edit.other_gain_db) * _faded(edit))
    mix[:, edit.offset : edit.offset + part.shape[1]] += part
    if edit.operation == "addition":
        return Rendered(gain * clip, gain * mix)
    return Rendered(gain * mix, gain * clip)


def amplitude(gain_db: float) -> float:
    return float(10 ** (gain_db / 20))


def _ramp(length: int) -> Samples:
    """A raised cosine from 0 to 1 in `length` samples, neither end included."""
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 1) / (length + 1))


def _kept(edit: Edit) -> Samples:
    """1 outside of the masked spans, 0 within, fades inside of them; a mask at an end of the clip fades on one side."""
    kept = np.ones(edit.num_samples)
    for span in edit.mask:
        kept[span.first : span.end] = 0.0
        fade = min(edit.crossfade, (span.end - span.first) // 2)
        if span.first > 0:
            kept[span.first : span.first + fade] = 1 - _ramp(fade)
        if span.end < edit.num_samples:
            kept[span.end - fade : span.end] = _ramp(fade)
    return kept


def _faded(edit: Edit) -> Samples:
    """The envelope of the part that is mixed in: faded in and out."""
    assert edit.other is not None
    length = edit.other.end - edit.other.first
    fade = min(edit.crossfade, length // 2)
    envelope = np.ones(length)
    envelope[:fade] = _ramp(fade)
    envelope[length - fade :] = _ramp(fade)[::-1]
    return envelope


def read_flac(content: bytes) -> Samples:
    """A stored sound as float64 (channels, n)."""
    samples, _ = soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)
    return np.ascontiguousarray(samples.T)


def encode_flac(samples: Samples, sample_rate_hz: int) -> bytes:
    """16-bit FLAC. ValueError for a sample beyond full scale: nothing is ever clipped here."""
    rounded = np.rint(samples * _FULL_SCALE)
    if rounded.size and (rounded.max() > _FULL_SCALE - 1 or rounded.min() < -_FULL_SCALE):
        raise ValueError(f"samples must stay within ±1, got {np.abs(samples).max():.3f}")
    sink = io.BytesIO()
    soundfile.write(sink, rounded.T.astype(np.int16), sample_rate_hz, format="FLAC", subtype="PCM_16")
    return sink.getvalue()
