"""Render: what each operation makes of its row, to the sample."""

import hashlib

import numpy as np
import pytest

from pipeline.editing.render import amplitude, encode_flac, fade_in_and_out, fitted, mixed_in, read_flac, render
from schemas.edits import OPERATIONS, Operation
from tests.pipeline.editing.making import RATE_HZ, edit, noise

CLIP, OTHER = noise(1.0, seed=1), noise(1.5, seed=2)
FIRST, END = 10000, 30000


def test_an_extension_keeps_the_context_and_is_silent_after_the_cut() -> None:
    rendered = render(edit("extension", CLIP, FIRST, CLIP.shape[1]), CLIP, None)
    gain = amplitude(-1.5)
    assert np.array_equal(rendered.target, gain * CLIP)
    assert np.array_equal(rendered.input[:, :FIRST], gain * CLIP[:, :FIRST])
    assert not rendered.input[:, FIRST + 441 :].any()
    faded = np.abs(rendered.input[:, FIRST : FIRST + 441])
    assert np.all(faded <= np.abs(rendered.target[:, FIRST : FIRST + 441]))
    assert faded.any()


def test_an_inpainting_is_silent_within_its_mask_and_untouched_around_it() -> None:
    rendered = render(edit("inpainting", CLIP, FIRST, END), CLIP, None)
    differs = np.flatnonzero((rendered.input != rendered.target).any(axis=0))
    assert (differs[0], differs[-1] + 1) == (FIRST, END)
    assert not rendered.input[:, FIRST + 441 : END - 441].any()
    assert np.array_equal(rendered.target, amplitude(-1.5) * CLIP)


def test_a_mask_at_the_start_or_the_end_of_the_clip_fades_on_its_inner_side_only() -> None:
    start = render(edit("inpainting", CLIP, 0, 5000), CLIP, None).input
    end = render(edit("inpainting", CLIP, FIRST, CLIP.shape[1]), CLIP, None).input
    assert not start[:, : 5000 - 441].any()
    assert start[:, 5000 - 441 : 5000].any()
    assert not end[:, FIRST + 441 :].any()


def test_addition_and_removal_of_the_same_sound_are_each_others_inverse() -> None:
    added = render(edit("addition", CLIP, FIRST, END), CLIP, OTHER)
    removed = render(edit("removal", CLIP, FIRST, END), CLIP, OTHER)
    for one, same in ((added.input, removed.target), (added.target, removed.input)):
        assert encode_flac(one, RATE_HZ) == encode_flac(same, RATE_HZ)
    stored = [read_flac(encode_flac(sound, RATE_HZ)) for sound in (added.input, added.target, removed.input, removed.target)]
    back = (stored[1] - stored[0]) + (stored[3] - stored[2])  # what was added, and what was taken away
    assert 20 * np.log10(np.abs(back).max() + 1e-12) < -80


def test_an_extraction_keeps_the_clip_as_it_sounds_in_the_mix() -> None:
    row = edit("extraction", CLIP, 0, CLIP.shape[1])
    rendered = render(row, CLIP, OTHER)
    assert np.array_equal(rendered.target, amplitude(-1.5) * CLIP)
    layer = rendered.input - rendered.target
    assert np.allclose(layer, amplitude(-1.5) * mixed_in(row, OTHER), atol=1e-15)
    middle = slice(441, CLIP.shape[1] - 441)
    assert np.allclose(layer[:, middle], amplitude(-1.5) * amplitude(-3.0) * OTHER[:, 1000:][:, middle], atol=1e-15)


def test_the_mixed_in_part_begins_at_its_offset_and_fades_at_both_ends() -> None:
    layer = mixed_in(edit("addition", CLIP, FIRST, END), OTHER)
    sounding = np.flatnonzero(layer.any(axis=0))
    assert (sounding[0], sounding[-1] + 1) == (FIRST, END)
    envelope = fade_in_and_out(END - FIRST, 441)
    assert np.all(np.diff(envelope[:441]) > 0)
    assert np.array_equal(envelope, envelope[::-1])
    cosine = 0.5 - 0.5 * np.cos(np.pi * (np.arange(441) + 1) / 442)
    assert np.abs(envelope[:441] - cosine).max() < 0.0105
    assert np.array_equal(fade_in_and_out(3, 441), np.array([0.5, 1.0, 0.5]))


@pytest.mark.parametrize(("clip_channels", "other_channels"), [(1, 2), (2, 1), (1, 1)])
def test_a_sound_of_another_number_of_channels_is_made_to_fit(clip_channels: int, other_channels: int) -> None:
    clip, other = noise(0.5, clip_channels), noise(0.5, other_channels, seed=3)
    layer = mixed_in(edit("addition", clip, 0, 10000), other)
    assert layer.shape == clip.shape
    expected = other.mean(axis=0) if clip_channels == 1 else other[0]
    middle = slice(441, 10000 - 441)
    assert np.allclose(layer[:, middle], amplitude(-3.0) * expected[1000:][middle])


def test_more_than_two_channels_do_not_fit() -> None:
    with pytest.raises(ValueError, match="one or two channels, got 3"):
        fitted(noise(0.1, 3), 2)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_sound_that_the_row_was_not_drawn_for_is_an_error(operation: Operation) -> None:
    row = edit(operation, CLIP, FIRST, END)
    with pytest.raises(ValueError, match="is about a sound of"):
        render(row, CLIP[:, :-1], OTHER)
    if row.other:
        with pytest.raises(ValueError, match="which was not given"):
            render(row, CLIP, None)
        with pytest.raises(ValueError, match="of another sound, which has"):
            render(row, CLIP, OTHER[:, :15000])


def test_flac_gives_back_what_was_stored_and_the_same_bytes_twice() -> None:
    encoded = encode_flac(CLIP, RATE_HZ)
    assert np.array_equal(read_flac(encoded), CLIP)
    assert encoded == encode_flac(CLIP.copy(order="F"), RATE_HZ)


def test_nothing_is_clipped_in_silence() -> None:
    with pytest.raises(ValueError, match="within full scale"):
        encode_flac(np.full((1, 10), 1.0), RATE_HZ)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("extension", "67035fcae8e739de"),
        ("inpainting", "411af664ef5b1389"),
        ("addition", "6e7f63b38cb6640e"),
        ("removal", "47fefe3d93010ad9"),
        ("extraction", "47fefe3d93010ad9"),
    ],
)
def test_the_samples_are_those_of_every_other_machine(operation: Operation, expected: str) -> None:
    """Sounds from integers alone, so that nothing but the rendering can differ. The digest is of the 16-bit samples."""
    counted = np.arange(2 * 44100, dtype=np.int64)
    clip, other = (((counted * factor % 20011 - 10000) / 32768).reshape(2, -1) for factor in (7919, 104729))
    end = 44100 if operation == "extension" else 30000
    rendered = render(edit(operation, clip, 10000, end, crossfade=1234, other_gain_db=-4.37), clip, other)
    pcm = np.stack([np.rint(sound * 32768).astype("<i2") for sound in (rendered.input, rendered.target)])
    assert hashlib.blake2b(pcm.tobytes(), digest_size=8).hexdigest() == expected
