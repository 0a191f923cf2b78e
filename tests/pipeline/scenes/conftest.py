"""Four rendered scenes, shared by the tests of this folder."""

from pathlib import Path

import pytest

from pipeline.scenes import SceneTruth, load_truth, render_scenes

SEEDS = (102, 108, 114, 120)  # bird, unseen rain, silent walker; clocks alike and a door; horn and unseen rain; ball and horn


@pytest.fixture(scope="session")
def rendered_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_scenes(tmp_path_factory.mktemp("scenes"), SEEDS)


@pytest.fixture(scope="session")
def truths(rendered_dir: Path) -> list[SceneTruth]:
    return load_truth(rendered_dir)
