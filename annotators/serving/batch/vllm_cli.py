"""`vllm run-batch`: the same files, answered by a model on this machine in a process of its own.

The program reads a file, loads the model, answers everything and writes all results at its end. It is found again by the name
of its file among the processes of the machine, so that a build that was killed goes on waiting for the run that it began. It
runs where the driver runs, beside no other: it takes the whole GPU.
"""

import logging
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from annotators.serving.batch.record import BatchFolder, Record
from annotators.serving.batch.server import Look
from annotators.serving.params import ServerParams
from annotators.weights import missing_packages
from schemas.errors import ModelError
from schemas.fingerprint import fingerprint

log = logging.getLogger(__name__)
_STOPS_WITHIN_S = 30.0
_PROGRESS = re.compile(r"(\d+)/\d+ \[")  # of tqdm, "12/345 [00:06<…"


class VllmRuns:
    """ModelError if vLLM is not installed. Its files, with the log, stay in a temporary folder, `folder`."""

    def __init__(self, params: ServerParams, batches: BatchFolder) -> None:
        if missing := missing_packages("vllm"):
            raise ModelError(f"batch=vllm needs vLLM: {missing[0]}")
        self._params = params
        name = fingerprint(root=batches.storage.url, cells=batches.cells)[:16]
        self.folder = Path(tempfile.gettempdir()) / f"audiocot-batches-{name}"
        self._own: dict[str, subprocess.Popen[bytes]] = {}

    def upload(self, name: str, lines: Iterable[bytes]) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.jsonl"
        _results(path).unlink(missing_ok=True)
        with path.open("wb") as file:
            file.writelines(lines)
        return str(path)

    def create(self, name: str, file_id: str, uploaded_at: float) -> str:
        path = Path(file_id)
        named = () if "--model" in self._params.batch_vllm_args else ("--model", self._params.model)
        command = [
            sys.executable, "-m", "vllm.entrypoints.cli.main", "run-batch", "-i", str(path), "-o", str(_results(path)),
            *named, "--served-model-name", self._params.model, *self._params.batch_vllm_args,
        ]  # fmt: skip
        with _log(path).open("wb") as output:  # in a session of its own: an interrupt of the build is not one of the program
            self._own[file_id] = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        return file_id

    def find(self, file_id: str, uploaded_at: float) -> str | None:
        return file_id if _process(file_id) or _results(Path(file_id)).exists() else None

    def look(self, record: Record) -> Look:
        path = Path(record.file_id)
        own = self._own.get(record.file_id)
        if own and own.poll() is not None and (own.returncode or not _results(path).exists()):
            said = f"vllm run-batch ended with code {own.returncode}: {_last_line(_log(path))}; see {_log(path)}"
            if not _results(path).exists():
                return Look("refused", said=said)
            log.warning("%s; what it wrote is taken in", said)
        if (own and own.returncode is None) or _process(record.file_id):
            return Look("running", _num_done(_log(path)), "running")
        return Look("ended" if _results(path).exists() else "lost")

    def results(self, record: Record) -> Iterator[bytes]:
        with _results(Path(record.file_id)).open("rb") as source:
            yield from source

    def close(self) -> None:
        """End what was started here: it would keep the GPU from those who come next."""
        for process in self._own.values():
            if process.poll() is not None:
                continue
            family = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            try:
                process.wait(_STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _, left = psutil.wait_procs(family, timeout=_STOPS_WITHIN_S)
            for child in left:
                child.kill()


def _results(path: Path) -> Path:
    return path.with_suffix(".results.jsonl")


def _log(path: Path) -> Path:
    return path.with_suffix(".log")


def _process(file_id: str) -> psutil.Process | None:
    """The program that has this file for its input."""
    for process in psutil.process_iter(["cmdline", "status"]):
        if file_id in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE:
            return process
    return None


def _last_line(path: Path) -> str:
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()] if path.exists() else []
    return " ".join(lines[-1].split())[:300] if lines else "it said nothing"


def _num_done(path: Path) -> int:
    found = _PROGRESS.findall(path.read_text(errors="replace")) if path.exists() else []
    return int(found[-1]) if found else 0
