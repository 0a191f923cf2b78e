"""Every test finds a process that knows nothing about any server, and a key that must never be seen."""

import pytest

from annotators.serving import capabilities
from tests.annotators.serving.asking import SECRET


@pytest.fixture(autouse=True)
def _no_memory_of_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "_KNOWN", {})
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
