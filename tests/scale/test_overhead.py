"""What holds whatever the machine is doing: a clip costs the engine little, and memory does not grow with their number."""

import json
import subprocess
import sys

import pytest

from tests.scale.run import Run


def run(clips: int) -> Run:
    command = [sys.executable, "-m", "tests.scale.run", "--clips", str(clips), "--shard", "50", "--executor", "local"]
    return Run(**json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


@pytest.fixture(scope="module")
def runs() -> tuple[Run, Run]:
    return run(100), run(2000)


def test_a_clip_costs_a_stage_that_does_nothing_little(runs: tuple[Run, Run]) -> None:
    assert runs[1].ms_per_clip_stage < 5, "0.2 ms where nothing else runs"


def test_memory_does_not_grow_with_the_number_of_clips(runs: tuple[Run, Run]) -> None:
    few, many = runs
    assert many.driver_peak_mb < few.driver_peak_mb + 40
    assert many.worker_peak_mb < few.worker_peak_mb + 40
