"""One build of a dataset, phase by phase: scan, the stages on the grid, pack, publish. Knows nothing of Prefect.

Every phase does what is not done yet and may be called again. Workers are started when the first job is found, so a build
with nothing to do costs no start-up.
"""

import logging
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from annotators.serving.replies import ReplyStore
from pipeline.accounting import StageAccount, account
from pipeline.batches import BatchPhase, waves
from pipeline.catalog import Catalog
from pipeline.cell import CellReport, peak_memory_mb
from pipeline.compaction import compaction_jobs
from pipeline.engine import Engine
from pipeline.executors import Shared, start_executor
from pipeline.integrity.redoing import settle
from pipeline.jobs import CPU_POOL, Job, JobQueue, Key
from pipeline.lease import hold
from pipeline.locations import local_path
from pipeline.plan import SCAN, SCAN_FINGERPRINT, Plan
from pipeline.pools import Pools, make_pools, pool_of
from pipeline.progress import Progress
from pipeline.release.params import ReleaseParams
from pipeline.release.publish import ReleasePlan, current_release, is_published, make_current, plan_release, publish
from pipeline.release.shards import pack_jobs
from pipeline.runs import RunRecord
from pipeline.scan import is_all_known, scan
from pipeline.splits import SplitParams
from pipeline.verification.witness_rates import WitnessRates, witness_rates
from pipeline.worker import CellWork
from schemas.errors import AudiocotError, ClusterError, RootError
from schemas.layout import REMEDY, Dataset
from schemas.media import Listing

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BuildSettings:
    """What is to be built and how. Only what is in `plan`, `name`, `release` and `splits` decides what comes out.

    `budget_usd`: for what this build asks of served models; None: no limit. `timeout_s`, `worker_memory_gb`: what a job may
    take; beyond it, the clip that is to blame is set aside.
    """

    name: str
    plan: Plan
    policy: str
    release: ReleaseParams
    splits: SplitParams
    recipe: Mapping[str, Any]
    source: str
    sources_per_shard: int
    limit: int | None = None
    executor: str = "ray"
    workers: int | None = None
    budget_usd: float | None = None
    timeout_s: float = 3600.0
    worker_memory_gb: float | None = None


@dataclass
class BuildReport:
    """What a build did and what the dataset holds now."""

    root: str
    run_id: str
    release: str
    cells_run: int
    cells_skipped: int
    num_clips: int
    num_released: int
    accounts: list[StageAccount]
    witnesses: list[WitnessRates]
    failures: dict[str, int]
    seconds_by_phase: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values. Not `asdict` alone: it would take a Counter's pairs for things to count."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        accounts = [line.to_json() for line in self.accounts]
        return plain | {"accounts": accounts, "witnesses": [asdict(witness) for witness in self.witnesses]}


def done_keys(dataset: Dataset, plan: Plan) -> set[Key]:
    """(stage, shard) of every cell whose part is there."""
    done: set[Key] = set()
    for planned in plan.stages:
        shards = dataset.shards_with_part(planned.marker.table, planned.name, planned.fingerprint)
        done |= {(planned.name, shard) for shard in shards}
    return done


def listed_shards(dataset: Dataset) -> list[int]:
    return sorted(dataset.shards_with_part(Listing.table, SCAN, SCAN_FINGERPRINT))


def cell_jobs(dataset: Dataset, plan: Plan, stages: Sequence[str], shards: Sequence[int]) -> list[Job]:
    """One job per cell of the named stages."""
    return [
        Job(
            key=(planned.name, shard),
            work=CellWork(dataset, plan, planned.name, shard),
            needs=frozenset((name, shard) for name in planned.upstream),
            rank=rank,
            pool=pool_of(planned),
        )
        for rank, planned in enumerate(plan.stages)
        if planned.name in stages
        for shard in shards
    ]


class Build:
    """Use as a context manager: the root is held, and workers are released and the run record is closed whatever happens.

    LeaseError on entering if somebody else writes to the root.
    """

    def __init__(self, dataset: Dataset, settings: BuildSettings, progress: Progress) -> None:
        self.dataset = dataset
        self.settings = settings
        self.progress = progress
        self.record = RunRecord.begin(settings.source, dict(settings.recipe), settings.plan.fingerprints)
        self._starter: ThreadPoolExecutor | None = None  # kept: the kernel ends Ray's processes with the thread that began them
        self._starting: Future[Pools] | None = None
        self._pools: Pools | None = None
        self._generation = {f"{stage}-{value[:8]}" for stage, value in settings.plan.fingerprints.items()}
        self._release: ReleasePlan | None = None
        self._held = ExitStack()

    def __enter__(self) -> "Build":
        with self._held as held:
            held.enter_context(hold(self.dataset, "build", self.record.run_id))
            self.record.write(self.dataset)
            self._held = held.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        with self._held:
            self._end_workers()
            if error is not None:
                self.record.finish("failed", f"{type(error).__name__}: {error}")
                with suppress(OSError, RootError):  # where nothing can be written any more, the error itself is what is told
                    self.record.write(self.dataset)

    def is_done(self) -> bool:
        """Whether there is nothing to do, as far as can be told without opening a source. Writes nothing."""
        dataset, plan = self.dataset, self.settings.plan
        try:
            if not is_all_known(dataset, self.settings.source, self.settings.limit):
                return False
            done, shards = done_keys(dataset, plan), listed_shards(dataset)
            if any((stage.name, shard) not in done for stage in plan.stages for shard in shards):
                return False
            release = self._planned_release()
            return is_published(dataset, release) and current_release(dataset) == release.name
        except AudiocotError:
            return False  # what is wrong is told by the phase that meets it

    def start_workers(self) -> None:
        """Begin to start the workers and come back at once: Ray takes seconds that others can use."""
        if self._starting is None:
            self._starter = ThreadPoolExecutor(1, "start-workers")
            self._starting = self._starter.submit(self._started)

    def scan(self) -> None:
        """List the source and plan shards for what is new by content."""
        started = time.monotonic()
        settings = self.settings
        found = scan(self.dataset, settings.source, settings.limit, settings.sources_per_shard)
        self.progress.phase("scan", found.num_entries)
        self.progress.advance("scan", found.num_entries, f"{found.num_new} new sources")
        self._took("scan", started)

    def run_stages(self, phase: str, stages: Sequence[str]) -> None:
        """Run the cells of these stages that are not done, on all shards; where replies come in batches, get those before."""
        started = time.monotonic()
        plan, shards = self.settings.plan, listed_shards(self.dataset)
        done = done_keys(self.dataset, plan)
        jobs = cell_jobs(self.dataset, plan, stages, shards)
        self.record.cells_skipped += sum(job.key in done for job in jobs)
        self.progress.phase(phase, sum(job.key not in done for job in jobs))
        for wave in waves(plan, stages):
            left = [job for job in jobs if job.key not in done and job.stage in wave.stages]
            self._fill([job for job in left if job.stage in wave.batched])
            self._run(phase, JobQueue.of(left, done))
            done |= {job.key for job in left}
        self._took(phase, started)
        if settle(self.dataset, plan):  # a cell that was taken back says something else now: so do its readers
            self.run_stages(phase, stages)

    def _fill(self, cells: Sequence[Job]) -> None:
        """Get the replies for these cells in batches."""
        if not cells:
            return
        stages = dict.fromkeys(cell.stage for cell in cells)
        left = {stage: [cell.shard for cell in cells if cell.stage == stage] for stage in stages}
        name, pools = f"collect {', '.join(left)}", self._workers()

        def run(jobs: Sequence[Job]) -> None:
            self.progress.phase(name, len(jobs))
            self._run(name, JobQueue.of(jobs), are_cells=False)
            pools.adjust(JobQueue())  # no model in a worker stands in the way of one that answers batches

        BatchPhase(self.dataset, self.settings.plan, pools.executor.gate, run, self.progress).fill(left)

    def pack(self) -> None:
        """Bring done cells into blocks, for all that is asked from here on, select the clips and write the release's shards."""
        started = time.monotonic()
        self._run("compact", JobQueue.of(compaction_jobs(self.dataset, self.settings.plan)), are_cells=False)
        self._release = self._planned_release()
        jobs = pack_jobs(self.dataset, self.settings.plan, self._release.shards)
        self.record.cells_skipped += len(self._release.shards) - len(jobs)
        self.progress.phase("pack", len(jobs))
        self._run("pack", JobQueue.of(jobs))
        self._took("pack", started)

    def publish(self) -> BuildReport:
        """Commit the release if it is new, close the run record and report."""
        started = time.monotonic()
        assert self._release is not None, "pack comes before publish"
        record = self.record
        accounts = account(self.dataset, self.settings.plan.fingerprints)
        record.accounting = [line.to_json() for line in accounts]
        with self._catalog() as catalog:
            witnesses = witness_rates(catalog)
            record.witness_rates = [asdict(witness) for witness in witnesses]
            failures = catalog.query("select code, count(*) as n from failure group by 1 order by 1").to_pylist()
            record.failures = {row["code"]: row["n"] for row in failures}
            if not is_published(self.dataset, self._release):
                recipe, policy = self.settings.recipe, self.settings.policy
                publish(self.dataset, self.settings.plan, self._release, catalog, accounts, witnesses, policy, recipe)
        make_current(self.dataset, self._release)
        self._took("publish", started)
        record.release = self._release.name
        record.num_shards = max(listed_shards(self.dataset), default=-1) + 1
        record.peak_memory_mb["driver"] = peak_memory_mb()
        record.finish("done")
        record.write(self.dataset)
        return BuildReport(
            root=self.dataset.url,
            run_id=record.run_id,
            release=self._release.name,
            cells_run=record.cells_run,
            cells_skipped=record.cells_skipped,
            num_clips=self._release.selection.num_in,
            num_released=len(self._release.selection.clips),
            accounts=accounts,
            witnesses=witnesses,
            failures=record.failures,
            seconds_by_phase=record.seconds_by_phase,
        )

    def _run(self, phase: str, queue: JobQueue, are_cells: bool = True) -> None:
        if not queue.num_left:
            return
        engine = Engine(self._workers(), self.dataset.storage, self.record.run_id, self.settings.timeout_s)

        def on_result(job: Job, result: Any) -> None:
            self.progress.advance(phase, 1, f"{job.stage} {job.shard:06d}")
            if isinstance(result, CellReport):
                memory = self.record.peak_memory_mb
                memory["worker"] = max(result.peak_rss_mb, memory.get("worker", 0.0))
                self.record.usage += result.spent

        try:
            report = engine.run(queue, on_result)
        except ClusterError:
            self._end_workers()  # whoever tries again gets others
            raise
        self.record.cells_run += report.num_run if are_cells else 0
        self.record.cells_requeued += report.num_requeued

    def _planned_release(self) -> ReleasePlan:
        settings = self.settings
        with self._catalog() as catalog:
            return plan_release(catalog, settings.plan, settings.release, settings.splits, settings.name)

    def _catalog(self) -> Catalog:
        """Views of this build's own generation. RootError if a part of it is damaged: a release must hold everything."""
        catalog = Catalog(self.dataset, self.settings.plan.fingerprints)
        if damaged := [path for path in catalog.damaged if path.split("/")[-2] in self._generation]:
            raise RootError(f"{damaged[0]} in {self.dataset.url} is damaged; {REMEDY}")
        return catalog

    def _workers(self) -> Pools:
        """The pools of the build. ResourceError, before the first job, if a stage with work left never fits."""
        if self._pools is None:
            self.start_workers()
            assert self._starting is not None
            pools = self._starting.result()
            _take_back_sigterm()
            done, shards = done_keys(self.dataset, self.settings.plan), listed_shards(self.dataset)
            left = [stage for stage in self.settings.plan.stages if any((stage.name, shard) not in done for shard in shards)]
            pools.check({pool_of(planned) for planned in left})
            self._pools = pools
        return self._pools

    def _started(self) -> Pools:
        """Runs in a thread of its own. Whoever needs a pool that does not fit is told when there is work for it."""
        started = time.monotonic()
        settings, storage = self.settings, self.dataset.storage
        shared = Shared(
            ReplyStore(storage),
            _asks_servers(settings.plan),
            None if settings.budget_usd is None else max(settings.budget_usd - self.record.usage.usd, 0.0),
            settings.worker_memory_gb,
            tuple(filter(None, (local_path(settings.source), local_path(self.dataset.url)))),
        )
        num_workers = settings.workers if settings.executor == "ray" else None
        pools = Pools(start_executor(settings.executor, shared), make_pools(settings.plan, num_workers))
        with suppress(AudiocotError):
            pools.open(CPU_POOL)
        self._took("start workers", started)
        return pools

    def _end_workers(self) -> None:
        if self._starting and self._starting.exception() is None:
            self._starting.result().executor.close()
        if self._starter:
            self._starter.shutdown()
        self._starter = self._starting = self._pools = None

    def _took(self, phase: str, started: float) -> None:
        self.record.seconds_by_phase[phase] = round(time.monotonic() - started, 3)


def _take_back_sigterm() -> None:
    """Let Python's handler be called first again: Ray's own, which it puts before it, prints where each thread stands."""
    handler = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is threading.main_thread() and handler is not None:
        signal.signal(signal.SIGTERM, handler)


def _asks_servers(plan: Plan) -> bool:
    """Whether limits and a budget concern any stage. Only what is served has an estimate."""
    annotators = (planned.stage.annotator for planned in plan.stages)
    return any(annotator is not None and annotator.estimate(1.0, True) is not None for annotator in annotators)
