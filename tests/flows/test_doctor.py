"""The doctor: it finds what is there, names what is missing with the remedy, and never shows a key."""

import json
import sys
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from annotators.registry import BACKENDS
from flows.cli import app
from flows.doctor import KEYS, backend_state, diagnose, find_ffmpeg
from pipeline.executors import usable_cores
from pipeline.media.ffmpeg import ffmpeg_exe

SECRET = "sk-do-not-show-me"


def test_the_doctor_finds_what_builds_use() -> None:
    found = diagnose({})
    assert found.ffmpeg.path == ffmpeg_exe()
    assert found.ffmpeg.version
    assert found.num_cores >= 1
    assert 0 < found.memory_available_gb <= found.memory_gb
    assert found.disk_free_gb > 0
    assert found.packages["pyarrow"]
    assert {(backend.role, backend.name) for backend in found.backends} == {
        (role, name) for role, names in BACKENDS.items() for name in names
    }


def test_keys_are_set_or_not_set_and_their_values_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert diagnose({"HF_TOKEN": SECRET}).keys["HF_TOKEN"] is True
    text = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["doctor"])
    machine = CliRunner().invoke(app, ["doctor", "--json"])
    assert (text.exit_code, machine.exit_code) == (0, 0)
    assert "OPENAI_API_KEY set" in text.stdout
    assert "HF_TOKEN not set" in text.stdout
    assert json.loads(machine.stdout)["keys"]["OPENAI_API_KEY"] is True
    assert SECRET not in text.output + machine.output


def test_the_doctor_does_not_import_torch() -> None:
    diagnose({})
    assert "torch" not in sys.modules


def test_the_embedded_models_can_run_here() -> None:
    for role, names in BACKENDS.items():
        for name in ("instruments", "motion", "template"):
            if name in names:
                assert backend_state(role, name).lacks == []


def test_a_backend_tells_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Needy:
        @classmethod
        def lacks(cls) -> list[str]:
            return ["a GPU with 24 GB"]

    module = types.ModuleType("needy")
    module.Needy = Needy  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "needy", module)
    monkeypatch.setitem(BACKENDS["tracker"], "needy", "needy:Needy")
    state = backend_state("tracker", "needy")
    assert state.lacks == ["a GPU with 24 GB"]
    assert not state.can_run


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')", "pip install 'audiocot[models]'"),
        ("raise ModuleNotFoundError(\"No module named 'vllm.engine'\", name='vllm.engine')", "pip install 'audiocot[vllm]'"),
        ("raise OSError('libcuda is broken')", "does not load: OSError: libcuda is broken"),
    ],
)
def test_a_backend_that_cannot_be_imported_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    (tmp_path / "broken_backend.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(BACKENDS["tracker"], "broken", "broken_backend:Broken")
    (lack,) = backend_state("tracker", "broken").lacks
    assert words in lack


def test_a_missing_ffmpeg_is_a_finding_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr("flows.doctor.ffmpeg_exe", missing)
    tool = find_ffmpeg()
    assert tool.path is None
    assert "install ffmpeg" in (tool.problem or "")


def test_cores_are_those_this_process_may_use() -> None:
    assert 1 <= usable_cores() <= 4096
