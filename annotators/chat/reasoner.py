"""Reasoners that are asked in words: a case file goes in as numbered evidence, a grounded chain of thought comes out."""

from collections.abc import Sequence

from pydantic import Field

from annotators.chat.evidence_text import evidence, evidence_text, shown_tracks
from annotators.chat.request import ChatRequest
from annotators.chat.transports import InEngine, Served
from annotators.chat.writer import AskingWriter, ReasonParams
from annotators.chat.written import Written, grounded_in
from annotators.engine.params import EngineParams
from annotators.roles import CaseFile
from annotators.serving.params import ServerParams
from schemas.evidence import Said


class AskingReasoner(AskingWriter[CaseFile]):
    prompt_name = "reason.v1"
    reply_tokens = 900.0

    def clip(self, item: CaseFile) -> CaseFile:
        return item

    def text(self, item: CaseFile) -> str:
        return evidence_text(item)

    def schema(self, item: CaseFile) -> type[Written]:
        return grounded_in(evidence(item), shown_tracks(item), item.duration_s, self.reason_params.max_words)

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


class ServedReasoner(Served, AskingReasoner):
    """Any chat server."""

    class Params(ReasonParams, ServerParams):
        model: str = Field("gpt-4.1-nano", description="name of the model at the server")


class EngineReasoner(InEngine, AskingReasoner):
    """A vLLM engine in the worker."""

    class Params(ReasonParams, EngineParams):
        model: str = Field("Qwen/Qwen2.5-7B-Instruct", description="hub id, or a folder with the checkpoint")
