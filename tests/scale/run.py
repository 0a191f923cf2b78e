"""One build of the no-op grid in a process of its own, so that its memory is nobody else's: prints what it took as JSON.

python -m tests.scale.run --clips 1000 --shard 16 --workers 2
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass

from pipeline.build import Build
from pipeline.cell import peak_memory_mb
from pipeline.progress import SilentProgress
from tests.scale.noop import NUM_STAGES, list_clips, no_op_settings


@dataclass(frozen=True)
class Run:
    """`start_s`: Ray and the workers, until ingest of all shards is done. `seconds`: the stages after it."""

    clips: int
    clips_per_shard: int
    workers: int
    start_s: float
    seconds: float
    driver_cpu_s: float
    driver_peak_mb: float
    worker_peak_mb: float
    cells: int

    @property
    def ms_per_clip_stage(self) -> float:
        return 1000 * self.seconds / (self.clips * (NUM_STAGES - 1))


def run(clips: int, clips_per_shard: int, workers: int, executor: str = "ray") -> Run:
    """Build it in this process, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="audiocot-noop-") as root:
        dataset = list_clips(root, clips, clips_per_shard)
        with Build(dataset, no_op_settings(executor, workers), SilentProgress()) as build:
            ingest, *others = (planned.name for planned in build.settings.plan.stages)
            started = time.perf_counter()
            build.run_stages("ingest", [ingest])
            ingested, cpu = time.perf_counter(), time.process_time()
            build.run_stages("annotate", others)
            seconds = time.perf_counter() - ingested
            return Run(
                clips,
                clips_per_shard,
                workers,
                ingested - started,
                seconds,
                time.process_time() - cpu,
                peak_memory_mb(),
                build.record.peak_memory_mb["worker"],
                build.record.cells_run,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, required=True)
    parser.add_argument("--shard", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--executor", default="ray")
    given = parser.parse_args()
    print(json.dumps(asdict(run(given.clips, given.shard, given.workers, given.executor))))


if __name__ == "__main__":
    main()
