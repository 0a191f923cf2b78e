"""The Prefect server of one command: there for as long as the command, gone with it, whatever ended it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from flows.server import prefect_server
from schemas.errors import ResourceError

REPOSITORY = Path(__file__).resolve().parents[2]
HOLDS_A_SERVER = """
import time
from flows.server import prefect_server
from prefect.settings import PREFECT_API_URL
with prefect_server() as server, server.up():
    print(PREFECT_API_URL.value(), flush=True)
    time.sleep(600)
"""


def servers(parent: psutil.Process) -> list[psutil.Process]:
    """The servers of ours that a process has started."""
    return [child for child in parent.children() if "flows.server" in " ".join(child.cmdline())]


def is_gone(process: psutil.Process, limit_s: float = 20.0) -> bool:
    """Whether a process ends within the limit. What nobody waits for any more is gone, too."""
    deadline = time.monotonic() + limit_s
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def command() -> Iterator[subprocess.Popen[str]]:
    """A process of its own that holds a server; it says where, when the server is up."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS_A_SERVER], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_server_goes_when_its_command_is_killed(command: subprocess.Popen[str]) -> None:
    assert command.stdout is not None
    url = command.stdout.readline().strip()
    (server,) = servers(psutil.Process(command.pid))
    assert httpx.get(f"{url}/health").json() is True
    command.send_signal(signal.SIGKILL)
    command.wait()
    if not is_gone(server):
        server.kill()
        pytest.fail("the server outlived its command by 20 s")
    with pytest.raises(httpx.NetworkError):  # refused, or reset while the system still clears the socket away
        httpx.get(f"{url}/health")


def test_with_a_server_configured_none_is_started() -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    configured = "http://127.0.0.1:1/api"  # nobody answers there, and nobody needs to
    before = servers(psutil.Process())
    with temporary_settings({PREFECT_API_URL: configured}), prefect_server() as server, server.up():
        assert servers(psutil.Process()) == before
        assert PREFECT_API_URL.value() == configured


def test_with_a_server_in_the_environment_the_one_on_its_way_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with prefect_server():
        (process,) = servers(psutil.Process())
        assert process.wait(timeout=90) == 0


def test_a_server_that_cannot_start_is_one_line_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\necho 'Traceback: many lines'\necho 'the disk is full' >&2\nexit 1\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    with pytest.raises(ResourceError) as caught, prefect_server() as server, server.up():
        pytest.fail("the block must not run")
    assert str(caught.value) == "Prefect's server must start within 180 s but did not: the disk is full"
