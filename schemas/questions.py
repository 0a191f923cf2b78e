"""Rows of questions and of what models answered: a teacher that saw the silent video, or a model that was given sound."""

from typing import ClassVar, Literal

from schemas.row import AnnotationRow

GivenMedia = Literal["silent_video", "right_audio", "other_audio", "silence", "nothing"]
Contributes = Literal["strong", "weak"]


class Question(AnnotationRow):
    """Multiple-choice questions about clips."""

    table: ClassVar[str] = "question"

    question_id: str  # <clip_id>/q00
    origin: str  # the data set it was imported from, or the generator's name
    kind: str  # which | count | order | when | where | loudness | …, or the data set's own word
    text: str
    choices: list[str]
    answer_index: int | None  # None where no truth is known


class Trace(AnnotationRow):
    """One sampled chain of reasoning about a question, with everything that was set when it was sampled."""

    table: ClassVar[str] = "trace"

    trace_id: str  # <question_id>/<given>/<sample_index>
    question_id: str
    given: GivenMedia
    sample_index: int
    temperature: float
    seed: int
    text: str
    answer_index: int | None  # None where the answer did not parse


class Consensus(AnnotationRow):
    """What the teacher's samples agree on. A sample that did not parse counts against every answer."""

    table: ClassVar[str] = "consensus"

    question_id: str
    policy: str  # name and parameters, as text
    num_samples: int
    num_parsed: int
    votes: list[int]  # by choice
    answer_index: int | None  # of the most votes, the first of those that are equal; None where nothing parsed
    agreement_frac: float  # votes of that answer over all samples
    margin_frac: float  # by how much it leads the next, over all samples
    is_kept: bool  # under the policy
    trace_id: str | None  # the trace that stands for them, of those with that answer and a chain the first; None unless kept


class Contribution(AnnotationRow):
    """How much a question needs its sound (AudioMCQ's split): the same question without it, and with the wrong one."""

    table: ClassVar[str] = "contribution"

    question_id: str
    expected_index: int  # the truth where it is known, else the teacher's consensus
    num_samples: int  # with each of them
    num_right_audio: int  # how many were right with the clip's own sound
    num_other_audio: int | None  # with another clip's; None where the shard has no other source
    num_silence: int
    num_nothing: int
    audio_contribution: Contributes  # strong: with silence, at least two samples (or the number set) were wrong
