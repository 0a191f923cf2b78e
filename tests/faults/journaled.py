"""A build that notes every cell it begins, in a file that outlives it: so what was done twice can be counted.

`python -m tests.faults.journaled SOURCE ROOT JOURNAL EXECUTOR TASKS PAUSE_S` runs all phases without Prefect, one source to a
shard. A line is written by the worker when it begins a cell, so a cell that is killed half-way and done again has two. Each
cell takes PAUSE_S longer than it needs, so that there is work left to disturb however quick the machine is.
"""

import json
import os
import sys
import time
from dataclasses import replace
from typing import Any

from flows.build import build_settings, run_phases
from flows.recipe import make_recipe
from pipeline.build import Build, BuildSettings
from pipeline.plan import Plan
from pipeline.progress import SilentProgress
from schemas.errors import AudiocotError
from schemas.layout import Dataset


class Journaled:
    """A stage that writes a line before it does a cell, takes its time, and is otherwise what it was."""

    def __init__(self, stage: Any, journal: str, pause_s: float) -> None:
        self.stage = stage
        self.journal = journal
        self.pause_s = pause_s

    def __getattr__(self, name: str) -> Any:
        if name in ("stage", "journal", "pause_s") or name.startswith("__"):  # asked for while it is unpickled
            raise AttributeError(name)
        return getattr(self.stage, name)

    def run(self, cell: Any) -> Any:
        handle = os.open(self.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, f"{self.stage.name} {cell.shard}\n".encode())
        os.close(handle)
        time.sleep(self.pause_s)
        return self.stage.run(cell)


def settings_of(source: str, journal: str, executor: str, tasks: str, pause_s: str) -> BuildSettings:
    recipe = make_recipe(
        {
            "sources_per_shard": 1,
            "tasks": json.loads(tasks),
            "ingest": {"min_s": 1, "preset": "ultrafast"},
            "release": {"shard_mb": 1},
        }
    )
    settings = build_settings(recipe, source=source, executor=executor)
    stages = (replace(planned, stage=Journaled(planned.stage, journal, float(pause_s))) for planned in settings.plan.stages)
    return replace(settings, plan=Plan(tuple(stages)))


def main(source: str, root: str, journal: str, executor: str, tasks: str, pause_s: str) -> None:
    try:
        with Build(Dataset.create(root), settings_of(source, journal, executor, tasks, pause_s), SilentProgress()) as build:
            report = run_phases(lambda name, phase: phase(build))
    except AudiocotError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(json.dumps(report.to_json()))


if __name__ == "__main__":
    main(*sys.argv[1:])
