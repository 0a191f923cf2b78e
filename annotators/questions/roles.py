"""What the three roles about questions are given and give back.

Nobody who answers is given the known answer: `Asked` has no field for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.media import Media
from schemas.evidence import SeenEvent, SoundEvent, Track
from schemas.objects import Attribution, SceneObject
from schemas.reasoning import Reasoned


@dataclass(frozen=True)
class PoseRequest:
    """What is known about a clip, and how many questions are wanted of it. Rows belong together by their ids."""

    clip_id: str
    duration_s: float
    heard: Sequence[SoundEvent]
    objects: Sequence[SceneObject]
    attributions: Sequence[Attribution]
    most: int


@dataclass(frozen=True)
class Posed:
    """A question with its choices and the answer that the evidence gives."""

    kind: str
    text: str
    choices: Sequence[str]
    answer_index: int


@dataclass(frozen=True)
class Asked:
    """A question as it is put to somebody who must answer it."""

    question_id: str
    text: str
    choices: Sequence[str]


@dataclass(frozen=True)
class TeachRequest:
    """A silent video and all questions about it. `media` has no sound to give. Sizes are of the stored picture."""

    media: Media
    questions: Sequence[Asked]
    tracks: Sequence[Track]
    seen: Sequence[SeenEvent]
    width_px: int | None
    height_px: int | None


@dataclass(frozen=True)
class AnswerRequest:
    """Questions about a clip, and the sound to answer them from, which need not be the clip's own; None: no sound at all."""

    clip_id: str
    media: Media | None
    questions: Sequence[Asked]


@dataclass(frozen=True)
class Sampled:
    """One sample: what was said, the choice it comes to (None: it does not parse), and the chain of thought in it, if any."""

    text: str
    answer_index: int | None
    chain: Reasoned | None = None


@dataclass(frozen=True)
class Drawn:
    """All samples of one question, with what was set when they were drawn."""

    temperature: float
    seed: int
    samples: Sequence[Sampled]
