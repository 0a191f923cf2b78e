"""Reasoners that are asked in words: a case file goes in as numbered evidence, a grounded chain of thought comes out."""

from collections.abc import Sequence

from pydantic import Field

from annotators.base import AnyParams, Params
from annotators.chat.annotator import AskingAnnotator
from annotators.chat.asker import Asker
from annotators.chat.evidence_text import evidence, evidence_text, shown_tracks
from annotators.chat.request import ChatRequest, Reply
from annotators.chat.written import Written, grounded_in, reasoned
from annotators.engine.asker import EngineAsker
from annotators.engine.params import EngineParams
from annotators.prompts import prompt
from annotators.roles import CaseFile
from annotators.serving.asker import ServedAsker
from annotators.serving.params import ServerParams
from schemas.errors import Rejected
from schemas.evidence import Said
from schemas.reasoning import Reasoned


class ReasonParams(Params):
    """How a reasoner is asked."""

    temperature: float = Field(0.0, ge=0, le=2, description="0 takes the likeliest word; above, a reply is drawn")
    max_tokens: int = Field(3000, ge=64, le=32768, description="a reply that is longer is cut off, and then is no answer")
    max_words: int = Field(68, ge=20, description="longest caption_cot, as long as a generator's text encoder reads")


class AskingReasoner(AskingAnnotator[CaseFile, Reasoned]):
    reply_tokens = 900.0

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self._reason_params = ReasonParams.model_validate(params.model_dump(include=set(ReasonParams.model_fields)))
        asked = prompt("reason.v1")
        self.prompt_id = asked.id
        self._system = asked.fill(max_words=str(self._reason_params.max_words))

    def questions(self, item: CaseFile) -> Sequence[ChatRequest]:
        params = self._reason_params
        schema = grounded_in(evidence(item), shown_tracks(item), item.duration_s, params.max_words)
        return [
            ChatRequest(
                item.clip_id, evidence_text(item), system=self._system, schema=schema,
                temperature=params.temperature, max_tokens=params.max_tokens,
            )
        ]  # fmt: skip

    def answer(self, item: CaseFile, replies: Sequence[Reply | Rejected]) -> Reasoned | Rejected:
        (reply,) = replies
        if isinstance(reply, Rejected):
            return reply
        (written,) = reply.values
        assert isinstance(written, Written)
        return reasoned(written, item.duration_s)

    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        """A case with two captions of each kind and some twenty lines of evidence."""
        sentence = "A brown dog stands on a wooden floor, barks twice at the door and then lies down while rain falls. " * 2
        said = [
            Said(modality=modality, question=question, text=sentence)
            for modality in (("audio", "video") if has_video else ("audio",))
            for question in ("content", "temporal")
        ]
        case = CaseFile("", duration_s, 640, 360, "dog barking", said, [], [], [], [])
        (request,) = self.questions(case)
        lines = "\nS0: an impact, 1.20–1.45 s, peak -12 dBFS, -24 LUFS, pitch 440 Hz, pan +0.1" * 20
        return [ChatRequest("", request.text + lines, system=request.system, schema=Written, max_tokens=request.max_tokens)]


class ServedReasoner(AskingReasoner):
    """Any chat server."""

    class Params(ReasonParams, ServerParams):
        model: str = Field("gpt-4.1-nano", description="name of the model at the server")

    params: Params

    def make_asker(self) -> Asker:
        return ServedAsker(self.params)


class EngineReasoner(AskingReasoner):
    """A vLLM engine in the worker."""

    class Params(ReasonParams, EngineParams):
        model: str = Field("Qwen/Qwen2.5-7B-Instruct", description="hub id, or a folder with the checkpoint")

    params: Params

    @classmethod
    def lacks(cls) -> list[str]:
        return EngineAsker.lacks()

    def make_asker(self) -> Asker:
        return EngineAsker(self.params, None)
