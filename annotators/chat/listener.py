"""Listeners: witnesses that hear the recording and are asked about one claim at a time, both ways round.

A listening model says yes too easily, so each claim is asked twice: as it stands, and as its opposite. Only a model that
affirms one and denies the other has decided; everything else leaves the claim undecided. The statements are written from the
claim's fields, so that a decoy and a true claim look alike. What cannot be judged by ear (what was seen, which track makes a
sound, conclusions) is left undecided without asking.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from annotators.base import AnyParams, Params
from annotators.chat.annotator import AskingAnnotator
from annotators.chat.audio_captioner import heard, silence
from annotators.chat.request import ChatRequest, Reply
from annotators.chat.transports import InEngine, Served
from annotators.engine.params import EngineParams
from annotators.prompts import prompt
from annotators.roles import Inquiry
from annotators.serving.params import ServerParams
from annotators.wording import claim_text, negation_text
from schemas.errors import Rejected
from schemas.reasoning import Evidence, Judged, Stated
from schemas.vocabulary import VerdictWord

Answer = Literal["yes", "no", "cannot_tell"]
_TYPICAL_CLAIMS = 12


class Heard(BaseModel):
    """A reply. The model says what it hears before it decides."""

    heard: str = Field(max_length=400)
    answer: Answer


class ListenParams(Params):
    """How a listener is asked, and what its word counts."""

    temperature: float = Field(0.0, ge=0, le=2, description="0 takes the likeliest word; above, a reply is drawn")
    max_tokens: int = Field(160, ge=32, le=2048, description="a reply that is longer is cut off, and then is no answer")
    confidence: float = Field(
        0.8, gt=0.5, le=1, description="score of a claim that is affirmed and its opposite denied; the other way round 1 - this"
    )


class Listener(AskingAnnotator[Inquiry, Sequence[Judged]]):
    reply_tokens = 36.0  # twenty words, a word, and the JSON around them

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self._listen_params = params.part(ListenParams)
        self._prompt = prompt("listen.v1")
        self.prompt_id = self._prompt.id

    def questions(self, item: Inquiry) -> Sequence[ChatRequest]:
        sound = heard(item.media)
        if sound is None:
            return []
        statements = [text for claim in item.claims for text in statements_about(claim)]
        params = self._listen_params
        return [
            ChatRequest(
                item.media.clip_id, self._prompt.fill(statement=statement), media=(sound,), schema=Heard,
                temperature=params.temperature, max_tokens=params.max_tokens,
            )
            for statement in statements
        ]  # fmt: skip

    def answer(self, item: Inquiry, replies: Sequence[Reply | Rejected]) -> Sequence[Judged] | Rejected:
        if not replies and any(map(statements_about, item.claims)):
            return Rejected("decode_failed", "there is no sound to listen to")
        refused = [reply for reply in replies if isinstance(reply, Rejected)]
        if refused and len(refused) == len(replies):
            return refused[0]  # a failure of the clip, which a table full of "undecided" would hide
        left = iter(replies)
        return [
            judged(next(left), next(left), self._listen_params.confidence) if statements_about(claim) else _unasked(claim)
            for claim in item.claims
        ]

    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        """Eight claims and four decoys, each asked both ways."""
        statement = "Exactly three hits are heard between 1.2 s and 4.5 s."
        request = ChatRequest("", self._prompt.fill(statement=statement), media=(silence(duration_s),), schema=Heard)
        return [request] * (2 * _TYPICAL_CLAIMS)


def statements_about(claim: Stated) -> tuple[str, ...]:
    """The claim and its opposite as sentences; nothing for a claim that cannot be judged by ear."""
    if claim.basis == "seen" or (opposite := negation_text(claim)) is None:
        return ()
    return claim_text(claim), opposite


def judged(claim: Reply | Rejected, opposite: Reply | Rejected, confidence: float) -> Judged:
    """yes to the claim and no to its opposite supports it; no and yes refutes it; anything else decides nothing."""
    answers = [_answer(claim), _answer(opposite)]
    words: dict[tuple[str, str], tuple[VerdictWord, float]] = {
        ("yes", "no"): ("supported", confidence),
        ("no", "yes"): ("refuted", 1 - confidence),
    }
    verdict, score = words.get((answers[0][0], answers[1][0]), ("unverifiable", 0.5))
    evidence = [
        Evidence(name=name, quote=quote) for name, (_, quote) in zip(("asked", "asked_opposite"), answers, strict=True) if quote
    ]
    reason = f"answered {answers[0][0]} to the claim and {answers[1][0]} to its opposite"
    return Judged(verdict=verdict, score=score, reason=reason, evidence=evidence)


def _answer(reply: Reply | Rejected) -> tuple[str, str | None]:
    """The answer and what was heard; a refusal answers with its code."""
    if isinstance(reply, Rejected):
        return reply.code, None
    (value,) = reply.values
    assert isinstance(value, Heard)
    return value.answer, value.heard


def _unasked(claim: Stated) -> Judged:
    reason = "rests on the picture" if claim.basis == "seen" else f"a claim of type {claim.type} has no opposite to ask about"
    return Judged(verdict="unverifiable", score=0.5, reason=f"not asked: {reason}", evidence=[])


class ServedListener(Served, Listener):
    """Any server that takes sound."""

    class Params(ListenParams, ServerParams):
        model: str = Field("gpt-audio-mini", description="name of the model at the server")


class EngineListener(InEngine, Listener):
    """A vLLM engine in the worker."""

    takes = "audio"

    class Params(ListenParams, EngineParams):
        model: str = Field("Qwen/Qwen2-Audio-7B-Instruct", description="hub id, or a folder with the checkpoint")
