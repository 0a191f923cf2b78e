"""What a stage is: a verb over a shard that turns what earlier stages wrote into rows.

The stage owns the records: which tables it reads and writes, how a sample becomes a question for its annotator and how the
answer becomes rows. It knows nothing about workers, order or retries (`engine`), and nothing about the model behind its role
(`annotators`). `Stage` is what the engine sees; `SampleStage` is what nearly every stage is.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from annotators.base import Annotator
from annotators.base import Params as AnyParams
from pipeline.sample import Sample
from schemas.accounting import Failure
from schemas.errors import AudiocotError, Filtered, Rejected
from schemas.row import Row
from schemas.vocabulary import Task

if TYPE_CHECKING:
    from pipeline.cell import Cell, CellReport

log = logging.getLogger(__name__)
In = TypeVar("In")
Out = TypeVar("Out")


class Stage(ABC):
    """Subclasses say `name`, `requires`, `produces`; the first table of `produces` marks a finished shard.

    `version` counts changes of the stage's own code that change its rows. `role` is None for a stage without a model. A stage
    whose `default_backend` is None although it has a role is left out of a build unless its recipe names a backend.

    `task`: the kind of chain of thought that the stage works on; None for a stage that gathers evidence. A stage reads what was
    written for its own task and all evidence, and of other tasks only what `also_reads` names: a failure or a changed
    prompt in one task then costs the others nothing.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    task: ClassVar[Task | None] = None
    also_reads: ClassVar[tuple[Task, ...]] = ()
    role: ClassVar[str | None] = None
    default_backend: ClassVar[str | None] = None
    requires: ClassVar[tuple[type[Row], ...]]
    produces: ClassVar[tuple[type[Row], ...]]
    ignores: ClassVar[tuple[str, ...]] = ()  # stages whose share of a required table is of no interest here
    Params: ClassVar[type[AnyParams]] = AnyParams
    WithSplits: ClassVar[type[AnyParams] | None] = None  # `Params` and SplitParams, for a stage that must know the splits

    @classmethod
    def reads_from(cls, other: "type[Stage]") -> bool:
        """Whether what the other stage writes concerns this one."""
        return other.task in (None, cls.task, *cls.also_reads) and other.name not in cls.ignores

    def __init__(self, params: AnyParams, annotator: Annotator[Any, Any] | None = None) -> None:
        if (annotator is None) != (self.role is None):
            raise ValueError(f"stage {self.name} has role {self.role}, got annotator {annotator}")
        self.params = params
        self.annotator = annotator

    @property
    def model(self) -> str:
        """What is written as `model` into this stage's rows."""
        return self.annotator.model if self.annotator else f"{self.name}@{self.version}"

    @abstractmethod
    def run(self, cell: "Cell") -> "CellReport":
        """Do one shard and commit its parts."""


class SampleStage(Stage, Generic[In, Out]):
    """A stage that looks at one sample at a time: `ask` makes the question, the annotator answers, `rows` writes it down.

    Without a role, what `ask` returns is the answer. One bad sample never costs another: what raises becomes a failure row.
    """

    def begin(self, samples: Sequence[Sample]) -> None:
        """Called once per shard before the first sample, with all of its samples."""

    @abstractmethod
    def ask(self, sample: Sample) -> In | Rejected | Filtered:
        """The question for the annotator, or why there is none."""

    @abstractmethod
    def rows(self, sample: Sample, answer: Out) -> Iterable[Row]:
        """The rows that an answer becomes."""

    def made_of(self, sample: Sample) -> list[Row] | Rejected:
        """The rows of one sample outside of any cell; none for a sample that is filtered. What goes wrong is raised."""
        question = self.ask(sample)
        if isinstance(question, Filtered):
            return []
        if isinstance(question, Rejected):
            return question
        (answer,) = self._annotate([question])
        return answer if isinstance(answer, Rejected) else list(self.rows(sample, answer))

    def provenance(self, sample: Sample) -> dict[str, Any]:
        """The fields every annotation row starts with."""
        prompt_id = self.annotator.prompt_id if self.annotator else None
        return {"clip_id": sample.clip.clip_id, "model": self.model, "prompt_id": prompt_id}

    def run(self, cell: "Cell") -> "CellReport":
        """Do one cell: ask about each of its clips, annotate in batches, commit the rows. Every clip is counted once."""
        samples = cell.samples(self.requires)
        cell.tally.num_in = len(samples)
        self.begin(samples)
        questions: list[tuple[Sample, In]] = []
        for sample in samples:
            question = self._question(cell, sample)
            if isinstance(question, Filtered):
                cell.tally.filtered[question.reason] += 1
            elif isinstance(question, Rejected):
                self._fail(cell, sample, question)
            else:
                questions.append((sample, question))
        size = 1 if cell.is_careful or not self.annotator else self.annotator.batch_size
        for start in range(0, len(questions), size):
            self._answer(cell, questions[start : start + size])
        return cell.commit(self.produces)

    def _question(self, cell: "Cell", sample: Sample) -> In | Rejected | Filtered:
        clip_id = sample.clip.clip_id
        if clip_id in cell.set_aside:
            return cell.set_aside[clip_id]
        if stage := cell.failed_upstream.get(clip_id):
            return Filtered(f"failed_in_{stage}")
        try:
            return self.ask(sample)
        except AudiocotError:  # the tar of the whole shard is damaged: no sample's fault
            raise
        except Exception as error:
            log.debug("%s %s: question failed", self.name, clip_id, exc_info=True)
            return _raised(error)

    def _answer(self, cell: "Cell", batch: Sequence[tuple[Sample, In]]) -> None:
        cell.note(batch[0][0].clip.clip_id)
        try:
            answers = self._annotate([question for _, question in batch])
        except AudiocotError:  # the server is gone, the budget is spent: no sample's fault, and no failure of one
            raise
        except Exception as error:
            if isinstance(error, MemoryError) and not cell.is_careful:
                raise  # whoever used up the memory, the next to ask for some is told: again on a fresh worker, one by one
            if len(batch) > 1:  # find out which one it is
                for one in batch:
                    self._answer(cell, [one])
                return
            log.debug("%s %s: annotator failed", self.name, batch[0][0].clip.clip_id, exc_info=True)
            answers = [_raised(error)]
        finally:
            cell.add_usage(self.annotator.take_usage() if self.annotator else ())
        for (sample, _), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Rejected):
                self._fail(cell, sample, answer)
                continue
            try:
                rows = list(self.rows(sample, answer))
            except Exception as error:
                log.debug("%s %s: answer does not make rows", self.name, sample.clip.clip_id, exc_info=True)
                self._fail(cell, sample, _raised(error, "invalid_answer"))
                continue
            cell.tally.num_done += 1
            cell.add(rows)

    def _annotate(self, questions: Sequence[In]) -> Sequence[Any]:
        return questions if self.annotator is None else _asked(self.annotator, questions)

    def _fail(self, cell: "Cell", sample: Sample, rejected: Rejected) -> None:
        cell.fail(
            Failure(
                stage=self.name, code=rejected.code, message=rejected.message, source_id=sample.clip.source_id,
                clip_id=sample.clip.clip_id, model=self.model,
            )
        )  # fmt: skip


class ManySampleStage(SampleStage[Sequence[In], Sequence[Out]]):
    """A stage that has several questions about one sample, or none. `rows` is given their answers in the same order.

    The sample is the unit of accounting: it is done when all of its questions are answered, and fails with the first that
    is refused.
    """

    def _annotate(self, questions: Sequence[Sequence[In]]) -> Sequence[Any]:
        if self.annotator is None:
            return questions
        flat = [question for of_sample in questions for question in of_sample]
        size = self.annotator.batch_size
        answers = [
            answer for start in range(0, len(flat), size) for answer in _asked(self.annotator, flat[start : start + size])
        ]
        given = iter(answers)
        return [_all_or_refused([next(given) for _ in of_sample]) for of_sample in questions]


def _asked(annotator: Annotator[Any, Any], questions: Sequence[Any]) -> Sequence[Any]:
    answers = annotator.annotate(questions)
    if len(answers) != len(questions):
        raise ValueError(f"{annotator.model} must give one answer per question, gave {len(answers)} for {len(questions)}")
    return answers


def _all_or_refused(answers: list[Any]) -> list[Any] | Rejected:
    return next((answer for answer in answers if isinstance(answer, Rejected)), answers)


def _raised(error: Exception, code: str = "annotator_error") -> Rejected:
    said = " ".join(str(error).split())  # all of it: pydantic names the field in its second line
    if isinstance(error, MemoryError):
        code, said = "out_of_memory", said or "a worker may have no more (--worker-memory-gb)"
    return Rejected(code, f"{type(error).__name__}: {said}"[:500])
