"""Input and target as media: rendered when asked for, and the clip itself where they are that."""

import numpy as np
import pytest

from annotators.media import ArrayMedia, Sound
from pipeline.editing.edit_media import edit_media
from pipeline.editing.render import Samples, render
from schemas.edits import OPERATIONS, Operation
from schemas.vocabulary import ClaimMedia
from tests.pipeline.editing.making import RATE_HZ, edit, noise

CLIP, OTHER = noise(2.0, seed=1), noise(2.0, seed=2)


def media(clip_id: str, samples: Samples) -> ArrayMedia:
    return ArrayMedia(clip_id, Sound(samples.astype(np.float32), RATE_HZ))


@pytest.mark.parametrize("operation", list(OPERATIONS))
def test_both_sounds_are_what_the_row_renders_to(operation: Operation) -> None:
    task = edit(operation, CLIP, 20000, 60000)
    other = OTHER if task.other_clip_id else None
    rendered = render(task, CLIP, other)
    sides: dict[ClaimMedia, Samples] = {"input": rendered.input, "target": rendered.target}
    for side, expected in sides.items():
        made = edit_media(task, side, media("a", CLIP), None if other is None else media("b", other))
        assert made.duration_s == 2.0
        assert np.array_equal(made.sound().samples, expected.astype(np.float32))
        assert not made.has_video
        assert len(made.frames(8, 64).pixels) == 0


IS_CLIP: tuple[tuple[Operation, ClaimMedia], ...] = (("addition", "input"), ("removal", "target"), ("extension", "target"))


@pytest.mark.parametrize(("operation", "side"), IS_CLIP)
def test_a_sound_that_is_the_clip_is_handed_over_as_the_clip(operation: Operation, side: ClaimMedia) -> None:
    clip, other = media("a", CLIP), media("b", OTHER)
    sides: tuple[ClaimMedia, ...] = ("input", "target")
    task, softer = (edit(operation, CLIP, 20000, 60000, gain_db=gain_db) for gain_db in (0.0, -1.0))
    assert {of: edit_media(task, of, clip, other) is clip for of in sides} == {of: of == side for of in sides}
    assert not any(edit_media(softer, of, clip, other) is clip for of in sides)


def test_a_rendered_sound_is_resampled_like_any_other() -> None:
    made = edit_media(edit("inpainting", CLIP, 20000, 60000), "input", media("a", CLIP), None)
    assert made.sound(16000).sample_rate_hz == 16000
    assert made.sound(16000).samples.shape == (2, 32000)
    middle = made.sound(16000).samples[:, 8000:21000]
    assert np.abs(middle).max() < 1e-3  # it is silenced from 0.45 s to 1.36 s
