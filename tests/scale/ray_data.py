"""The no-op grid's work in Ray Data, in a process of its own: prints what it took as JSON.

    python -m tests.scale.ray_data --clips 1000 --batch 16 --workers 2

The same rows through the same number of stages, each an actor pool of the same size with the same batch size, and one Parquet
file per batch at the end. Ray Data keeps nothing in between: a stage that fails costs everything before it again, where a cell
of ours has its rows on disk. All pools are open at once, which makes seven times the processes; each is given a small share of
a CPU so that they fit. No work begins before the last of them is there, and from then on time is counted.
"""

import argparse
import json
import logging
import tempfile
import time
import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.cell import peak_memory_mb
from tests.scale.noop import NUM_STAGES, clip
from tests.scale.run import Run

_TIME_TO_START_S = 600


class Number:
    """One number per clip: when its worker was there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = time.time()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {**batch, self.name: np.full(len(batch["clip_id"]), self.started)}


def clips(batch: dict[str, Any]) -> dict[str, Any]:
    rows = [clip(f"{number:016x}{0:016x}").model_dump() for number in batch["id"].tolist()]
    return {name: [row[name] for row in rows] for name in ("clip_id", "source_id", "duration_s", "num_frames")}


def run(num_clips: int, batch: int, workers: int) -> Run:
    import ray

    warnings.filterwarnings("ignore", message="The minimum number of concurrent actors")  # of few clips
    ray.init(address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars, context.wait_for_min_actors_s = False, _TIME_TO_START_S
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    num_batches, names = -(-num_clips // batch), [f"noop_{number}" for number in range(1, NUM_STAGES)]
    share = workers / 100  # of a CPU; as many tasks or actors of a kind at once as there are workers, never more
    tasks = ray.data.TaskPoolStrategy(size=workers)
    data = ray.data.range(num_clips, override_num_blocks=num_batches)
    data = data.map_batches(clips, batch_size=batch, compute=tasks, num_cpus=share)
    for name in names:
        pool = ray.data.ActorPoolStrategy(size=workers)
        data = data.map_batches(Number, fn_constructor_args=(name,), batch_size=batch, compute=pool, num_cpus=share)
    with tempfile.TemporaryDirectory(prefix="audiocot-ray-data-") as folder:
        asked, cpu = time.time(), time.process_time()
        data.write_parquet(folder, concurrency=workers, ray_remote_args={"num_cpus": share})
        ended, cpu_s = time.time(), time.process_time() - cpu
        made = pq.read_table(folder, columns=names)
    assert made.num_rows == num_clips, f"{made.num_rows} of {num_clips} clips came out"
    started = max(pc.max(made[name]).as_py() for name in names)
    cells = num_batches * NUM_STAGES
    return Run(num_clips, batch, workers, started - asked, ended - started, cpu_s, peak_memory_mb(), 0.0, cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, required=True)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    print(json.dumps(asdict(run(given.clips, given.batch, given.workers))))


if __name__ == "__main__":
    main()
