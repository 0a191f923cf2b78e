"""Probe the audio: the same questions with the clip's own sound, another clip's, silence, and nothing at all."""

import random
from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import Field

from annotators.base import Annotator
from annotators.base import Params as AnyParams
from annotators.media import Media
from annotators.questions.mute import Silence
from annotators.questions.roles import AnswerRequest, Asked, Drawn
from pipeline.questions.contribution import contribution
from pipeline.sample import Sample
from pipeline.stage import ManySampleStage
from pipeline.stages.ask_teacher import traces_of
from schemas.errors import Filtered, RecipeError
from schemas.media import Clip
from schemas.questions import Consensus, Contribution, GivenMedia, Question, Trace
from schemas.row import Row
from schemas.vocabulary import Task


class ProbeParams(AnyParams):
    """What is compared, and what makes a contribution strong."""

    min_wrong: int = Field(2, ge=1, le=64, description="wrong answers in silence that make the audio contribution strong")
    partner_seed: int = Field(0, description="another seed gives the sound of other clips")


class ProbeAudio(ManySampleStage[AnswerRequest, Sequence[Drawn]]):
    """Only questions with an expected answer are asked: the known one, else what the teacher agreed on."""

    name = "probe_audio"
    task: ClassVar[Task | None] = "question"
    role = "answerer"
    default_backend = "instruments"
    requires = (Clip, Question, Consensus)
    produces = (Contribution, Trace)
    Params = ProbeParams

    def __init__(self, params: AnyParams, annotator: Annotator[AnswerRequest, Sequence[Drawn]] | None = None) -> None:
        super().__init__(params, annotator)
        self._probe_params = ProbeParams.model_validate(params.model_dump())
        num_samples = getattr(annotator.params, "num_samples", None) if annotator else None
        if num_samples is not None and num_samples < self._probe_params.min_wrong:
            raise RecipeError(
                f"stages.probe_audio: num_samples must be at least min_wrong, or nothing can be strong; "
                f"got {num_samples} and {self._probe_params.min_wrong}"
            )

    def begin(self, samples: Sequence[Sample]) -> None:
        self._samples = list(samples)

    def ask(self, sample: Sample) -> Sequence[AnswerRequest] | Filtered:
        if not sample.of(Question):
            return Filtered("no_questions")
        expected = _expected(sample)
        if not expected:
            return Filtered("no_expected_answer")
        questions = [Asked(q.question_id, q.text, q.choices) for q in sample.of(Question) if q.question_id in expected]
        return [AnswerRequest(sample.clip.clip_id, media, questions) for media in self._given(sample).values()]

    def _given(self, sample: Sample) -> dict[GivenMedia, Media | None]:
        """What is listened to, in the order in which it is asked about. A shard with one source has no other audio."""
        others = [other for other in self._samples if other.clip.source_id != sample.clip.source_id]
        chance = random.Random(f"{self._probe_params.partner_seed} {sample.clip.clip_id}")  # noqa: S311 (a choice, not a secret)
        given: dict[GivenMedia, Media | None] = {"right_audio": sample.media}
        if others:
            given["other_audio"] = chance.choice(others).media
        silence = Silence(sample.clip.clip_id, sample.clip.duration_s)
        return given | {"silence": silence, "nothing": None}

    def rows(self, sample: Sample, answer: Sequence[Sequence[Drawn]]) -> Iterable[Row]:
        origin = self.provenance(sample)
        expected = _expected(sample)
        by_given = dict(zip(self._given(sample), answer, strict=True))
        asked = [question.question_id for question in sample.of(Question) if question.question_id in expected]
        for number, question_id in enumerate(asked):
            drawn = {given: answers[number] for given, answers in by_given.items()}
            for given, of_given in drawn.items():
                yield from traces_of(question_id, given, of_given, origin)
            samples = {given: of_given.samples for given, of_given in drawn.items()}
            yield contribution(expected[question_id], samples, self._probe_params.min_wrong, question_id, **origin)


def _expected(sample: Sample) -> dict[str, int]:
    """The answer of each question that has one: the known one, else the one that the teacher's samples agreed on."""
    agreed = {row.question_id: row.answer_index for row in sample.of(Consensus) if row.is_kept}
    answers = {
        row.question_id: row.answer_index if row.answer_index is not None else agreed.get(row.question_id)
        for row in sample.of(Question)
    }
    return {question_id: answer for question_id, answer in answers.items() if answer is not None}
