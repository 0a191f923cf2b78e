"""Repairers that are asked in words: a chain with its verdicts goes in, its refuted steps come out written again.

What they write is held to the clip's evidence like a chain (`annotators.chat.written`). A reply that never becomes one drops
the steps that it was asked for, and the repair says so: a chain must not be lost because it could not be mended.
"""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from annotators.base import AnyParams, Params
from annotators.chat.annotator import AskingAnnotator
from annotators.chat.evidence_text import evidence, evidence_text, shown_tracks
from annotators.chat.request import ChatRequest, Reply
from annotators.chat.transports import InEngine, Served
from annotators.chat.written import WrittenClaim, check_claim, stated
from annotators.engine.params import EngineParams
from annotators.prompts import prompt
from annotators.repairs.roles import JudgedClaim, RepairCase, Repaired, RepairedStep
from annotators.roles import CaseFile
from annotators.serving.params import ServerParams
from annotators.wording import sentence
from schemas.errors import Rejected
from schemas.reasoning import Judged, Stated, Step

_LONGEST_TEXT = 600  # characters
_MOST_NUMBERS = 8  # of one verdict


class RewrittenStep(BaseModel):
    model_config = ConfigDict(extra="forbid")

    step: int
    text: str | None = Field(max_length=_LONGEST_TEXT)
    claims: list[WrittenClaim] = Field(max_length=8)


class Rewritten(BaseModel):
    """A whole reply. `mending` makes the class that also checks it against a case."""

    model_config = ConfigDict(extra="forbid")

    steps: list[RewrittenStep] = Field(max_length=10)


def mending(case: RepairCase) -> type[Rewritten]:
    """The reply's schema with the checks of one case. The JSON schema is the same for all."""
    shown, tracks, asked = evidence(case.evidence), shown_tracks(case.evidence), [index + 1 for index in case.refuted_steps]

    def check(written: Rewritten) -> Rewritten:
        if [step.step for step in written.steps] != asked:
            raise ValueError(f"the steps to repair are {asked}, in this order, got {[step.step for step in written.steps]}")
        for step in written.steps:
            if step.text is not None and not step.text.strip():
                raise ValueError(f"step {step.step} says nothing; null drops it")
            if step.text is None and step.claims:
                raise ValueError(f"step {step.step} is dropped and makes claims")
            for claim in step.claims:
                check_claim(claim, shown, tracks, case.evidence.duration_s)
        return written

    checks: Any = {"check": model_validator(mode="after")(check)}
    return create_model("Rewritten", __base__=Rewritten, __validators__=checks)


def case_text(case: RepairCase) -> str:
    """The evidence, the chain, and the verdicts on the claims of the steps to repair."""
    lines = [evidence_text(case.evidence), "", "The chain:"]
    lines += [f"Step {number}: {_quoted(step.text)}" for number, step in enumerate(case.steps, start=1)]
    for index in case.refuted_steps:
        lines += ["", f"Claims of step {index + 1}, which is to be repaired:"]
        lines += [line for judged in case.of_step(index) for line in _judged(judged)]
    return "\n".join(lines)


def _judged(judged: JudgedClaim) -> list[str]:
    word = "refuted" if judged.is_refuted else "stays"
    return [
        f"- ({word}) {_quoted(judged.claim.text)}",
        *(f"  {witness}: {said.verdict}, {_quoted(said.reason)}{_numbers(said)}" for witness, said in judged.verdicts),
    ]


def _numbers(said: Judged) -> str:
    numbers = [f"{one.name} {one.value:.4g} {one.unit or ''}".strip() for one in said.evidence if one.value is not None]
    return f"; measured {', '.join(numbers[:_MOST_NUMBERS])}" if numbers else ""


def _quoted(text: str) -> str:
    return json.dumps(text[:_LONGEST_TEXT], ensure_ascii=False)


class RepairerParams(Params):
    """How a repairer is asked."""

    temperature: float = Field(0.0, ge=0, le=2, description="0 takes the likeliest word; above, a reply is drawn")
    max_tokens: int = Field(1500, ge=64, le=32768, description="a reply that is longer is cut off, and then is no answer")


class AskingRepairer(AskingAnnotator[RepairCase, Repaired]):
    reply_tokens = 250.0

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self._repair_params = params.part(RepairerParams)
        asked = prompt("repair.v1")
        self.prompt_id = asked.id
        self._system = asked.fill()

    def questions(self, item: RepairCase) -> Sequence[ChatRequest]:
        params = self._repair_params
        return [
            ChatRequest(
                item.evidence.clip_id, case_text(item), system=self._system, schema=mending(item),
                temperature=params.temperature, max_tokens=params.max_tokens,
            )
        ]  # fmt: skip

    def answer(self, item: RepairCase, replies: Sequence[Reply | Rejected]) -> Repaired:
        (reply,) = replies
        if isinstance(reply, Rejected):
            remark = f"no repair was written ({reply.code}: {reply.message})"
            return [RepairedStep(index, None, remark=remark) for index in item.refuted_steps]
        (written,) = reply.values
        assert isinstance(written, Rewritten)
        return [_repaired(step, item.evidence.duration_s) for step in written.steps]

    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        """One refuted claim for every clip: more than a good reasoner needs, and what a bad one will."""
        claim = Stated(
            step_index=0, type="count", basis="heard", subject="impact", value=3.0, text="Exactly three hits are heard."
        )
        refuted = Judged(verdict="refuted", score=0.1, reason="impact is heard 4 times, not 3", evidence=[])
        steps = [Step(text="Three hits are heard while a red round region is seen moving.", aspect="semantic")] * 5
        clip = CaseFile("", duration_s, 640, 360, "ball bouncing", [], [], [], [], [])
        (request,) = self.questions(RepairCase(clip, steps, [JudgedClaim(claim, [("instruments", refuted)])]))
        lines = "\nS0: an impact, 1.20–1.45 s, peak -12 dBFS, -24 LUFS, pitch 440 Hz, pan +0.1" * 20
        return [ChatRequest("", request.text + lines, system=request.system, schema=Rewritten, max_tokens=request.max_tokens)]


def _repaired(step: RewrittenStep, duration_s: float) -> RepairedStep:
    index = step.step - 1
    if step.text is None:
        return RepairedStep(index, None, remark="the repairer drops it")
    return RepairedStep(index, sentence(step.text.strip()), [stated(index, claim, duration_s) for claim in step.claims])


class ServedRepairer(Served, AskingRepairer):
    """Any chat server."""

    class Params(RepairerParams, ServerParams):
        model: str = Field("gpt-4.1-nano", description="name of the model at the server")


class EngineRepairer(InEngine, AskingRepairer):
    """A vLLM engine in the worker."""

    class Params(RepairerParams, EngineParams):
        model: str = Field("Qwen/Qwen2.5-7B-Instruct", description="hub id, or a folder with the checkpoint")
