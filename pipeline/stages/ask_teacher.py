"""Ask the teacher: every question about a clip, K times, on its silent video; what it agrees on, and its chain of thought."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from annotators.base import Params as AnyParams
from annotators.questions.mute import SilentVideo
from annotators.questions.roles import Asked, Drawn, TeachRequest
from pipeline.chain_rows import chain_rows
from pipeline.questions.consensus import ConsensusParams, agree, consensus_row
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.errors import Filtered
from schemas.evidence import MotionEvent, RoiTrack
from schemas.media import Clip
from schemas.questions import Consensus, Question, Trace
from schemas.reasoning import Claim, Cot
from schemas.row import Row
from schemas.vocabulary import Task


class AskTeacher(SampleStage[TeachRequest, Sequence[Drawn]]):
    """The known answer is never among what the teacher is given, nor does it decide what is kept."""

    name = "ask_teacher"
    task: ClassVar[Task | None] = "question"
    role = "teacher"
    default_backend = "template"
    requires = (Clip, RoiTrack, MotionEvent, Question)
    produces = (Consensus, Trace, Cot, Claim)
    Params = ConsensusParams

    def ask(self, sample: Sample) -> TeachRequest | Filtered:
        if not sample.clip.has_video:
            return Filtered("no_video")
        if not sample.of(Question):
            return Filtered("no_questions")
        return TeachRequest(
            media=SilentVideo(sample.media),
            questions=[Asked(row.question_id, row.text, row.choices) for row in sample.of(Question)],
            tracks=sample.of(RoiTrack),
            seen=sample.of(MotionEvent),
            width_px=sample.clip.width_px,
            height_px=sample.clip.height_px,
        )

    def rows(self, sample: Sample, answer: Sequence[Drawn]) -> Iterable[Row]:
        for question, drawn in zip(sample.of(Question), answer, strict=True):
            yield from self._of_question(sample, question, drawn)

    def _of_question(self, sample: Sample, question: Question, drawn: Drawn) -> Iterable[Row]:
        origin = self.provenance(sample)
        policy = _policy(self.params)
        traces = list(traces_of(question.question_id, "silent_video", drawn, origin))
        yield from traces
        agreement = agree(drawn.samples, len(question.choices), policy)
        yield consensus_row(agreement, question.question_id, [trace.trace_id for trace in traces], policy, **origin)
        chain = None if agreement.standing is None else drawn.samples[agreement.standing].chain
        if chain is not None:
            yield from chain_rows(origin, "question", chain, question.question_id)


def traces_of(question_id: str, given: str, drawn: Drawn, origin: dict[str, object]) -> Iterable[Trace]:
    """Every sample of a question as a row."""
    for number, sample in enumerate(drawn.samples):
        row = {
            "trace_id": f"{question_id}/{given}/{number}",
            "question_id": question_id,
            "given": given,
            "sample_index": number,
            "temperature": drawn.temperature,
            "seed": drawn.seed,
            "text": sample.text,
            "answer_index": sample.answer_index,
        }
        yield Trace.model_validate(row | origin)


def _policy(params: AnyParams) -> ConsensusParams:
    return ConsensusParams.model_validate(params.model_dump())
