"""A Prefect server for the time of one command, for people who have none.

Prefect would start one by itself, but leave it running when the command is killed. This one lives exactly as long as the
command: it holds the other end of a pipe and goes when the pipe breaks, whatever broke it. With PREFECT_API_URL configured,
nothing is started. Runs are recorded in the user's own PREFECT_HOME, as with a server of Prefect's own.
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

import httpx

from schemas.errors import ResourceError

STARTUP_LIMIT_S = 90.0


@contextmanager
def prefect_server() -> Iterator[None]:
    """Within the block, flows have a server. ResourceError if it does not start."""
    from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, get_current_settings, temporary_settings

    if get_current_settings().api.url:
        yield
        return
    port = _free_port()
    environment = os.environ | {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.server", str(port)],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            env=environment,
        )
        try:
            if not _is_up(process, f"http://127.0.0.1:{port}/api/health"):
                said.seek(0)
                last = said.read().decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
                raise ResourceError(f"Prefect's server must start within {STARTUP_LIMIT_S:g} s but did not: {last[0]}")
            # logs sent to a server that is about to go would only fail
            with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api", PREFECT_LOGGING_TO_API_ENABLED: False}):
                yield
        finally:
            process.terminate()
            process.wait()


def _is_up(process: "subprocess.Popen[bytes]", url: str) -> bool:
    deadline = time.monotonic() + STARTUP_LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=5).is_success:
                return True
        except httpx.HTTPError:
            pass  # not listening yet
        time.sleep(0.05)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _exit_with_parent() -> None:
    """Reads until the pipe from the parent breaks: nothing is ever written to it."""
    sys.stdin.buffer.read()
    os._exit(0)


def _serve(port: int) -> None:
    import uvicorn

    threading.Thread(target=_exit_with_parent, daemon=True).start()
    uvicorn.run(
        "prefect.server.api.server:create_app", factory=True, host="127.0.0.1", port=port, log_level="error", lifespan="on"
    )


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
