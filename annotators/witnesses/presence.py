"""What `clap` and `tagger` have in common: they say how surely a kind of sound is in a stretch of sound, and nothing else.

So they judge claims that something sounds (`event`) or does not (`absence`), in the claim's span with a margin. That it begins
exactly there, how often, or in what order is beyond them, and they say so. Spans longer than the model hears at once are heard
in pieces, of which the surest counts. Claims about the same span share what is heard of it.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from annotators.base import Annotator, AnyParams, Params, Resources
from annotators.batching import free_cached_memory, in_halves
from annotators.findings import number, refuted, supported, unverifiable
from annotators.roles import Inquiry
from annotators.weights import WeightsParams, missing_packages, model_name
from annotators.witnesses.loading import load_from_weights
from annotators.wording import noun
from schemas.errors import Rejected
from schemas.reasoning import Evidence, Judged, Stated
from schemas.vocabulary import ANY_SOUND

In = TypeVar("In")
Out = TypeVar("Out")
Piece = NDArray[np.float32]
_SHORTEST_S = 0.1  # a few frames of a spectrogram
_LONGEST_S = 10.0  # what both models hear at once


class PresenceParams(Params):
    """Where a witness listens, and what its word counts. A subclass sets the thresholds for its own measure."""

    margin_s: float = Field(0.25, ge=0, le=5, description="listened to before and after the claim's span as well")
    shortest_s: float = Field(1.0, ge=_SHORTEST_S, le=10, description="a shorter span is widened to this, around its middle")
    present_from: float = Field(gt=0, lt=1, description="a subject with at least this presence sounds")
    absent_below: float = Field(gt=0, lt=1, description="a subject with less than this presence does not")

    @model_validator(mode="after")
    def _leaves_something_open(self) -> "PresenceParams":
        if self.absent_below > self.present_from:
            raise ValueError(f"absent_below must not exceed present_from, got {self.absent_below:g} > {self.present_from:g}")
        return self


@dataclass(frozen=True)
class Heard:
    """How present a subject is, 0 .. 1 in the model's own measure: from `least` to `most`. `told` says what that was."""

    least: float
    most: float
    told: str


@dataclass(frozen=True)
class Question:
    """One claim about one stretch of sound, in pieces short enough to be heard at once."""

    claim: Stated
    start_s: float
    end_s: float
    pieces: Sequence[Piece]

    @property
    def subject(self) -> str:
        return self.claim.subject or ANY_SOUND


class PresenceVerifier(Annotator[Inquiry, Sequence[Judged]]):
    """A subclass loads a model and says how surely subjects are present. `params` are PresenceParams and WeightsParams."""

    rate_hz: int
    _model: Any = None

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self.listening = params.part(PresenceParams)
        self.weights = params.part(WeightsParams)

    @abstractmethod
    def load_from(self, folder: str) -> None:
        """Load what is in the folder, the model as `_model` on `weights.device`."""

    @abstractmethod
    def listen(self, pieces: Sequence[Piece], subjects: Sequence[str]) -> list[Heard | Rejected | None]:
        """How present each subject is in its piece, float32 (n,) at `rate_hz`; None for a subject it has no notion of."""

    @property
    def model(self) -> str:
        return model_name(self.weights.model, self.weights.revision)

    @property
    def resources(self) -> Resources:
        return self.weights.resources

    @property
    def batch_size(self) -> int:
        return 8

    @classmethod
    def lacks(cls) -> list[str]:
        return missing_packages("torch", "transformers")

    def load(self) -> None:
        load_from_weights(self.weights.model, self.weights.revision, self.load_from)

    def close(self) -> None:
        self._model = None
        free_cached_memory()

    def annotate(self, batch: Sequence[Inquiry]) -> Sequence[Sequence[Judged] | Rejected]:
        """All questions of all inquiries are put to the model together."""
        drafts = [self._draft(inquiry) for inquiry in batch]
        answers = self._answers([one for draft in drafts for one in _questions(draft)])
        return [draft if isinstance(draft, Rejected) else _filled(draft, answers) for draft in drafts]

    def in_batches(self, run: Callable[[Sequence[In]], list[Out | Rejected]], items: Sequence[In]) -> list[Out | Rejected]:
        """`run` over all items, `weights.batch_size` or fewer at a time."""
        size = self.weights.batch_size
        return [one for start in range(0, len(items), size) for one in in_halves(run, items[start : start + size])]

    def hear_once(
        self, hear: Callable[[Sequence[Piece]], list[Out | Rejected]], pieces: Sequence[Piece]
    ) -> list[Out | Rejected]:
        """`hear` in batches, a piece that is given several times only once."""
        distinct = {id(piece): piece for piece in pieces}
        found = dict(zip(distinct, self.in_batches(hear, list(distinct.values())), strict=True))
        return [found[id(piece)] for piece in pieces]

    def _draft(self, inquiry: Inquiry) -> list[Judged | Question] | Rejected:
        """What needs no model, and questions in place of the rest."""
        sound = inquiry.media.sound(self.rate_hz).mono
        if refusal := refused(sound, self.rate_hz):
            return refusal
        cut: dict[tuple[float, float], Sequence[Piece]] = {}
        draft: list[Judged | Question] = []
        for claim in inquiry.claims:
            if why := unasked(claim):
                draft.append(unverifiable(why))
                continue
            span = stretch(claim, sound.size / self.rate_hz, self.listening)
            if span not in cut:
                cut[span] = pieces_of(sound, self.rate_hz, *span)
            draft.append(Question(claim, *span, cut[span]))
        return draft

    def _answers(self, questions: Sequence[Question]) -> Iterator[Judged | Rejected]:
        pieces = [piece for one in questions for piece in one.pieces]
        subjects = [one.subject for one in questions for _ in one.pieces]
        heard = iter(self.listen(pieces, subjects) if pieces else [])
        for one in questions:
            yield judged(one, [next(heard) for _ in one.pieces], self.listening)


def refused(sound: Piece, rate_hz: int) -> Rejected | None:
    """Why there is nothing to listen to; None if there is. `sound`: float32 (n,)."""
    if not sound.size or not np.isfinite(sound).all():
        return Rejected("decode_failed", "there is no sound to listen to")
    if sound.size < _SHORTEST_S * rate_hz:
        return Rejected("too_short", f"the sound lasts {sound.size / rate_hz:.3f} s, the model needs {_SHORTEST_S:g} s")
    return None


def unasked(claim: Stated) -> str | None:
    """Why a claim is not put to the model; None if it is."""
    if claim.basis == "seen":
        return "rests on the picture"
    if claim.type not in ("event", "absence"):
        return f"a claim of type {claim.type} is not about whether something sounds"
    if claim.subject is None or claim.subject == ANY_SOUND:
        return "names no kind of sound"
    return None


def pieces_of(sound: Piece, rate_hz: int, start_s: float, end_s: float) -> Sequence[Piece]:
    """The stretch of the sound, float32 (n,), in equal pieces that the model hears at once."""
    window = sound[round(start_s * rate_hz) : round(end_s * rate_hz)]
    return np.array_split(window, int(np.ceil(window.size / (_LONGEST_S * rate_hz))))


def stretch(claim: Stated, duration_s: float, listening: PresenceParams) -> tuple[float, float]:
    """What is listened to for a claim, in seconds within the clip."""
    start_s = min(max((claim.start_s or 0.0) - listening.margin_s, 0.0), duration_s)
    end_s = min(max((duration_s if claim.end_s is None else claim.end_s) + listening.margin_s, start_s), duration_s)
    if (short_s := listening.shortest_s - (end_s - start_s)) > 0:
        start_s = max(0.0, min(start_s - short_s / 2, duration_s - listening.shortest_s))
        end_s = min(duration_s, start_s + listening.shortest_s)
    return start_s, end_s


def judged(question: Question, found: Sequence[Heard | Rejected | None], listening: PresenceParams) -> Judged | Rejected:
    """The verdict on what was found in the pieces. A subject that surely sounds in one of them sounds."""
    if refusals := [one for one in found if isinstance(one, Rejected)]:
        return refusals[0]
    heard = [one for one in found if isinstance(one, Heard)]
    if not heard:
        return unverifiable(f"the model has no notion of {noun(question.subject)!r}")
    if not all(np.isfinite((one.least, one.most)).all() for one in heard):
        return Rejected("annotator_error", "the model's answer is not a number; is dtype too narrow for it?")
    surest, likeliest = max(heard, key=lambda one: one.least), max(heard, key=lambda one: one.most)
    is_event = question.claim.type == "event"
    if surest.least >= listening.present_from:
        confidence = (surest.least - listening.present_from) / (1 - listening.present_from)
        return (supported if is_event else refuted)(surest.told, [_presence(question, surest.least)], confidence)
    if likeliest.most < listening.absent_below:
        confidence = 1 - likeliest.most / listening.absent_below
        return (refuted if is_event else supported)(likeliest.told, [_presence(question, likeliest.most)], confidence)
    return unverifiable(f"{likeliest.told}, which decides nothing", [_presence(question, surest.least)])


def _presence(question: Question, value: float) -> Evidence:
    return number("presence", round(value, 4), "score", question.start_s, question.end_s)


def _questions(draft: list[Judged | Question] | Rejected) -> list[Question]:
    return [] if isinstance(draft, Rejected) else [one for one in draft if isinstance(one, Question)]


def _filled(draft: list[Judged | Question], answers: Iterator[Judged | Rejected]) -> list[Judged] | Rejected:
    """The draft with its questions answered, in order; the first refusal if there is one."""
    answered = [next(answers) if isinstance(one, Question) else one for one in draft]
    refusals = [one for one in answered if isinstance(one, Rejected)]
    return refusals[0] if refusals else [one for one in answered if isinstance(one, Judged)]
