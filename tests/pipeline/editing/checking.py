"""What must hold for every row of an editing task, checked on the bytes that are released."""

import numpy as np
import pytest

from pipeline.editing.measures import integrated_lufs
from pipeline.editing.render import Samples, amplitude, encode_flac, read_flac, render
from schemas.edits import Edit

CEILING = 10 ** (-1 / 20)
PAUSE_LUFS = -69.0  # a stretch this near the gate is in or out by a rounding


def stored(edit: Edit, clip: Samples, other: Samples | None) -> tuple[Samples, Samples]:
    """Input and target as a trainer reads them."""
    rendered = render(edit, clip, other)
    given, target = (read_flac(encode_flac(one, edit.sample_rate_hz)) for one in (rendered.input, rendered.target))
    return given, target


def assert_row_states_what_is_heard(edit: Edit, clip: Samples, other: Samples | None) -> None:
    """Lengths, peaks, the mask and the loudness ratio."""
    given, target = stored(edit, clip, other)
    assert given.shape == target.shape == clip.shape == (edit.num_channels, edit.num_samples)
    assert max(np.abs(given).max(), np.abs(target).max()) <= CEILING
    assert -7 <= edit.gain_db <= 0
    (mask,) = edit.mask
    outside = np.ones(edit.num_samples, bool)
    outside[mask.first : mask.end] = False
    assert np.array_equal(given[:, outside], target[:, outside])
    assert not np.array_equal(given, target)
    assert (edit.other_clip_id is None) == (edit.operation in ("extension", "inpainting"))
    if edit.operation == "extension":
        assert mask.end == edit.num_samples
        assert not given[:, mask.first + edit.crossfade :].any()
    elif edit.operation == "inpainting":
        assert not given[:, mask.first + edit.crossfade : mask.end - edit.crossfade].any()
    else:
        assert_mix_is_as_stated(edit, clip, other)


def assert_mix_is_as_stated(edit: Edit, clip: Samples, other: Samples | None) -> None:
    """The ratio within 0.2 LU; addition and removal with these parameters undo each other."""
    added = stored(edit.model_copy(update={"operation": "addition"}), clip, other)
    removed = stored(edit.model_copy(update={"operation": "removal"}), clip, other)
    assert 20 * np.log10(np.abs((added[1] - added[0]) + (removed[1] - removed[0])).max() + 1e-9) < -80
    part = (added[1] - added[0]) / amplitude(edit.gain_db)
    inside = slice(edit.mask[0].first, edit.mask[0].end)
    assert edit.snr_lu is not None
    assert edit.snr_lu <= 4.1
    clip_lufs = integrated_lufs(clip[:, inside], edit.sample_rate_hz)
    if clip_lufs > PAUSE_LUFS:
        assert clip_lufs - integrated_lufs(part[:, inside], edit.sample_rate_hz) == pytest.approx(edit.snr_lu, abs=0.2)
