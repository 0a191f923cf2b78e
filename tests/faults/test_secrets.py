"""A key never leaves the memory of the program: not through logs, records, errors, Prefect, Ray, replies or releases."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.pipeline.media.rendering import clicks, render_video
from tests.serving.standin import Standin

REPOSITORY = Path(__file__).resolve().parents[2]
CANARY = "sk-CANARY-0123456789abcdefghij"


class Echo(Standin):
    """Repeats the Authorization header in every third reply's error, and in every word of the others."""

    _count = 0

    async def _reply(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str], Any]:
        self._count += 1
        told = headers.get("authorization", "none")
        if self._count % 3 == 0:
            status = (400, 500, 429)[self._count // 3 % 3]
            return status, {}, {"error": {"message": f"wrong: you sent {told}", "type": told, "code": told}}
        status, extra, body = await super()._reply(path, headers, raw)
        if status == 200 and "choices" in body:
            for choice in body["choices"]:
                choice["message"]["content"] = _with(choice["message"]["content"], told)
        return status, extra, body


def _with(content: str, told: str) -> str:
    try:
        answer = json.loads(content)
    except json.JSONDecodeError:
        return f"{content} {told}"
    return json.dumps({name: f"{text} {told}" if isinstance(text, str) else text for name, text in answer.items()})


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Ray's sockets have room for 100 characters."""
    with tempfile.TemporaryDirectory(prefix="cot") as folder:
        yield Path(folder)


def test_a_build_with_a_server_that_repeats_the_key_writes_it_nowhere(tmp_path: Path, short_folder: Path) -> None:
    render_video(tmp_path / "source.mp4", clicks([0.5, 1.5], 3.0))
    with Echo() as server:
        ended = _build(
            tmp_path,
            short_folder,
            "stages.caption_audio.backend=openai",
            f"stages.caption_audio.params={{model: tiny, base_url: '{server.url}', max_retries: 3, structured: json_schema}}",
        )
        assert server.served
        assert any(CANARY in served.headers.get("authorization", "") for served in server.served)
    assert "Traceback" not in ended.stderr or "--debug" in ended.args
    assert CANARY not in ended.stdout + ended.stderr
    assert (tmp_path / "root" / "runs").is_dir()
    assert (short_folder / "prefect" / "prefect.db").exists()
    assert list((short_folder / "ray").rglob("*.log")) or list((short_folder / "ray").rglob("*.out"))
    assert _holders(tmp_path / "root", short_folder) == []


def test_a_key_in_a_recipe_is_refused_before_anything_is_written(tmp_path: Path, short_folder: Path) -> None:
    render_video(tmp_path / "source.mp4", clicks([0.5], 2.0))
    ended = _build(
        tmp_path, short_folder, "stages.caption_audio.backend=openai", f"stages.caption_audio.params.api_key={CANARY}"
    )
    assert ended.returncode == 2
    assert "environment variable" in ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    assert not (tmp_path / "root").exists()
    assert _holders(short_folder) == []


class SignedFile(SimpleHTTPRequestHandler):
    """One file, for whoever brings the signature."""

    def translate_path(self, path: str) -> str:
        name, _, query = path.partition("?")
        return super().translate_path(name if CANARY in query else "/nothing")

    def log_message(self, *_: object) -> None:
        """Its log is nobody's."""


@pytest.fixture
def signed_url(tmp_path: Path) -> Iterator[str]:
    """A URL that works with its signature alone, as stores give them to strangers."""
    render_video(tmp_path / "source.mp4", clicks([0.5, 1.5], 3.0))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SignedFile, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/source.mp4?X-Amz-Signature={CANARY}"
        server.shutdown()


def test_the_signature_of_a_source_stands_in_the_private_listing_and_nowhere_else(
    signed_url: str, tmp_path: Path, short_folder: Path
) -> None:
    """Workers and later builds open the source by it. A release holds neither the listing nor the URL."""
    ended = _build(tmp_path, short_folder, source=signed_url)
    assert ended.returncode == 0, ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    root = tmp_path / "root"
    assert {path.relative_to(root).parts[:-2] for path in _holders(root)} == {
        ("tables", "listing"),
        ("spare", "tables", "listing"),
    }
    assert _holders(short_folder) == []


def test_the_signature_of_a_source_that_cannot_be_had_is_not_told(signed_url: str, tmp_path: Path, short_folder: Path) -> None:
    ended = _build(tmp_path, short_folder, source=signed_url.replace("source.mp4", "other.mp4"))
    assert ended.returncode == 2
    assert "other.mp4 does not exist" in ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    assert _holders(tmp_path, short_folder) == []


def _build(folder: Path, short_folder: Path, *overrides: str, source: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PREFECT_API_URL", "RAY_ADDRESS")}
    environment |= {
        "OPENAI_API_KEY": CANARY,
        "PREFECT_HOME": str(short_folder / "prefect"),
        "RAY_TMPDIR": str(short_folder / "ray"),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
    }
    command = [
        sys.executable,
        "-m",
        "flows",
        "--debug",
        "build",
        "--source",
        source or str(folder / "source.mp4"),
        "--root",
        str(folder / "root"),
    ]
    command += ["--workers", "1", *(word for override in overrides for word in ("--set", override))]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=280)


def _holders(*folders: Path) -> list[Path]:
    """Files that hold the key. Parquet is compressed, so it is read."""
    found = []
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        content = str(pq.read_table(path).to_pylist()).encode() if path.suffix == ".parquet" else path.read_bytes()
        if CANARY.encode() in content:
            found.append(path)
    return found
