"""The real `vllm run-batch` on the files that go to OpenAI: sound, pictures and grammars inside, refusals one by one."""

import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("vllm")

from annotators.chat.request import AudioPart, ChatRequest, Reply, VideoPart
from annotators.serving.batch.filling import Filling
from annotators.serving.batch.vllm_cli import VllmRuns
from annotators.serving.gate import LocalGate
from annotators.serving.params import ServerParams
from schemas.accounting import Used
from schemas.errors import Rejected
from tests.annotators.engine.engines import Answer, listening, pictures, sound, watching
from tests.annotators.serving.batch.collecting import answers, collect, folder_of
from tests.checkpoints import habits, qwen2_5_vl, qwen2_audio

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    monkeypatch.setenv("VLLM_NO_USAGE_STATS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def batched(checkpoint: Path, folder: Path, requests: Sequence[ChatRequest]) -> tuple[list[Reply | Rejected], list[Used]]:
    """What the cells get after one run, without any server."""
    params = ServerParams(
        model="tiny",
        batch="vllm",
        batch_tries=1,
        batch_vllm_args=(
            "--model", str(checkpoint), "--max-model-len", "4096", "--dtype", "float32", "--enforce-eager",
            # vLLM 0.32 dies of a prompt with a seed that it reads in pieces on a CPU
            "--no-enable-chunked-prefill", "--max-num-batched-tokens", "4096",
            "--structured-outputs-config", json.dumps({"backend": "xgrammar", "disable_any_whitespace": True}),
        ),
    )  # fmt: skip
    batches = folder_of(folder / "root")
    collect(batches, params, requests)
    with closing(VllmRuns(params, batches)) as runs:
        filling = Filling(batches, 0, params, LocalGate(), runs, most_open=1)
        while not filling.advance().is_finished:
            time.sleep(0.2)
    assert len(batches.records()) == 1
    return answers(batches, params, requests)


def test_sound_grammars_and_samples_are_answered_and_one_refusal_costs_no_other(tmp_path: Path) -> None:
    checkpoint = habits.give_habits(qwen2_audio.make(tmp_path / "tiny-qwen2-audio"))
    long = ChatRequest("long", "What is heard?", media=(AudioPart(sound(1, 6.0)),), temperature=1.0, max_tokens=400)
    asked = [
        listening(1, temperature=1.0, max_tokens=400),
        long,
        listening(2, text="and then " * 3000),
        listening(3, schema=Answer, temperature=1.0, max_tokens=400),
        listening(4, samples=3, temperature=1.0, max_tokens=400),
    ]
    (short_reply, long_reply, refused, held, drawn), paid = batched(checkpoint, tmp_path, asked)
    assert isinstance(short_reply, Reply)
    assert isinstance(long_reply, Reply)
    assert isinstance(refused, Rejected)
    assert refused.code == "request_refused"
    assert "maximum context length" in refused.message
    assert isinstance(held, Reply)
    assert isinstance(held.values[0], Answer)
    assert isinstance(drawn, Reply)
    assert len(drawn.texts) == 3
    assert [used.num_calls for used in paid] == [1, 1, 1, 1]
    tokens = {used.clip_id: used.prompt_tokens for used in paid}
    assert tokens["long"] - tokens["clip-1"] == 4 * 25, "four more seconds were heard"


def test_videos_are_answered(tmp_path: Path) -> None:
    checkpoint = habits.give_habits(qwen2_5_vl.make(tmp_path / "tiny-qwen2.5-vl"))
    long = ChatRequest("long", "What is seen?", media=(VideoPart(pictures(1, 8), 2.0),), temperature=1.0, max_tokens=400)
    replies, paid = batched(checkpoint, tmp_path, [watching(1, temperature=1.0, max_tokens=400), long])
    assert all(isinstance(reply, Reply) for reply in replies), replies
    tokens = {used.clip_id: used.prompt_tokens for used in paid}
    assert tokens["long"] > tokens["clip-1"], "four more pictures were seen"
