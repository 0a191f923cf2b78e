"""Every test finds a process that knows nothing about any server."""

import pytest

from annotators.serving import capabilities


@pytest.fixture(autouse=True)
def _no_memory_of_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "_KNOWN", {})
