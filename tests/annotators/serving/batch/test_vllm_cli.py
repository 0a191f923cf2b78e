"""`vllm run-batch` as a process: found again after a kill, ended with its build, and an error of it is one clear line.

A small program stands in for it here; `test_run_batch` asks the real one.
"""

import importlib.util
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from annotators.chat.request import Reply
from annotators.serving.batch.filling import Filling, Standing
from annotators.serving.batch.record import BatchFolder
from annotators.serving.batch.vllm_cli import VllmRuns
from annotators.serving.gate import LocalGate
from annotators.serving.params import ServerParams
from schemas.errors import ModelError, Rejected, ServerError
from tests.annotators.serving.asking import question
from tests.annotators.serving.batch.collecting import answers, collect, folder_of

PROGRAM = Path(__file__).parent / "program"
PARAMS = ServerParams(model="tiny", batch="vllm", batch_poll_s=0.01)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The stand-in on the path of this process and of those it starts; temporary files where they can be looked at."""
    monkeypatch.syspath_prepend(str(PROGRAM))
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM))
    monkeypatch.setenv("STANDIN_WAITS", "1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    importlib.invalidate_caches()


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return folder_of(tmp_path / "root")


@pytest.fixture
def runs(program: None, folder: BatchFolder) -> Iterator[VllmRuns]:
    with closing(VllmRuns(PARAMS, folder)) as opened:
        yield opened


def advance(filling: Filling, num_open: int | None = None) -> Standing:
    """Until it is finished, or so many are open with a process that has read its file."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        standing = filling.advance()
        if standing.is_finished or (num_open == standing.num_open and standing.num_done):
            return standing
        time.sleep(0.01)
    raise AssertionError("not finished within 30 s")


def test_a_file_is_answered_by_a_process_and_found_by_the_cells_without_a_server(runs: VllmRuns, folder: BatchFolder) -> None:
    asked = [question(f"clip{n}", f"{n}?") for n in range(4)]
    collect(folder, PARAMS, asked)
    filling = Filling(folder, 0, PARAMS, LocalGate(), runs, most_open=1)
    standing = advance(filling, num_open=1)
    assert (standing.num_done, standing.said, standing.is_finished) == (2, "1 running", False)
    (runs.folder / "go").touch()
    advance(filling)
    replies, paid = answers(folder, PARAMS, asked)
    assert [reply.texts for reply in replies if isinstance(reply, Reply)] == [(f"{n}? Yes.",) for n in range(4)]
    assert [(used.num_calls, used.prompt_tokens, used.usd) for used in paid] == [(1, 5, None)] * 4


def test_what_the_program_refused_and_what_it_never_saw_are_told_apart_without_a_server(
    runs: VllmRuns, folder: BatchFolder
) -> None:
    asked = [question("a", "this is too long"), question("b")]
    collect(folder, PARAMS, asked)
    filling = Filling(folder, 0, PARAMS, LocalGate(), runs, most_open=1)
    advance(filling, num_open=1)
    (runs.folder / "go").touch()
    advance(filling)
    (refused, answered, unseen), _ = answers(folder, PARAMS, [*asked, question("c", "unseen")])
    assert isinstance(answered, Reply)
    assert refused == Rejected("request_refused", "HTTP 400: The decoder prompt is too long")
    assert isinstance(unseen, Rejected)
    assert unseen.code == "server_error"
    assert "base_url" in unseen.message


def test_one_file_is_answered_at_a_time(runs: VllmRuns, folder: BatchFolder) -> None:
    params = PARAMS.model_copy(update={"batch_requests": 2})
    collect(folder, params, [question(f"clip{n}", f"{n}?") for n in range(6)])
    filling = Filling(folder, 0, params, LocalGate(), runs, most_open=1)
    assert advance(filling, num_open=1).num_open == 1
    (runs.folder / "go").touch()
    advance(filling)
    assert [record.num_answered for record in folder.records()] == [2, 2, 2]


def test_a_run_that_outlived_its_build_is_waited_for_and_not_begun_again(
    runs: VllmRuns, program: None, folder: BatchFolder
) -> None:
    collect(folder, PARAMS, [question()])
    advance_once = Filling(folder, 0, PARAMS, LocalGate(), runs, most_open=1)
    advance_once.advance()
    again = VllmRuns(PARAMS, folder)  # as another process: it did not start the run
    filling = Filling(folder, 0, PARAMS, LocalGate(), again, most_open=1)
    (runs.folder / "go").touch()
    advance(filling)
    assert len(list(runs.folder.glob("started-*"))) == 1
    assert [record.num_answered for record in folder.records()] == [1]


def test_a_run_that_died_with_its_build_is_begun_again(runs: VllmRuns, program: None, folder: BatchFolder) -> None:
    collect(folder, PARAMS, [question()])
    Filling(folder, 0, PARAMS, LocalGate(), runs, most_open=1).advance()
    runs.close()
    (runs.folder / "go").touch()
    with closing(VllmRuns(PARAMS, folder)) as again:
        advance(Filling(folder, 0, PARAMS, LocalGate(), again, most_open=1))
    assert [record.num_answered for record in folder.records()] == [1]


def test_a_run_that_fails_is_one_clear_line_with_its_log(runs: VllmRuns, folder: BatchFolder) -> None:
    collect(folder, PARAMS, [question()])
    filling = Filling(folder, 0, PARAMS, LocalGate(), runs, most_open=1)
    filling.advance()
    (runs.folder / "fail").touch()
    (runs.folder / "go").touch()
    with pytest.raises(ServerError, match=r"ended with code 1: OSError: no weights in tiny; see .*\.log") as caught:
        advance(filling)
    assert "\n" not in str(caught.value)
    assert folder.records() == []


def test_an_interrupted_build_leaves_no_process(runs: VllmRuns, folder: BatchFolder) -> None:
    collect(folder, PARAMS, [question(), question(text="Again?")])
    filling = Filling(folder, 0, PARAMS, LocalGate(), runs, most_open=1)
    advance(filling, num_open=1)
    filling.close()
    (record,) = folder.records()
    assert not [one for one in psutil.process_iter(["cmdline"]) if record.file_id in (one.info["cmdline"] or ())]


def test_without_vllm_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, folder: BatchFolder) -> None:
    if importlib.util.find_spec("vllm"):
        pytest.skip("vLLM is installed")
    with pytest.raises(ModelError, match="audiocot\\[vllm\\]"):
        VllmRuns(PARAMS, folder)
