"""A server that speaks S3's protocol over HTTP, in a process of its own: moto's, on a free port of this machine.

It keeps objects in memory and checks no credentials. Its log is one line per request, which is how requests are counted.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REQUEST = re.compile(r'"([A-Z]+) (\S+) HTTP')


class S3Server:
    """`environment` is what a process needs to find it; what it says nothing about comes from nowhere else."""

    def __init__(self, endpoint: str, log: Path) -> None:
        self.endpoint = endpoint
        self.environment = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._log = log

    def requests(self, since: int = 0) -> Counter[str]:
        """Requests by kind, of the log from byte `since` on: PUT, GET, HEAD, DELETE, POST, and LIST."""
        with self._log.open("rb") as log:
            log.seek(since)
            lines = _REQUEST.findall(log.read().decode())
        return Counter("LIST" if "list-type=2" in path else verb for verb, path in lines)

    @property
    def mark(self) -> int:
        """Where the log is now."""
        return self._log.stat().st_size


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """The server, until the block ends. `folder`: for its log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "requests.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as sink, subprocess.Popen(command, stdout=sink, stderr=sink, start_new_session=True) as process:
        try:
            _wait_for(port, process)
            yield S3Server(f"http://127.0.0.1:{port}", log)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"the S3 server does not listen on port {port}")
