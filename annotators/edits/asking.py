"""Edit reasoners that are asked in words: a task and the evidence of its clips go in, a grounded chain of thought comes out.

What an edit chain is held to is what every written chain is (`annotators.chat.written`), and that each claim names its sound.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import Field

from annotators.chat.evidence_text import evidence
from annotators.chat.request import ChatRequest
from annotators.chat.transports import InEngine, Served
from annotators.chat.writer import AskingWriter, ReasonParams
from annotators.chat.written import Written, WrittenClaim, WrittenStep, grounded_in
from annotators.edits.remarks import relative_level
from annotators.edits.roles import EditCase
from annotators.edits.sounds import lent_events, own_events
from annotators.engine.params import EngineParams
from annotators.roles import CaseFile
from annotators.serving.params import ServerParams
from annotators.wording import seconds
from schemas.edits import OPERATIONS, Edit, SampleSpan
from schemas.evidence import Said
from schemas.vocabulary import ClaimMedia

_OF_THE_OTHER = "b"  # what ids of its evidence end in


class WrittenEditClaim(WrittenClaim):
    media: ClaimMedia


class WrittenEditStep(WrittenStep):
    claims: Sequence[WrittenEditClaim] = Field(max_length=10)


class WrittenEdit(Written):
    steps: Sequence[WrittenEditStep] = Field(min_length=1, max_length=10)


class AskingEditReasoner(AskingWriter[EditCase]):
    prompt_name = "reason_edit.v1"
    reply_tokens = 1000.0

    def clip(self, item: EditCase) -> CaseFile:
        return item.clip

    def text(self, item: EditCase) -> str:
        return edit_text(item)

    def schema(self, item: EditCase) -> type[Written]:
        return grounded_in(edit_evidence(item), (), item.clip.duration_s, self.reason_params.max_words, WrittenEdit)

    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        """An addition with two captions and some ten lines of evidence of each clip. A clip has more than one task."""
        sentence = "A brown dog barks twice at the door, then it is quiet while rain falls on the roof of a house. "
        said = [Said(modality="audio", question=question, text=sentence) for question in ("content", "temporal")]
        clip = CaseFile("", duration_s, None, None, "dog barking", said, [], [], [], [])
        end = round(44100 * duration_s)
        edit = Edit(
            clip_id="", model="", edit_id="", operation="addition", sample_rate_hz=44100, num_samples=end, num_channels=2,
            mask=[SampleSpan(first=0, end=end)], crossfade=441, other_clip_id="", other=SampleSpan(first=0, end=end), offset=0,
            other_gain_db=0.0, gain_db=0.0, snr_lu=6.0, seed=0,
        )  # fmt: skip
        (request,) = self.questions(EditCase(edit, clip, clip, sentence, sentence))
        lines = "\nS0b: an impact, 1.20–1.45 s, peak -12 dBFS, -24 LUFS, pitch 440 Hz, pan +0.1" * 20
        asked = ChatRequest("", request.text + lines, system=request.system, schema=WrittenEdit, max_tokens=request.max_tokens)
        return [asked, asked]


def edit_text(case: EditCase) -> str:
    """The task and all evidence, a line each."""
    edit = case.edit
    first, end = (at / edit.sample_rate_hz for at in (edit.mask[0].first, edit.mask[-1].end))
    lines = [f"Task: {edit.operation}: {OPERATIONS[edit.operation]}. They differ between {seconds(first)} and {seconds(end)}."]
    if edit.snr_lu is not None:
        lines.append(f"There the sound of the other clip is {relative_level(edit.snr_lu)} the clip's own.")
    lines += _told("the clip", _own(case), case.clip_instruction)
    if other := _lent(case):
        lines += _told("the other clip", other, case.other_instruction, _OF_THE_OTHER)
    return "\n".join(lines)


def edit_evidence(case: EditCase) -> Mapping[str, str]:
    """Evidence id → its text, of both clips."""
    other = _lent(case)
    lent = {f"{name}{_OF_THE_OTHER}": text for name, text in evidence(other).items()} if other else {}
    return evidence(_own(case)) | lent


def _told(whose: str, clip: CaseFile, instruction: str | None, suffix: str = "") -> list[str]:
    lines = [f"Evidence about {whose}:"]
    lines += [f"{name}{suffix}: {text}" for name, text in evidence(clip).items()]
    if instruction:
        lines.append(f"What was written to make the sound of {whose} as a whole: {json.dumps(instruction, ensure_ascii=False)}")
    return lines


def _own(case: EditCase) -> CaseFile:
    """The clip's evidence at the level that it has in the task."""
    return replace(case.clip, heard=own_events(case.edit, case.clip), measurements=[])


def _lent(case: EditCase) -> CaseFile | None:
    """The other clip's evidence, its events where and as loud as they are in the mix."""
    return replace(case.other, heard=lent_events(case.edit, case.other), measurements=[]) if case.other else None


class ServedEditReasoner(Served, AskingEditReasoner):
    """Any chat server."""

    class Params(ReasonParams, ServerParams):
        model: str = Field("gpt-4.1-nano", description="name of the model at the server")


class EngineEditReasoner(InEngine, AskingEditReasoner):
    """A vLLM engine in the worker."""

    class Params(ReasonParams, EngineParams):
        model: str = Field("Qwen/Qwen2.5-7B-Instruct", description="hub id, or a folder with the checkpoint")
