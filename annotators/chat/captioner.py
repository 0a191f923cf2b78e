"""What both captioners do: two questions about the same media, content and order (ThinkSound stage 1), two sentences back."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, TypeVar

from pydantic import Field

from annotators.base import AnyParams, Params
from annotators.chat.annotator import AskingAnnotator
from annotators.chat.request import ChatRequest, Part, Reply
from annotators.chat.structured import spoken
from annotators.prompts import Prompt, prompt
from schemas.errors import Rejected
from schemas.evidence import Said

In = TypeVar("In")


class CaptionParams(Params):
    """How a captioner is asked."""

    temperature: float = Field(0.0, ge=0, le=2, description="0 takes the likeliest word; above, a reply is drawn")
    max_tokens: int = Field(256, ge=16, le=4096, description="a reply that is longer is cut off, and then is no answer")


class AskingCaptioner(AskingAnnotator[In, Sequence[Said]]):
    """A subclass says what it looks at or listens to."""

    modality: ClassVar[Literal["audio", "video"]]

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self._asked: dict[Literal["content", "temporal"], Prompt] = {
            "content": prompt(f"{self.modality}_content.v1"),
            "temporal": prompt(f"{self.modality}_temporal.v1"),
        }
        self.prompt_id = "+".join(asked.id for asked in self._asked.values())
        self._caption_params = params.part(CaptionParams)

    @abstractmethod
    def look(self, item: In) -> tuple[str, Part | None]:
        """The clip's id and what there is to see or hear of it, None if there is nothing."""

    @abstractmethod
    def typical_part(self, duration_s: float) -> Part:
        """Media of this length, for estimates."""

    def questions(self, item: In) -> Sequence[ChatRequest]:
        clip_id, part = self.look(item)
        return self._questions(clip_id, part) if part else []

    def _questions(self, clip_id: str, part: Part) -> list[ChatRequest]:
        params = self._caption_params
        return [
            ChatRequest(clip_id, asked.fill(), media=(part,), temperature=params.temperature, max_tokens=params.max_tokens)
            for asked in self._asked.values()
        ]

    def answer(self, item: In, replies: Sequence[Reply | Rejected]) -> Sequence[Said] | Rejected:
        """Both sentences, or why there are none: half an answer would hide a failure."""
        if not replies:
            return Rejected("decode_failed", f"there is no {self.modality} to describe")
        said = []
        for question, reply in zip(self._asked, replies, strict=True):
            if isinstance(reply, Rejected):
                return reply
            text = spoken(reply.texts[0])
            if not any(letter.isalnum() for letter in text):
                return Rejected("empty_reply", f"the reply about {question} has no word in it: {text[:40]!r}")
            said.append(Said(modality=self.modality, question=question, text=text))
        return said

    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        if self.modality == "video" and not has_video:
            return []
        return self._questions("", self.typical_part(duration_s))
