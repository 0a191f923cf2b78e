"""Tiny checkpoints of the three kinds of model that an engine runs."""

from pathlib import Path

import pytest

from tests.checkpoints import habits, qwen2_5_vl, qwen2_audio, qwen2_text


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `audio`, `video` and `text` in it."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for name, make in (("audio", qwen2_audio.make), ("video", qwen2_5_vl.make), ("text", qwen2_text.make)):
        habits.give_habits(make(folder / name))
    return folder
