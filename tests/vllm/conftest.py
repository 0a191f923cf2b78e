"""The two servers that all tests here share: one that hears and one that sees. Each is started when it is first asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkpoints import habits, qwen2_5_vl, qwen2_audio
from tests.vllm.server import VllmServer, vllm_server


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vllm")


@pytest.fixture(scope="session")
def audio_server(folder: Path) -> Iterator[VllmServer]:
    """Qwen2-Audio: says noise about sounds, and yes to everything that is claimed about them."""
    checkpoint = habits.give_credulity(habits.give_habits(qwen2_audio.make(folder / "tiny-qwen2-audio")))
    with vllm_server(checkpoint, folder / "audio.log", max_model_len=4096) as server:
        yield server


@pytest.fixture(scope="session")
def video_server(folder: Path) -> Iterator[VllmServer]:
    """Qwen2.5-VL: says noise about pictures and about long texts."""
    checkpoint = habits.give_habits(qwen2_5_vl.make(folder / "tiny-qwen2.5-vl"))
    with vllm_server(checkpoint, folder / "video.log", max_model_len=16384) as server:
        yield server
