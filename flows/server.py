"""A Prefect server for the time of one command, for people who have none.

Prefect would start one by itself, but leave it running when the command is killed, and only when the flow begins. This one
lives exactly as long as the command: it holds the other end of a pipe and goes when the pipe breaks, whatever broke it. It is
started first of all, because it takes seconds in which the command can load what it needs and start its workers. With
PREFECT_API_URL configured there is none. Runs are recorded in the user's own PREFECT_HOME, as with a server of Prefect's own.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from schemas.errors import ResourceError

STARTUP_LIMIT_S = 180.0  # of a machine where everything else runs, too
_SETTINGS = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


@contextmanager
def prefect_server() -> Iterator["PrefectServer"]:
    """Begins to start a server; within `with server.up()` flows have it. It is gone after the block."""
    with tempfile.TemporaryFile() as said:
        with socket.create_server(("127.0.0.1", 0)) as listening:  # who asks too early waits in the queue of the socket
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
            process = subprocess.Popen(
                [sys.executable, "-m", "flows.server", str(listening.fileno())],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env=os.environ | _SETTINGS,
                pass_fds=[listening.fileno()],
            )
        try:
            yield PrefectServer(process, url, said)
        finally:
            process.terminate()
            process.communicate()


class PrefectServer:
    """A server that was started a moment ago. `said`: its output."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, said: IO[bytes]) -> None:
        self._process = process
        self._url = url
        self._said = said

    @contextmanager
    def up(self) -> Iterator[None]:
        """Waits until the server answers. ResourceError if it does not within the limit."""
        from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

        if is_server_configured():
            self._process.terminate()
            self._process.wait()
            yield
            return
        if not self._answers():
            self._said.seek(0)
            last = self._said.read().decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise ResourceError(f"Prefect's server must start within {STARTUP_LIMIT_S:g} s but did not: {last[0]}")
        # logs sent to a server that is about to go would only fail
        with temporary_settings({PREFECT_API_URL: self._url, PREFECT_LOGGING_TO_API_ENABLED: False}):
            yield

    def _answers(self) -> bool:
        import httpx

        deadline = time.monotonic() + STARTUP_LIMIT_S
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(f"{self._url}/health", timeout=5).is_success:
                    return True
            except httpx.HTTPError:
                time.sleep(0.05)  # not up yet, or gone
        return False


def is_server_configured() -> bool:
    """Whether the user has a Prefect server: by the environment, a profile or a file of settings."""
    from prefect.settings import get_current_settings

    return bool(get_current_settings().api.url)


def _exit_with_parent() -> None:
    """Reads until the pipe from the parent breaks: nothing is ever written to it."""
    sys.stdin.buffer.read()
    os._exit(0)


def _serve(descriptor: int) -> None:
    if is_server_configured():
        return
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    import uvicorn

    config = uvicorn.Config("prefect.server.api.server:create_app", factory=True, log_level="error", lifespan="on")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
