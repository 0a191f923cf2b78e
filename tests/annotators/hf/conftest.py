"""Each architecture, made and loaded once for all tests here."""

import pytest

from tests.annotators.hf.architectures import ARCHITECTURES, Architecture, Loaded, opened


@pytest.fixture(scope="session", params=ARCHITECTURES, ids=lambda one: one.name)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    one: Architecture = request.param
    folder = one.make(tmp_path_factory.mktemp(one.name))
    return Loaded(one, folder, opened(folder, one.family))
