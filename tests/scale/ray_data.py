"""The no-op grid's work in Ray Data, in a process of its own: prints what it took as JSON.

    python -m tests.scale.ray_data --clips 1000 --batch 16 --workers 2

The same rows through the same number of stages, each an actor pool of the same size with the same batch size, and one Parquet
file per batch at the end. Ray Data keeps nothing in between: a stage that fails costs everything before it again, where a cell
of ours has its rows on disk. All pools are open at once; each actor is given a small share of a CPU so that they fit.
"""

import argparse
import json
import logging
import tempfile
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.cell import peak_memory_mb
from tests.scale.noop import NUM_STAGES, clip
from tests.scale.run import Run


class Number:
    """One number per clip."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {**batch, self.name: np.ones(len(batch["clip_id"]))}


def clips(batch: dict[str, Any]) -> dict[str, Any]:
    rows = [clip(f"{number:016x}{0:016x}").model_dump() for number in batch["id"].tolist()]
    return {name: [row[name] for row in rows] for name in ("clip_id", "source_id", "duration_s", "num_frames")}


def run(num_clips: int, batch: int, workers: int) -> Run:
    import ray

    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    started = time.perf_counter()

    def graph(count: int, folder: str) -> None:
        data = ray.data.range(count, override_num_blocks=-(-count // batch)).map_batches(clips, batch_size=batch, num_cpus=0.1)
        for number in range(1, NUM_STAGES):
            pool = ray.data.ActorPoolStrategy(size=workers)
            data = data.map_batches(
                Number, fn_constructor_args=(f"noop_{number}",), batch_size=batch, compute=pool, num_cpus=workers / 100
            )
        data.write_parquet(folder)

    with tempfile.TemporaryDirectory(prefix="audiocot-ray-data-") as folder:
        graph(batch, f"{folder}/first")  # libraries are loaded in Ray's processes
        begun, cpu = time.perf_counter(), time.process_time()
        graph(num_clips, f"{folder}/all")
        seconds = time.perf_counter() - begun
    cells = -(-num_clips // batch) * NUM_STAGES
    return Run(num_clips, batch, workers, begun - started, seconds, time.process_time() - cpu, peak_memory_mb(), 0.0, cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, required=True)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    print(json.dumps(asdict(run(given.clips, given.batch, given.workers))))


if __name__ == "__main__":
    main()
