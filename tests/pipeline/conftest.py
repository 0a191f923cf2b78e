"""A small dataset, built once per test session from rendered scenes with the default recipe and the local executor."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.build import build_settings
from flows.recipe import Recipe
from pipeline.build import Build, BuildReport
from pipeline.plan import Plan
from pipeline.progress import SilentProgress
from pipeline.scenes import render_scenes
from schemas.layout import Dataset

SEEDS = (201, 202, 203)
RECIPE: dict[str, Any] = {"name": "test", "sources_per_shard": 2, "release": {"shard_mb": 0.5}}


@dataclass(frozen=True)
class Built:
    """A dataset with the plan and the report of its last build."""

    dataset: Dataset
    plan: Plan
    report: BuildReport
    source: Path


def build(source: Path, root: Path | str, executor: str = "local", **recipe: Any) -> Built:
    """All phases of a build, as the flow runs them."""
    from flows.build import PHASES

    settings = build_settings(Recipe.model_validate(RECIPE | recipe), source=str(source), executor=executor, workers=None)
    dataset = Dataset.create(str(root))
    with Build(dataset, settings, SilentProgress()) as running:
        running.scan()
        for phase, stages in PHASES.items():
            running.run_stages(phase, stages)
        running.pack()
        return Built(dataset, settings.plan, running.publish(), source)


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three rendered scenes; `videos` and `truth` inside."""
    return render_scenes(tmp_path_factory.mktemp("scenes"), SEEDS)


@pytest.fixture(scope="session")
def source(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user's folder looks like: videos, a copy of one under another name, sub-folders, and a file that is no media."""
    folder = tmp_path_factory.mktemp("source")
    videos = sorted((scenes / "videos").iterdir())
    (folder / "deep" / "er").mkdir(parents=True)
    shutil.copy(videos[0], folder / "a.mp4")
    shutil.copy(videos[0], folder / "deep" / "the same again.mp4")
    shutil.copy(videos[1], folder / "deep" / "er" / "with spaces & ünïcode.mp4")
    shutil.copy(videos[2], folder / "c.x.y.mp4")
    (folder / "notes.txt").write_text("not a video")
    (folder / "empty.mp4").touch()
    return folder


@pytest.fixture(scope="session")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The dataset of that folder. Tests must not change it; `copy_of` gives one that they may."""
    return build(source, tmp_path_factory.mktemp("built") / "dataset")


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Built], Dataset]:
    def copy(built: Built) -> Dataset:
        shutil.copytree(built.dataset.url, tmp_path / "copy")
        return Dataset.open(str(tmp_path / "copy"))

    return copy
