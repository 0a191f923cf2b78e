"""Batches before cells: the replies of a stage whose annotator is batched are bought by the file, then its cells run as always.

To learn what the cells would ask, each is rehearsed: it runs with an outbox in its worker's site, so that requests are written
down instead of sent, and nothing that it makes of the lack of answers is kept. That needs what the cells read, so a batched
stage waits for all cells of the stages before it, and the stages of a phase fall into waves. In a wave the batches at OpenAI
wait together, and each run of vLLM has the machine for itself. `annotators.serving.batch` says what happens to the requests.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from annotators.serving.batch.filling import Filling, Standing
from annotators.serving.batch.record import BatchFolder
from annotators.serving.batch.vllm_cli import VllmRuns
from annotators.serving.gate import Gate
from annotators.serving.params import ServerParams
from pipeline.cell import Cell, CellReport
from pipeline.jobs import Job
from pipeline.plan import Plan, PlannedStage
from pipeline.pools import pool_of
from pipeline.progress import Progress
from pipeline.worker import Worker
from schemas.errors import Rejected
from schemas.layout import Dataset
from schemas.row import Row

log = logging.getLogger(__name__)


def batch_params(planned: PlannedStage) -> ServerParams | None:
    """How the stage's annotator is asked in batches, None if it is not."""
    params = planned.stage.annotator.params if planned.stage.annotator else None
    return params if isinstance(params, ServerParams) and params.batch != "off" else None


@dataclass(frozen=True)
class Wave:
    """Fill the replies of `batched`, then run the cells of `stages`."""

    batched: tuple[str, ...]
    stages: tuple[str, ...]


def waves(plan: Plan, stages: Sequence[str]) -> list[Wave]:
    """These stages in waves: one without batches, then one for each time that batched stages have all that they read."""
    left = [planned for planned in plan.stages if planned.name in stages]
    found: list[Wave] = []
    batched: tuple[str, ...] = ()
    while left:
        waiting = {planned.name for planned in left}
        runs: list[str] = []
        for planned in left:
            if not waiting & set(planned.upstream) and (batch_params(planned) is None or planned.name in batched):
                runs.append(planned.name)
                waiting.remove(planned.name)
        found.append(Wave(batched, tuple(runs)))
        left = [planned for planned in left if planned.name in waiting]
        batched = tuple(planned.name for planned in left if not waiting & set(planned.upstream))
    return [wave for wave in found if wave.stages]


class _Rehearsal(Cell):
    """A cell that keeps nothing."""

    def commit(self, tables: Sequence[type[Row]]) -> CellReport:
        return self.report(tables)


@dataclass(frozen=True)
class Rehearse:
    """The work of finding out what a cell would ask, as it travels to a worker. Gives the number of requests."""

    dataset: Dataset
    plan: Plan
    stage: str
    shard: int
    turn: int

    def __call__(self, worker: Worker, set_aside: Mapping[str, Rejected], note_path: str | None) -> int:
        planned = worker.stage(self.plan[self.stage])
        params = batch_params(planned)
        assert params is not None, "only batched stages are rehearsed"

        def note(subject: str) -> None:
            if note_path:
                self.dataset.storage.write(note_path, subject.encode())

        folder = batch_folder(self.dataset, planned)
        with folder.collecting(self.turn, self.shard, takes_reasks=params.batch == "vllm") as outbox:
            worker.site.begin(f"{folder.cells}/{self.shard:06d}", outbox)
            try:
                noted = note if note_path else None
                cell = _Rehearsal(self.dataset, self.plan, planned, self.shard, worker.cache, set_aside, noted)
                planned.stage.run(cell)
            finally:
                worker.site.outbox = None
        return len(outbox.asked)


def batch_folder(dataset: Dataset, planned: PlannedStage) -> BatchFolder:
    """Where the batch jobs of this stage and fingerprint are recorded."""
    return BatchFolder(dataset.storage, f"{planned.name}-{planned.fingerprint[:8]}")


@dataclass(frozen=True)
class BatchPhase:
    """`run` runs jobs on the build's workers, to the end of the last. `gate`: limits and budget of the build."""

    dataset: Dataset
    plan: Plan
    gate: Gate
    run: Callable[[Sequence[Job]], None]
    progress: Progress

    def fill(self, left: Mapping[str, Sequence[int]]) -> None:
        """Batched stage → the shards whose cells are not done. Comes back when no batch is left to wait for.

        ServerError if a batch is not taken or its server is gone, BudgetError if none may be sent; what was sent is not lost.
        """
        at_openai = [name for name in left if self._params(name).batch == "openai"]
        groups = [at_openai, *([name] for name in left if name not in at_openai)]
        for names in groups:
            self._fill_together({name: left[name] for name in names if left[name]})

    def _fill_together(self, left: Mapping[str, Sequence[int]]) -> None:
        known: set[str] = set()
        for turn in range(max((self._num_turns(name) for name in left), default=0)):
            folders = {name: batch_folder(self.dataset, self.plan[name]) for name in left}
            self.run([job for name, shards in left.items() for job in self._rehearsals(folders[name], name, shards, turn)])
            asked = {one.key for folder in folders.values() for one in folder.asked(turn)}
            if asked <= known:
                break
            known |= asked
            self._wait([self._filling(name, turn) for name in left])
        for name in left:
            batch_folder(self.dataset, self.plan[name]).drop_requests()

    def _num_turns(self, name: str) -> int:
        """A re-ask is known only when there is a reply; OpenAI is not waited for again, see `annotators.serving.batch`."""
        params = self._params(name)
        return 1 if params.batch == "openai" else 1 + params.reasks

    def _rehearsals(self, folder: BatchFolder, name: str, shards: Sequence[int], turn: int) -> list[Job]:
        missing = set(shards) - folder.collected(turn)
        pool = pool_of(self.plan[name])
        return [
            Job((name, shard), Rehearse(self.dataset, self.plan, name, shard, turn), pool=pool) for shard in sorted(missing)
        ]

    def _filling(self, name: str, turn: int) -> Filling:
        params, folder = self._params(name), batch_folder(self.dataset, self.plan[name])
        if params.batch == "openai":
            from annotators.serving.batch.openai_api import OpenAIBatches  # half a second of imports, for few builds

            return Filling(folder, turn, params, self.gate, OpenAIBatches(params))
        return Filling(folder, turn, params, self.gate, VllmRuns(params, folder), most_open=1)

    def _wait(self, fillings: Sequence[Filling]) -> None:
        name = f"batches of {', '.join(filling.folder.cells.rpartition('-')[0] for filling in fillings)}"
        total = sum(filling.num_asked for filling in fillings)
        self.progress.phase(name, total)
        shown, started = 0, time.monotonic()
        try:
            while True:
                standings = [filling.advance() for filling in fillings]
                num_done = sum(standing.num_done for standing in standings)
                note = _note(standings)
                self.progress.advance(name, max(num_done - shown, 0), note)
                shown = max(num_done, shown)
                if all(standing.is_finished for standing in standings):
                    return
                log.info("%s: %d of %d requests, %s, %.0f s", name, num_done, total, note, time.monotonic() - started)
                time.sleep(min(filling.params.batch_poll_s for filling in fillings))
        finally:
            for filling in fillings:
                filling.close()

    def _params(self, name: str) -> ServerParams:
        params = batch_params(self.plan[name])
        assert params is not None, f"{name} is not batched"
        return params


def _note(standings: Sequence[Standing]) -> str:
    num_open = sum(standing.num_open for standing in standings)
    said = ", ".join(standing.said for standing in standings if standing.num_open)
    return f"{num_open} batches: {said}" if num_open else "no batch is left"
