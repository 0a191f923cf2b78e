"""A real vLLM server with a tiny checkpoint: started on a free port, waited for, and stopped by its own process group."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

_STARTS_WITHIN_S = 270.0
_STOPS_WITHIN_S = 30.0
_TAIL_CHARS = 4000


@dataclass(frozen=True)
class VllmServer:
    """`url`: what `base_url` takes. `model`: its name at the server."""

    url: str
    model: str
    log: Path


@contextmanager
def vllm_server(checkpoint: Path, log: Path, max_model_len: int) -> Iterator[VllmServer]:
    """The checkpoint, served as the folder's name. Raises RuntimeError with the end of the log if it does not come up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--port", str(port),
        "--model", str(checkpoint), "--served-model-name", checkpoint.name, "--max-model-len", str(max_model_len),
        "--dtype", "float32", "--enforce-eager",
        # vLLM 0.32 dies of a prompt with a seed that it reads in pieces on a CPU
        "--no-enable-chunked-prefill", "--max-num-batched-tokens", str(max_model_len),
        "--structured-outputs-config", json.dumps({"backend": "xgrammar", "disable_any_whitespace": True}),
    ]  # fmt: skip
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)
    try:
        _wait(process, f"http://127.0.0.1:{port}/health", log)
        yield VllmServer(f"http://127.0.0.1:{port}/v1", checkpoint.name, log)
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"vLLM ended with code {process.returncode}:\n{_tail(log)}")
        try:
            if httpx.get(url, timeout=5.0).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise RuntimeError(f"vLLM was not up within {_STARTS_WITHIN_S:g} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-_TAIL_CHARS:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """The server, then whatever of its engine is left: an engine that outlives its server would starve the next one."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, left = psutil.wait_procs(family, timeout=_STOPS_WITHIN_S)
    for child in left:
        child.kill()
