"""What `clap` and `tagger` have in common: they say how surely a kind of sound is in a stretch of sound, and nothing else.

So they judge claims that something sounds (`event`) or does not (`absence`), in the claim's span with a margin. That it begins
exactly there, how often, or in what order is beyond them, and they say so. Spans longer than the model hears at once are heard
in pieces, of which the surest counts.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from annotators.base import Annotator, AnyParams, Params, Resources
from annotators.batching import free_cached_memory
from annotators.findings import number, refuted, supported, unverifiable
from annotators.media import Media
from annotators.roles import Inquiry
from annotators.weights import WeightsParams, find_weights, missing_packages, model_name, no_progress_bars
from annotators.wording import noun
from schemas.errors import ModelError, Rejected
from schemas.reasoning import Judged, Stated
from schemas.vocabulary import ANY_SOUND


class PresenceParams(Params):
    """Where a witness listens, and what its word counts."""

    margin_s: float = Field(0.25, ge=0, le=5, description="listened to before and after the claim's span as well")
    shortest_s: float = Field(1.0, gt=0, le=10, description="a shorter span is widened to this, around its middle")


@dataclass(frozen=True)
class Heard:
    """`presence` 0 .. 1 in the model's own measure, and what that was."""

    presence: float
    told: str


@dataclass(frozen=True)
class _Question:
    item: int
    claim: int
    subject: str
    start_s: float
    end_s: float
    pieces: list[NDArray[np.float32]]


class PresenceVerifier(Annotator[Inquiry, Sequence[Judged]]):
    """A subclass loads a model and says how surely subjects are present. `params` are PresenceParams and WeightsParams."""

    rate_hz: int
    longest_s = 10.0  # what both models hear at once

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self.listening = PresenceParams.model_validate(params.model_dump(include=set(PresenceParams.model_fields)))
        self.weights = WeightsParams.model_validate(params.model_dump(include=set(WeightsParams.model_fields)))

    @property
    @abstractmethod
    def thresholds(self) -> tuple[float, float]:
        """(present from here, absent below here), in the measure of `Heard.presence`."""

    @abstractmethod
    def load_from(self, folder: str) -> None:
        """Load what is in the folder, to `weights.device`."""

    @abstractmethod
    def listen(self, pieces: Sequence[NDArray[np.float32]], subjects: Sequence[str]) -> list[Heard | Rejected | None]:
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
        if lacks := self.lacks():
            raise ModelError(f"{self.weights.model} cannot be run here: {lacks[0]}")
        no_progress_bars()
        folder = find_weights(self.weights.model, self.weights.revision)
        try:
            self.load_from(str(folder))
        except (ValueError, RuntimeError, OSError, KeyError, AttributeError) as error:
            said = " ".join(str(error).split())[:300]
            raise ModelError(f"transformers cannot load {self.weights.model}: {type(error).__name__}: {said}") from error

    def close(self) -> None:
        free_cached_memory()

    def annotate(self, batch: Sequence[Inquiry]) -> Sequence[Sequence[Judged] | Rejected]:
        """All questions of all inquiries are put to the model together."""
        questions: list[_Question] = []
        answers: list[list[Judged] | Rejected] = []
        for item, inquiry in enumerate(batch):
            sound = inquiry.media.sound(self.rate_hz).mono
            if not sound.size or not np.isfinite(sound).all():
                answers.append(Rejected("decode_failed", "there is no sound to listen to"))
                continue
            answers.append([unverifiable(why) if (why := _unasked(claim)) else _PENDING for claim in inquiry.claims])
            questions += [
                self._question(item, number, claim, sound, inquiry.media)
                for number, claim in enumerate(inquiry.claims)
                if not _unasked(claim)
            ]
        pieces = [piece for question in questions for piece in question.pieces]
        subjects = [question.subject for question in questions for _ in question.pieces]
        heard = iter(self.listen(pieces, subjects) if pieces else [])
        for question in questions:
            found = [next(heard) for _ in question.pieces]
            judgements = answers[question.item]
            refusals = [one for one in found if isinstance(one, Rejected)]
            if isinstance(judgements, Rejected) or refusals:
                answers[question.item] = judgements if isinstance(judgements, Rejected) else refusals[0]
                continue
            claim = batch[question.item].claims[question.claim]
            judgements[question.claim] = self._judged(claim, question, [one for one in found if isinstance(one, Heard)])
        return answers

    def _question(self, item: int, number: int, claim: Stated, sound: NDArray[np.float32], media: Media) -> _Question:
        start_s, end_s = self.stretch(claim, media.duration_s)
        window = sound[round(start_s * self.rate_hz) : max(round(end_s * self.rate_hz), round(start_s * self.rate_hz) + 1)]
        count = max(1, int(np.ceil(window.size / (self.longest_s * self.rate_hz))))
        return _Question(item, number, claim.subject or ANY_SOUND, start_s, end_s, np.array_split(window, count))

    def stretch(self, claim: Stated, duration_s: float) -> tuple[float, float]:
        """What is listened to for a claim, in seconds within the clip."""
        start_s = min(max((claim.start_s or 0.0) - self.listening.margin_s, 0.0), duration_s)
        end_s = min(max((duration_s if claim.end_s is None else claim.end_s) + self.listening.margin_s, start_s), duration_s)
        if (short_s := self.listening.shortest_s - (end_s - start_s)) > 0:
            start_s = max(0.0, min(start_s - short_s / 2, duration_s - self.listening.shortest_s))
            end_s = min(duration_s, start_s + self.listening.shortest_s)
        return start_s, end_s

    def _judged(self, claim: Stated, question: _Question, heard: Sequence[Heard]) -> Judged:
        subject = noun(question.subject)
        if not heard:
            return unverifiable(f"the model has no notion of {subject!r}")
        surest = max(heard, key=lambda one: one.presence)
        present_from, absent_below = self.thresholds
        evidence = [number("presence", round(surest.presence, 4), "score", question.start_s, question.end_s)]
        is_event = claim.type == "event"
        if surest.presence >= present_from:
            confidence = (surest.presence - present_from) / max(1 - present_from, 1e-9)
            return (supported if is_event else refuted)(surest.told, evidence, confidence)
        if surest.presence < absent_below:
            return (refuted if is_event else supported)(surest.told, evidence, 1 - surest.presence / absent_below)
        return unverifiable(f"{surest.told}, which decides nothing", evidence)


_PENDING = unverifiable("not judged yet")


def _unasked(claim: Stated) -> str | None:
    """Why a claim is not put to the model; None if it is."""
    if claim.basis == "seen":
        return "rests on the picture"
    if claim.type not in ("event", "absence"):
        return f"a claim of type {claim.type} is not about whether something sounds"
    if claim.subject is None or claim.subject == ANY_SOUND:
        return "names no kind of sound"
    return None
