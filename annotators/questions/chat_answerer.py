"""Answerers that are asked in words: a sound, or none, and a question go in, independent answers come out.

As with teachers, samples are drawn without a grammar and never asked again; one that does not parse is a wrong answer.
"""

from collections.abc import Sequence

from pydantic import Field

from annotators.base import AnyParams, Params
from annotators.chat.annotator import AskingAnnotator
from annotators.chat.audio_captioner import heard, silence
from annotators.chat.request import AudioPart, ChatRequest, Reply
from annotators.chat.structured import spoken
from annotators.chat.transports import InEngine, Served
from annotators.engine.params import EngineParams
from annotators.prompts import prompt
from annotators.questions.parsing import NO_ANSWER, answer_index, lettered, reply_object
from annotators.questions.roles import AnswerRequest, Asked, Drawn, Sampled
from annotators.serving.params import ServerParams
from schemas.errors import Rejected

_TYPICAL = Asked("", "How many hits are heard?", ("one", "three", "five", "seven"))


class AnswerParams(Params):
    """How often a question is answered, and how freely."""

    num_samples: int = Field(3, ge=1, le=64, description="samples of every question with every sound")
    temperature: float = Field(0.7, ge=0, le=2, description="0 takes the likeliest word, and all samples are equal")
    seed: int = Field(0, description="another seed draws other samples")
    max_tokens: int = Field(160, ge=32, le=4096, description="a sample that is longer is cut off, and then has no answer")


class AskingAnswerer(AskingAnnotator[AnswerRequest, Sequence[Drawn]]):
    """One request per question, one `Drawn` per question."""

    reply_tokens = 40.0

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self._answer_params = params.part(AnswerParams)
        self._prompt = prompt("answer.v1")
        self.prompt_id = self._prompt.id

    def questions(self, item: AnswerRequest) -> Sequence[ChatRequest]:
        sound = heard(item.media) if item.media else None
        if item.media and sound is None:
            return []
        return [self._request(item.clip_id, sound, asked) for asked in item.questions]

    def _request(self, clip_id: str, sound: AudioPart | None, asked: Asked) -> ChatRequest:
        p = self._answer_params
        text = self._prompt.fill(question=asked.text, choices=lettered(asked.choices))
        num = p.num_samples if p.temperature else 1  # at temperature 0 one stands for all of them
        media = (sound,) if sound else ()
        return ChatRequest(
            clip_id, text, media=media, samples=num, temperature=p.temperature, max_tokens=p.max_tokens, seed=p.seed
        )

    def answer(self, item: AnswerRequest, replies: Sequence[Reply | Rejected]) -> Sequence[Drawn] | Rejected:
        """A clip fails where a question got no reply at all; a reply that is no answer is a sample that does not parse."""
        if len(replies) < len(item.questions):
            return Rejected("decode_failed", "there is no sound to listen to")
        failed = [reply for reply in replies if isinstance(reply, Rejected) and reply.code not in NO_ANSWER]
        if failed:
            return failed[0]
        return [self._drawn(asked, reply) for asked, reply in zip(item.questions, replies, strict=True)]

    def _drawn(self, asked: Asked, reply: Reply | Rejected) -> Drawn:
        p = self._answer_params
        texts = [reply.message] if isinstance(reply, Rejected) else [spoken(text) for text in reply.texts]
        samples = [Sampled(text, answer_index((reply_object(text) or {}).get("answer"), asked.choices)) for text in texts]
        if len(samples) == 1:
            samples *= p.num_samples
        return Drawn(p.temperature, p.seed, samples)

    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        """Two questions with three sounds and with none."""
        return [self._request("", sound, _TYPICAL) for sound in (*[silence(duration_s)] * 3, None)] * 2


class ServedAnswerer(Served, AskingAnswerer):
    """Any server that takes sound."""

    class Params(AnswerParams, ServerParams):
        model: str = Field("gpt-audio-mini", description="name of the model at the server")


class EngineAnswerer(InEngine, AskingAnswerer):
    """A vLLM engine in the worker."""

    takes = "audio"

    class Params(AnswerParams, EngineParams):
        model: str = Field("Qwen/Qwen2-Audio-7B-Instruct", description="hub id, or a folder with the checkpoint")
