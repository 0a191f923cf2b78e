"""What a command does not wait for when it starts: libraries that take long to import and that it does not need yet."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SLOW = (
    "librosa",
    "numba",
    "openai",
    "prefect",
    "pyloudnorm",
    "ray",
    "scipy.signal",
    "scipy.special",
    "scipy.stats",
    "sklearn",
)
PLANS_A_BUILD = """
from flows.build import build_dataset, build_settings
from flows.recipe import load_recipe
settings = build_settings(load_recipe(None, []), source="nowhere")
"""
IS_A_WORKER = f"""{PLANS_A_BUILD}
from pipeline.worker import CellWork, Worker
Worker()
"""
SHOWS_THE_STATUS = """
import tempfile
from flows.cli import app
from schemas.layout import Dataset
with tempfile.TemporaryDirectory() as folder:
    root = Dataset.create(f"{folder}/dataset").url
    app(["status", "--root", root, "--json"], standalone_mode=False)
"""


@pytest.mark.parametrize("program", [PLANS_A_BUILD, IS_A_WORKER, SHOWS_THE_STATUS])
def test_what_takes_long_to_import_is_not_imported_before_it_is_used(program: str) -> None:
    told = f"{program}\nimport sys\nprint('imported:', *sorted(set({SLOW!r}) & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", told], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "imported:"
