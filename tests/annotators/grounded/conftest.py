"""Checkpoints and trackers, made once per module."""

from pathlib import Path

import pytest

from annotators.grounded.tracker import GroundedTracker
from tests.annotators.grounded.trackers import KINDS, make
from tests.checkpoints import grounding_dino


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Grounding DINO."""
    return grounding_dino.make(tmp_path_factory.mktemp("dino"))


@pytest.fixture(scope="module", params=KINDS, ids=lambda pair: pair[0].__name__)
def tracker(request: pytest.FixtureRequest, detector: Path, tmp_path_factory: pytest.TempPathFactory) -> GroundedTracker:
    """Each of the two, loaded."""
    kind, maker = request.param
    made = make(kind, maker(tmp_path_factory.mktemp("sam2")), detector)
    made.load()
    return made
