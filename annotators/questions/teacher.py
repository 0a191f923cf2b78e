"""`template`: a teacher that reasons from tracks and motion events alone, deterministically.

It sees what was measured in the picture and hears nothing, so it can be wrong, and says what it expects as inferred. Its
samples are a delete bootstrap of the visual evidence: each sample forgets a share of it that grows with the temperature, so
that samples agree where the evidence is plenty and fall apart where it hangs on one thing. At temperature 0 nothing is
forgotten and all samples are equal. A question of another form than its own it cannot read, and gives no answer to.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np
from pydantic import Field

from annotators.base import Annotator, Params
from annotators.questions.forms import Meaning, Query, read_query
from annotators.questions.roles import Asked, Drawn, Sampled, TeachRequest
from annotators.questions.sight import STRUCK, Sight, begin_s, best_choice, sight_of
from annotators.wording import a, claim_text, joined, seconds, sentence, with_article, worded
from schemas.evidence import Track
from schemas.reasoning import Reasoned, Stated, Step
from schemas.vocabulary import SOUND_KINDS, Aspect, SoundKind

_ASPECTS: Mapping[str, Aspect] = {"where": "spatial", "maker": "spatial", "loudness": "aesthetic", "which": "semantic"}
_FORGOTTEN = 0.25  # share of the evidence that a sample at temperature 1 goes without
_EVENT_S = 0.2
_Said = tuple[str, Aspect, list[Stated]]  # a step in the making: its words, what it is about, its claims


class TeacherParams(Params):
    """How often a question is answered, and how freely."""

    num_samples: int = Field(5, ge=1, le=64, description="samples of every question, K")
    temperature: float = Field(0.7, ge=0, le=2, description="how much of what was seen a sample goes without; 0: all equal")
    seed: int = Field(0, description="another seed draws other samples")
    max_told: int = Field(3, ge=1, le=8, description="sudden moves, and moving things, that the chain of thought names")


class TemplateTeacher(Annotator[TeachRequest, Sequence[Drawn]]):
    """One `Drawn` per question, in order."""

    Params = TeacherParams
    params: TeacherParams
    batch_size = 16

    @property
    def model(self) -> str:
        return "template@1"

    def annotate(self, batch: Sequence[TeachRequest]) -> list[Sequence[Drawn]]:
        """Never rejects."""
        return [[self._drawn(request, asked) for asked in request.questions] for request in batch]

    def _drawn(self, request: TeachRequest, asked: Asked) -> Drawn:
        p = self.params
        tracks = {
            track.phrase: track.track_id for track in sorted(request.tracks, key=lambda track: track.end_s - track.start_s)
        }
        query = read_query(asked.text, asked.choices, tracks)
        samples = [self._sample(request, asked, query, number if p.temperature else 0) for number in range(p.num_samples)]
        return Drawn(p.temperature, p.seed, samples)

    def _sample(self, request: TeachRequest, asked: Asked, query: Query | None, number: int) -> Sampled:
        if query is None:
            return Sampled("This question is of no form that is known here.", None)
        name = int.from_bytes(blake2b(asked.question_id.encode(), digest_size=8).digest())
        random = np.random.default_rng([self.params.seed, name, number])
        forgotten = min(_FORGOTTEN * self.params.temperature, 0.9)
        tracks = [track for track in request.tracks if random.random() >= forgotten]
        seen = [event for event in request.seen if random.random() >= forgotten]
        sight = sight_of(tracks, seen, request.width_px)
        choice = best_choice(query, sight)
        if choice is None:  # nothing seen tells: every sample guesses for itself
            choice = int(random.integers(len(asked.choices)))
        chain = self._chain(query, query.meanings[choice], asked.choices[choice], sight, request.media.duration_s)
        return Sampled("\n".join([*(step.text for step in chain.steps), chain.caption_cot]), choice, chain)

    def _chain(self, query: Query, meaning: Meaning, choice: str, sight: Sight, duration_s: float) -> Reasoned:
        """What is seen, what it lets one expect to hear, what that means for the question: a step each, to stand or fall."""
        said = self._expected(_kind(query, meaning), sight, duration_s)
        claims = _concluding(meaning, sight, duration_s)
        conclusion = joined([claim_text(claim).rstrip(".") for claim in claims]) if claims else f"the answer is “{choice}”"
        said.append((f"so {conclusion[:1].lower()}{conclusion[1:]}", _ASPECTS.get(query.kind, "temporal"), claims))
        return Reasoned(
            steps=[Step(text=sentence(text), aspect=aspect) for text, aspect, _ in said],
            caption_cot=f"The answer is “{choice}”.",
            claims=[one.model_copy(update={"step_index": index}) for index, (*_, own) in enumerate(said) for one in own],
        )

    def _expected(self, kind: SoundKind | None, sight: Sight, duration_s: float) -> list[_Said]:
        """What moves, and the sounds of the kind in question that its moves, or its being there, should make."""
        moving = sorted(sight.tracks, key=lambda track: -track.mean_speed_px_per_s)[: self.params.max_told]
        seen = [_seen(track) for track in moving]
        things = (
            joined([with_article(track.phrase) for track in moving]) if moving else "something" if sight.hits_s else "nothing"
        )
        text = f"{things} {'is' if len(moving) <= 1 else 'are'} seen moving"
        if kind is None or (kind in STRUCK and not sight.hits_s):
            return [(f"{text} without a sudden move", "semantic", seen)]
        if kind not in STRUCK and not moving:
            return [(f"{text}, so that {a(kind)} would come from out of sight", "semantic", seen)]
        if kind not in STRUCK:
            end_s = max(track.end_s for track in sight.tracks)
            lasting = _inferred("event", kind, sight.first_move_s, max(end_s, sight.first_move_s + _EVENT_S))
            return [(f"{text}, and {a(kind)} should be heard as long as that is so", "semantic", [*seen, lasting])]
        hits = [_inferred("event", kind, time_s, min(time_s + _EVENT_S, duration_s)) for time_s in sight.hits_s]
        first = f"{text}, with a sudden move at {seconds(sight.hits_s[0])} that should be heard as {a(kind)}"
        said: list[_Said] = [(first, "semantic", [*seen, hits[0]])]
        if later := hits[1 : self.params.max_told]:
            moments = joined([seconds(time_s) for time_s in sight.hits_s[1 : self.params.max_told]])
            said.append((f"the next should be heard at {moments}", "temporal", later))
        return said


def _kind(query: Query, meaning: Meaning) -> SoundKind | None:
    """The kind of sound that a chain about a choice speaks of first."""
    subject = query.subject or (meaning.claims[0].subject if meaning.claims else None)
    return next((kind for kind in SOUND_KINDS if kind == subject), None)


def _concluding(meaning: Meaning, sight: Sight, duration_s: float) -> list[Stated]:
    """The claims of a choice as a teacher makes them. What is denied is said of something that must be heard, or not at all."""
    if not meaning.is_denied:
        return list(meaning.claims)
    kinds = [claim.subject for claim in meaning.claims if claim.type == "absence"]
    return [
        _inferred("event", kind, begin_s(kind, sight), min(begin_s(kind, sight) + _EVENT_S, duration_s))
        for kind in kinds
        if kind
    ]


def _inferred(type: str, subject: str, start_s: float, end_s: float) -> Stated:
    span = {"start_s": round(start_s, 1), "end_s": round(end_s, 1)}
    return worded(
        Stated.model_validate({"step_index": 0, "type": type, "basis": "inferred", "text": "", "subject": subject} | span)
    )


def _seen(track: Track) -> Stated:
    text = f"{with_article(track.phrase).capitalize()} is seen moving."
    span = {"start_s": round(track.start_s, 1), "end_s": round(track.end_s, 1)}
    return Stated(step_index=0, type="inference", basis="seen", text=text, **span)
