"""Teachers that are asked in words: a silent video and a question go in, K independent chains of thought come out.

The samples of a question are one request, so that its pictures are paid for once where a server honours `n`. They are drawn
without a grammar and never asked again: what does not parse counts against the agreement, and a question asked until it parses
would hide how sure the teacher is.
"""

from collections.abc import Sequence

from pydantic import Field

from annotators.base import AnyParams
from annotators.chat.annotator import AskingAnnotator
from annotators.chat.evidence_text import evidence, shown_tracks
from annotators.chat.request import ChatRequest, Reply, VideoPart
from annotators.chat.structured import spoken
from annotators.chat.transports import InEngine, Served
from annotators.chat.video_captioner import VideoCaptionParams, blank_pictures, pictures
from annotators.chat.written import Written, grounded_in
from annotators.engine.params import EngineParams
from annotators.prompts import prompt
from annotators.questions.parsing import NO_ANSWER, answer_index, lettered, read_chain, reply_object
from annotators.questions.roles import Asked, Drawn, Sampled, TeachRequest
from annotators.roles import CaseFile
from annotators.serving.params import ServerParams
from schemas.errors import Rejected

_MOST_WORDS = 1000  # of an answer sentence: a choice may be long
_TYPICAL = Asked("", "How many hits are heard?", ("one", "three", "five", "seven"))
_TYPICAL_LINES = '\nt00: "red round region", 0.00–8.00 s, first at x 1–90, y 2–90 px, mean speed 50 px/s' * 10


class TeachParams(VideoCaptionParams):
    """What a teacher is shown, how often it answers, and how freely."""

    num_samples: int = Field(5, ge=1, le=64, description="samples of every question, K")
    temperature: float = Field(0.7, ge=0, le=2, description="0 takes the likeliest word, and all samples are equal")
    seed: int = Field(0, description="another seed draws other samples")
    max_tokens: int = Field(1500, ge=64, le=32768, description="a sample that is longer is cut off, and then has no answer")


class AskingTeacher(AskingAnnotator[TeachRequest, Sequence[Drawn]]):
    """One request per question, one `Drawn` per question."""

    reply_tokens = 400.0

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self._teach_params = params.part(TeachParams)
        asked = prompt("teach.v1")
        self.prompt_id = asked.id
        self._system = asked.fill()

    def questions(self, item: TeachRequest) -> Sequence[ChatRequest]:
        seen = pictures(item.media, self._teach_params)
        if seen is None:
            return []
        lines = "\n".join(f"{name}: {text}" for name, text in _evidence(item).items())
        return [self._request(item.media.clip_id, seen, lines, asked) for asked in item.questions]

    def _request(self, clip_id: str, seen: VideoPart, lines: str, asked: Asked) -> ChatRequest:
        p = self._teach_params
        text = f"{lines}\n\nQuestion: {asked.text}\n{lettered(asked.choices)}"
        num = p.num_samples if p.temperature else 1  # at temperature 0 one stands for all of them
        return ChatRequest(
            clip_id, text, media=(seen,), system=self._system, samples=num, temperature=p.temperature,
            max_tokens=p.max_tokens, seed=p.seed,
        )  # fmt: skip

    def answer(self, item: TeachRequest, replies: Sequence[Reply | Rejected]) -> Sequence[Drawn] | Rejected:
        """A clip fails where a question got no reply at all; a reply that is no answer is a sample that does not parse."""
        if not replies:
            return Rejected("decode_failed", "there are no pictures to reason from")
        failed = [reply for reply in replies if isinstance(reply, Rejected) and reply.code not in NO_ANSWER]
        if failed:
            return failed[0]
        duration_s = item.media.duration_s
        schema = grounded_in(_evidence(item), shown_tracks(_case(item)), duration_s, _MOST_WORDS)
        return [self._drawn(asked, reply, schema, duration_s) for asked, reply in zip(item.questions, replies, strict=True)]

    def _drawn(self, asked: Asked, reply: Reply | Rejected, schema: type[Written], duration_s: float) -> Drawn:
        p = self._teach_params
        texts = (reply.message,) if isinstance(reply, Rejected) else reply.texts
        samples = [sampled(asked, text, schema, duration_s) for text in texts]
        if len(samples) == 1:
            samples *= p.num_samples
        return Drawn(p.temperature, p.seed, samples)

    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        """Two questions with four choices and some ten lines of evidence."""
        if not has_video:
            return []
        return [self._request("", blank_pictures(duration_s, self._teach_params), _TYPICAL_LINES, _TYPICAL)] * 2


def sampled(asked: Asked, text: str, schema: type[Written], duration_s: float) -> Sampled:
    """One reply as a sample. Its answer stands or falls by itself; without an answer its chain is for nothing."""
    said = spoken(text)
    reply = reply_object(said) or {}
    index = answer_index(reply.get("answer"), asked.choices)
    if index is None:
        return Sampled(said, None)
    return Sampled(said, index, read_chain(reply, schema, f"The answer is “{asked.choices[index]}”.", duration_s))


def _case(item: TeachRequest) -> CaseFile:
    """What was seen, as evidence without anything that was heard."""
    duration_s = item.media.duration_s
    return CaseFile(
        item.media.clip_id, duration_s, item.width_px, item.height_px, None, [], [], [], item.tracks, item.seen
    )  # fmt: skip


def _evidence(item: TeachRequest) -> dict[str, str]:
    return {"V0": f"the pictures, {item.media.duration_s:.2f} s of them"} | evidence(_case(item))


class ServedTeacher(Served, AskingTeacher):
    """Any server that takes pictures."""

    class Params(TeachParams, ServerParams):
        model: str = Field("gpt-4.1-mini", description="name of the model at the server")


class EngineTeacher(InEngine, AskingTeacher):
    """A vLLM engine in the worker."""

    takes = "video"

    class Params(TeachParams, EngineParams):
        model: str = Field("Qwen/Qwen2.5-VL-32B-Instruct", description="hub id, or a folder with the checkpoint")
