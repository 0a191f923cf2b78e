"""What is known of a clip before tasks are drawn: small enough to be kept for all clips of a shard, unlike their sound."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.template.salience import strength
from pipeline.editing.measures import integrated_lufs, third_octaves
from pipeline.editing.render import Samples
from pipeline.splits import Split
from schemas.evidence import HeardEvent
from schemas.media import Clip
from schemas.vocabulary import SoundKind


@dataclass(frozen=True, eq=False)
class Profile:
    """`heard`: all events. `clear`: those that will be spoken of. `spectrum`: of `third_octaves`."""

    clip: Clip
    split: Split
    heard: Sequence[HeardEvent]
    clear: Sequence[HeardEvent]
    lufs: float
    spectrum: Samples

    @property
    def clip_id(self) -> str:
        return self.clip.clip_id

    @property
    def rate_hz(self) -> int:
        return self.clip.sample_rate_hz

    @property
    def num_samples(self) -> int:
        return self.clip.num_samples

    @property
    def kinds(self) -> set[SoundKind]:
        return {event.kind for event in self.clear}


def profile_of(clip: Clip, split: Split, heard: Sequence[HeardEvent], sound: Samples, min_strength: float) -> Profile:
    """Measure a clip. `sound`: float64 (channels, n) as stored."""
    clear = [event for event in heard if strength(event) >= min_strength]
    rate_hz = clip.sample_rate_hz
    return Profile(clip, split, heard, clear, integrated_lufs(sound, rate_hz), third_octaves(sound, rate_hz))
