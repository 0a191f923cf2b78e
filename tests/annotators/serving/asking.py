"""An opened asker at a stand-in server, and questions for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from pydantic import BaseModel

from annotators.chat.request import AudioPart, ChatRequest
from annotators.media import Sound
from annotators.serving.asker import ServedAsker
from annotators.serving.params import ServerParams
from annotators.site import Site
from tests.serving.standin import Served, Standin

SECRET = "sk-never-seen"


class Heard(BaseModel):
    what: str
    times: int


@contextmanager
def asking(server: Standin, site: Site | None = None, **params: object) -> Iterator[ServedAsker]:
    given = {"model": "tiny", "base_url": server.url, "structured": "json_schema", "video_as": "frames", **params}
    asker = ServedAsker(ServerParams.model_validate(given))
    asker.connect(site or Site())
    asker.open()
    try:
        yield asker
    finally:
        asker.close()


def question(clip: str = "a", text: str = "What is heard?", **more: Any) -> ChatRequest:
    return ChatRequest(clip, text, **more)


def sound(seed: int = 0, seconds: float = 0.5) -> AudioPart:
    noise = np.random.default_rng(seed).normal(0, 0.1, (1, int(16000 * seconds)))
    return AudioPart(Sound(noise.astype(np.float32), 16000))


def asked(server: Standin) -> list[Served]:
    """What was asked, without the probes of what the server can do."""
    return [served for served in server.served if served.body["max_completion_tokens"] > 64]
