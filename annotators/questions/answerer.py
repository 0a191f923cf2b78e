"""`instruments`: answers generated questions by measuring the sound that it is given, with the verifier's own judges.

Every choice of a question it can read says claims; the choice whose claims are judged truest is the answer. Where it is given
no sound, or silence, or a question that it cannot read, or where measuring decides nothing, it guesses, every sample for
itself: then what its answers have in common says nothing but chance, which is what a question is compared with.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from pydantic import Field

from annotators.base import Annotator
from annotators.instruments.judging.ear import Ear
from annotators.instruments.judging.params import VerifierParams
from annotators.instruments.judging.source import Eye
from annotators.instruments.listening import listen
from annotators.instruments.verifier import judge
from annotators.media import Media
from annotators.questions.forms import Meaning, read_query
from annotators.questions.roles import AnswerRequest, Asked, Drawn, Sampled

_BLIND = Eye([], [], None)


class AnswererParams(VerifierParams):
    """How often a question is answered; how choices are judged is the verifier's."""

    num_samples: int = Field(3, ge=1, le=64, description="samples of every question with every sound")
    seed: int = Field(0, description="another seed guesses otherwise")


class InstrumentAnswerer(Annotator[AnswerRequest, Sequence[Drawn]]):
    """One `Drawn` per question, in order. Measuring has no temperature: only guesses differ between samples."""

    Params = AnswererParams
    params: AnswererParams

    @property
    def model(self) -> str:
        return f"instruments@{self.version}"

    def annotate(self, batch: Sequence[AnswerRequest]) -> list[Sequence[Drawn]]:
        """Never rejects."""
        return [self._answered(request) for request in batch]

    def _answered(self, request: AnswerRequest) -> list[Drawn]:
        ear = self._ear(request.media) if request.media else None
        name = "nothing" if request.media is None else f"{request.media.clip_id} {'sound' if ear else 'silence'}"
        return [self._drawn(asked, ear, name) for asked in request.questions]

    def _ear(self, media: Media) -> Ear | None:
        """What is heard, None for digital silence."""
        if not media.sound().samples.any():
            return None
        heard = listen(media, self.params.instruments)
        return Ear(heard.analysis, sorted(heard.events, key=lambda event: event.start_s), self.params)

    def _drawn(self, asked: Asked, ear: Ear | None, name: str) -> Drawn:
        p = self.params
        likeliest, why = _likeliest(asked, ear)
        samples: list[Sampled] = []
        for number in range(p.num_samples):
            chance = f"{asked.question_id} {name} {p.seed} {number}"
            random = np.random.default_rng(int.from_bytes(blake2b(chance.encode(), digest_size=8).digest()))
            choice = likeliest[int(random.integers(len(likeliest)))]
            samples.append(Sampled(f"{why} {asked.choices[choice]}", choice))
        return Drawn(0.0, p.seed, samples)


def _likeliest(asked: Asked, ear: Ear | None) -> tuple[Sequence[int], str]:
    """The choices that nothing speaks against more than against others, and what is said of the one that is taken."""
    query = read_query(asked.text, asked.choices, {}) if ear else None
    if ear is None or query is None:
        return range(len(asked.choices)), "A guess:"
    scores = [_score(meaning, ear) for meaning in query.meanings]
    best = [index for index, score in enumerate(scores) if score >= max(scores) - 1e-9]
    return best, "As measured:" if len(best) == 1 else "As likely as others:"


def _score(meaning: Meaning, ear: Ear) -> float:
    """0 (surely false) .. 1 (surely true): of the least likely claim, or of the opposite of what is denied."""
    scores = [judge(claim, ear, _BLIND).score for claim in meaning.claims]
    if not scores:
        return 0.5
    return 1 - max(scores) if meaning.is_denied else min(scores)
