"""Object reasoners that are asked in words: a clip's evidence and one of its things go in, a grounded chain comes out.

An object chain is held to what every written chain is (`annotators.chat.written`), and says who makes a sound in steps of
their own: of the thing by a track of it, of other things only in the avoidance.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import Field, create_model, model_validator

from annotators.chat.evidence_text import shown_tracks
from annotators.chat.request import ChatRequest
from annotators.chat.transports import InEngine, Served
from annotators.chat.writer import AskingWriter, ReasonParams
from annotators.chat.written import Written, WrittenStep, grounded_in
from annotators.engine.params import EngineParams
from annotators.objects.chains.case_text import case_evidence, case_text
from annotators.objects.chains.roles import ObjectCase
from annotators.roles import CaseFile
from annotators.serving.params import ServerParams
from schemas.evidence import Said
from schemas.objects import FoundObject
from schemas.row import Span


class AskingObjectReasoner(AskingWriter[ObjectCase]):
    prompt_name = "reason_object.v1"
    reply_tokens = 900.0

    def clip(self, item: ObjectCase) -> CaseFile:
        return item.clip

    def text(self, item: ObjectCase) -> str:
        return case_text(item)

    def schema(self, item: ObjectCase) -> type[Written]:
        return about_one_thing(item, self.reason_params.max_words)

    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        """Two things of a clip with two captions of each kind and some twenty lines of evidence; none without a picture."""
        if not has_video:
            return []
        sentence = "A brown dog stands on a wooden floor, barks twice at the door and then lies down while rain falls. " * 2
        said = [
            Said(modality=modality, question=question, text=sentence)
            for modality in ("audio", "video")
            for question in ("content", "temporal")
        ]
        thing = FoundObject(
            object_id="o00", track_ids=["t00"], phrase="brown dog", visible=[Span(start_s=0.0, end_s=duration_s)], path=[],
            mean_area_frac=0.1, pan_mean=0.0, pan_travel=0.0, coverage_frac=1.0, lost_s=0.0, consistency_iou=None,
            state="sounding", state_score=0.9,
        )  # fmt: skip
        clip = CaseFile("", duration_s, 640, 360, "dog barking", said, [], [], [], [])
        (request,) = self.questions(ObjectCase(clip, [thing], [], "o00"))
        lines = "\nS0: an impact, 1.20–1.45 s, peak -12 dBFS, -24 LUFS, pitch 440 Hz, pan +0.1" * 20
        asked = ChatRequest("", request.text + lines, system=request.system, schema=Written, max_tokens=request.max_tokens)
        return [asked, asked]


def about_one_thing(case: ObjectCase, max_words: int) -> type[Written]:
    """The reply's schema with the checks of one thing. The JSON schema is the same for all."""
    own = [track_id for track_id in shown_tracks(case.clip) if track_id in case.thing.track_ids]

    def check_makers(written: Written) -> Written:
        for number, step in enumerate(written.steps):
            _check_step(number, step, own)
        if own and not any(claim.type == "source" for step in written.steps if not step.is_avoidance for claim in step.claims):
            raise ValueError(f"one step must make a source claim about the thing, whose tracks are {', '.join(own)}")
        return written

    checks: Any = {"check_makers": model_validator(mode="after")(check_makers)}
    grounded = grounded_in(case_evidence(case), shown_tracks(case.clip), case.clip.duration_s, max_words)
    return create_model(grounded.__name__, __base__=grounded, __validators__=checks)


def _check_step(number: int, step: WrittenStep, own: Sequence[str]) -> None:
    sources = [claim.object for claim in step.claims if claim.type == "source"]
    if sources and len(sources) < len(step.claims):
        raise ValueError(f"step {number + 1} makes a source claim and others: what makes a sound is a step of its own")
    for track_id in sources:
        if not step.is_avoidance and track_id not in own:
            raise ValueError(f"step {number + 1} is about what {track_id} makes, which is not the thing to write about")
        if step.is_avoidance and track_id in own:
            raise ValueError(f"step {number + 1} avoids what {track_id} makes, which is the thing to write about")


class ServedObjectReasoner(Served, AskingObjectReasoner):
    """Any chat server."""

    class Params(ReasonParams, ServerParams):
        model: str = Field("gpt-4.1-nano", description="name of the model at the server")


class EngineObjectReasoner(InEngine, AskingObjectReasoner):
    """A vLLM engine in the worker."""

    class Params(ReasonParams, EngineParams):
        model: str = Field("Qwen/Qwen2.5-7B-Instruct", description="hub id, or a folder with the checkpoint")
