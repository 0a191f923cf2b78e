"""A question to a chat model and its reply, in a form that no transport decides.

Media is decoded samples and pictures here; an asker turns it into what its model takes (wav in base64, frames, tensors). All
media parts come before the text, and they are the same for every question about a clip, so that prefix caches hit. A picture
has no sound: a "silent video" teacher cannot overhear.
"""

from dataclasses import dataclass

from pydantic import BaseModel

from annotators.media import Frames, Sound


@dataclass(frozen=True, eq=False)
class AudioPart:
    """Sound to listen to, mono: float32 (1, n)."""

    sound: Sound


@dataclass(frozen=True, eq=False)
class VideoPart:
    """Pictures to look at, at a steady rate."""

    frames: Frames
    fps: float


Part = AudioPart | VideoPart


@dataclass(frozen=True, eq=False)
class ChatRequest:
    """One question. `turns` are earlier (assistant, user) turns: a re-ask shows the model its reply and what was wrong.

    With `schema` the reply must be JSON that validates; an asker re-asks what does not, then gives `Rejected`. `samples` > 1
    asks for that many independent replies (temperature > 0), which have no schema.
    """

    clip_id: str
    text: str
    media: tuple[Part, ...] = ()
    system: str | None = None
    schema: type[BaseModel] | None = None
    turns: tuple[tuple[str, str], ...] = ()
    samples: int = 1
    temperature: float = 0.0
    max_tokens: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        if self.schema and self.samples != 1:
            raise ValueError(
                f"a reply with a schema is asked for once, got samples={self.samples}: a re-ask is about one reply"
            )


@dataclass(frozen=True)
class Reply:
    """`texts`: one per sample. `values`: the one text, validated, when the request had a schema; else empty."""

    texts: tuple[str, ...]
    values: tuple[BaseModel, ...] = ()
