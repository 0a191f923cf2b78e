"""Input and target of an editing task, made from its row and the stored sounds it names: the same on every machine.

Everything is elementwise in float64, of sums and products alone (no sine or logarithm whose last bit depends on a library),
and rounded to 16 bits once, as the stored sound is. Where a span is silenced, the fades lie inside of the mask, so outside of
it input and target are equal sample by sample.
"""

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from schemas.edits import Edit

Samples = NDArray[np.float64]
_FULL_SCALE = 32768
_AMPLITUDE_STEPS = 2**24  # an amplitude is rounded to these, 1e-6 dB: the last bit of a power function decides nothing
_FIXED_PREDICTORS = 2 / 8  # libFLAC's level 2: integer arithmetic only; higher levels fit predictors in floating point


@dataclass(frozen=True)
class Rendered:
    """`input` and `target`: float64 (channels, n) in [-1, 1], as long as the clip."""

    input: Samples
    target: Samples


def render(edit: Edit, clip_sound: Samples, other_sound: Samples | None) -> Rendered:
    """Make the two sounds.

    Args:
        clip_sound: (channels, n) as stored.
        other_sound: (channels, n) as stored, all of it; None for an operation that mixes nothing in.

    Raises:
        ValueError: if a sound is not the one that the row was drawn for.
    """
    if clip_sound.shape != (edit.num_channels, edit.num_samples):
        raise ValueError(f"{edit.edit_id} is about a sound of {(edit.num_channels, edit.num_samples)}, got {clip_sound.shape}")
    gain = amplitude(edit.gain_db)
    clip = gain * clip_sound
    if edit.operation in ("extension", "inpainting"):
        return Rendered(clip * _kept(edit), clip)
    if other_sound is None:
        raise ValueError(f"{edit.edit_id} mixes in another sound, which was not given")
    mix = gain * (clip_sound + mixed_in(edit, other_sound))
    return Rendered(clip, mix) if edit.operation == "addition" else Rendered(mix, clip)


def mixed_in(edit: Edit, other_sound: Samples) -> Samples:
    """What is added to the clip before `gain_db`, (channels, n) of the clip: zeros but for the part of the other sound."""
    if edit.other is None or edit.offset is None or edit.other_gain_db is None:
        raise ValueError(f"{edit.edit_id} mixes nothing in: {edit.operation}")
    first, end = edit.other.first, edit.other.end
    if not 0 <= first < end <= other_sound.shape[1]:
        raise ValueError(f"{edit.edit_id} takes samples {first} to {end} of another sound, which has {other_sound.shape[1]}")
    layer = np.zeros((edit.num_channels, edit.num_samples))
    part = fitted(other_sound[:, first:end], edit.num_channels) * fade_in_and_out(end - first, edit.crossfade)
    layer[:, edit.offset : edit.offset + end - first] = amplitude(edit.other_gain_db) * part
    return layer


def fitted(sound: Samples, num_channels: int) -> Samples:
    """A sound with as many channels: one is duplicated, two become their mean."""
    if len(sound) == num_channels:
        return sound
    if len(sound) == 1:
        return np.repeat(sound, num_channels, axis=0)
    if num_channels == 1:
        return 0.5 * (sound[:1] + sound[1:])
    raise ValueError(f"a sound has one or two channels, got {len(sound)} for {num_channels}")


def fade_in_and_out(length: int, fade: int) -> Samples:
    """The envelope of a part that is mixed in, (length,). Fades are never longer than half of it."""
    fade = min(fade, length // 2)
    envelope = np.ones(length)
    envelope[:fade] = _ramp(fade)
    envelope[length - fade :] = _ramp(fade)[::-1]
    return envelope


def _kept(edit: Edit) -> Samples:
    """1 outside of the masked spans, 0 within, fades inside of them; a span at an end of the clip fades on one side only."""
    kept = np.ones(edit.num_samples)
    for span in edit.mask:
        fade = min(edit.crossfade, (span.end - span.first) // 2)
        kept[span.first : span.end] = 0.0
        if span.first > 0:
            kept[span.first : span.first + fade] = _ramp(fade)[::-1]
        if span.end < edit.num_samples:
            kept[span.end - fade : span.end] = _ramp(fade)
    return kept


def _ramp(length: int) -> Samples:
    """From 0 to 1 in `length` samples, neither end included: 3x² - 2x³, within 0.01 of a raised cosine."""
    x = (np.arange(length) + 1) / (length + 1)
    return x * x * (3 - 2 * x)


def amplitude(gain_db: float) -> float:
    """The factor of a gain."""
    return round(10 ** (gain_db / 20) * _AMPLITUDE_STEPS) / _AMPLITUDE_STEPS


def read_flac(content: bytes) -> Samples:
    """A stored sound as float64 (channels, n) in [-1, 1)."""
    samples, _ = soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)
    return np.ascontiguousarray(samples.T)


def encode_flac(samples: Samples, sample_rate_hz: int) -> bytes:
    """16-bit FLAC; the samples are the same everywhere, the bytes wherever libFLAC is.

    Raises:
        ValueError: for a sample beyond full scale. Nothing is ever clipped here.
    """
    rounded = np.rint(samples * _FULL_SCALE)
    if rounded.size and (rounded.max() > _FULL_SCALE - 1 or rounded.min() < -_FULL_SCALE):
        raise ValueError(f"samples must stay within full scale, got {np.abs(samples).max():.3f}")
    sink = io.BytesIO()
    pcm = rounded.T.astype(np.int16)
    soundfile.write(sink, pcm, sample_rate_hz, format="FLAC", subtype="PCM_16", compression_level=_FIXED_PREDICTORS)
    return sink.getvalue()
