"""Input and target of an editing task as media, for whoever listens: rendered when somebody asks, never stored."""

from dataclasses import dataclass

import numpy as np

from annotators.media import ArrayMedia, Frames, Media, Sound
from pipeline.editing.render import render
from schemas.edits import Edit
from schemas.vocabulary import ClaimMedia


@dataclass(frozen=True)
class EditMedia:
    """One of the two sounds, not yet rounded to 16 bits. It has no picture: what would be seen is the clip, not the task."""

    edit: Edit
    side: ClaimMedia
    clip: Media
    other: Media | None

    @property
    def clip_id(self) -> str:
        return self.clip.clip_id

    @property
    def duration_s(self) -> float:
        return self.edit.num_samples / self.edit.sample_rate_hz

    @property
    def has_video(self) -> bool:
        return False

    def sound(self, rate_hz: int | None = None) -> Sound:
        """Made anew for every call: a shard's sounds would not all fit into memory."""
        other = None if self.other is None else self.other.sound().samples.astype(np.float64)
        rendered = render(self.edit, self.clip.sound().samples.astype(np.float64), other)
        samples = (rendered.input if self.side == "input" else rendered.target).astype(np.float32)
        return ArrayMedia(self.clip_id, Sound(samples, self.edit.sample_rate_hz)).sound(rate_hz)

    def frames(self, fps: float, max_side_px: int) -> Frames:
        return Frames(np.zeros((0, 1, 1, 3), np.uint8), np.zeros(0), 1.0)


def edit_media(edit: Edit, side: ClaimMedia, clip: Media, other: Media | None) -> Media:
    """The media of one of the two sounds: the clip itself where it is that, so that what was measured of it is used again."""
    is_clip = edit.gain_db == 0 and side == ("input" if edit.operation == "addition" else "target")
    return clip if is_clip else EditMedia(edit, side, clip, other)
