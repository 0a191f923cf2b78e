"""Write questions: imported ones about the clip's source, and ones written from what was heard in it."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import ClassVar

from pydantic import Field, ValidationInfo, field_validator

from annotators.base import Annotator, placement
from annotators.base import Params as AnyParams
from annotators.questions.roles import Posed, PoseRequest
from pipeline.cell import Cell, CellReport
from pipeline.questions.imports import ImportedQuestion, changed, read_questions, same_questions
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.errors import Filtered
from schemas.evidence import SoundEvent
from schemas.media import Clip, Source
from schemas.objects import Attribution, SceneObject
from schemas.questions import Question
from schemas.row import Row
from schemas.vocabulary import Task

log = logging.getLogger(__name__)


class WriteParams(AnyParams):
    """Where questions come from."""

    written: int = Field(2, ge=0, le=16, description="questions that are written for each clip; 0: imported ones only")
    imported: str | None = placement(
        None, "file of AVQA or MUSIC-AVQA rows (path or URL; .json, .jsonl, .csv, .parquet), matched to sources by file name"
    )
    imported_sha256: str | None = Field(
        None,
        validate_default=True,
        description="hash of that file, filled in when the recipe is read; a file that has changed since is an error",
    )
    min_covered_frac: float = Field(
        0.9, gt=0, le=1, description="an imported question is asked of clips that are at least this share of their source"
    )

    @field_validator("imported_sha256")
    @classmethod
    def _is_of_the_file(cls, given: str | None, info: ValidationInfo) -> str | None:
        """The content decides, not where it lies. RecipeError, which pydantic lets through, for a file that is not usable."""
        url = info.data.get("imported")
        if url is None:
            return given
        found = read_questions(url).sha256
        if given not in (None, found):
            raise changed(url, found, given)
        return found


class WriteQuestions(SampleStage[PoseRequest, Sequence[Posed]]):
    """Filtered are clips for which nothing was imported and nothing can be written."""

    name = "write_questions"
    task: ClassVar[Task | None] = "question"
    role = "questioner"
    default_backend = "events"
    requires = (Clip, Source, SoundEvent, SceneObject, Attribution)
    produces = (Question,)
    Params = WriteParams

    def __init__(self, params: AnyParams, annotator: Annotator[PoseRequest, Sequence[Posed]] | None = None) -> None:
        super().__init__(params, annotator)
        assert isinstance(params, WriteParams)
        self._write_params = params

    def run(self, cell: Cell) -> CellReport:
        params = self._write_params
        self._sources = {source.source_id: source for source in cell.read(Source)}
        file = same_questions(params.imported, str(params.imported_sha256)) if params.imported else None
        self._imported = file.by_video if file else {}
        if file:
            matched = sum(len(self._imported.get(_stem(source), [])) for source in self._sources.values())
            log.info("%s shard=%05d imported=%d matched=%d", self.name, cell.shard, file.num_questions, matched)
        return super().run(cell)

    def ask(self, sample: Sample) -> PoseRequest | Filtered:
        heard = sample.of(SoundEvent)
        if not self._of_others(sample) and not (self._write_params.written and heard):
            return Filtered("no_questions")
        return PoseRequest(
            clip_id=sample.clip.clip_id,
            duration_s=sample.clip.duration_s,
            heard=heard,
            objects=sample.of(SceneObject),
            attributions=sample.of(Attribution),
            most=self._write_params.written,
        )

    def rows(self, sample: Sample, answer: Sequence[Posed]) -> Iterable[Row]:
        assert self.annotator is not None
        own = self.annotator.model.partition("@")[0]
        questions = [(q.origin, q) for q in self._of_others(sample)] + [(own, posed) for posed in answer]
        for number, (origin, question) in enumerate(questions):
            yield Question(
                **self.provenance(sample),
                question_id=f"{sample.clip.clip_id}/q{number:02d}",
                origin=origin,
                kind=question.kind,
                text=question.text,
                choices=list(question.choices),
                answer_index=question.answer_index,
            )

    def _of_others(self, sample: Sample) -> list[ImportedQuestion]:
        """Imported questions about the clip's source, if the clip is as good as all of it."""
        source = self._sources[sample.clip.source_id]
        is_whole = sample.clip.duration_s >= self._write_params.min_covered_frac * source.duration_s
        return self._imported.get(_stem(source), []) if is_whole else []


def _stem(source: Source) -> str:
    return PurePosixPath(source.name).stem
