"""The sentence of a step, written from its claims: what a repaired step says is what its claims say, and nothing else."""

from collections.abc import Sequence

from annotators.likeness import SUSTAINED
from annotators.wording import between, claim_text, joined, noun, seconds, sentence
from schemas.evidence import Track
from schemas.reasoning import Stated, Step


def step_text(step: Step, claims: Sequence[Stated], tracks: Sequence[Track], duration_s: float) -> str:
    """The step said again. `claims`: at least one, in the order in which they are told."""
    if step.is_avoidance:
        return sentence(f"avoid {joined([noun(claim.subject or 'sound', 2) for claim in claims], 'or')}")
    clauses: dict[str, str] = {}
    for claim in claims:
        if claim.type == "event":
            alike = [other for other in claims if other.type == "event" and other.subject == claim.subject]
            clauses[f"event {claim.subject}"] = _heard(alike)
        else:
            clause = _clause(claim, tracks, duration_s)
            clauses[clause] = clause
    return sentence("; ".join(clauses.values()))


def _heard(events: Sequence[Stated]) -> str:
    """ "hits are heard at 1.0 s and 2.5 s", "a tone is heard between 1.0 s and 4.0 s"."""
    subject = events[0].subject or "sound"
    if subject in SUSTAINED or any(event.start_s is None for event in events):
        return joined([_plain(claim_text(event)) for event in events])
    starts = [seconds(event.start_s or 0.0) for event in sorted(events, key=lambda event: event.start_s or 0.0)]
    if len(starts) == 1:
        return _plain(claim_text(events[0])).replace(between(events[0].start_s, events[0].end_s), f" at {starts[0]}")
    return f"{noun(subject, len(starts))} are heard at {joined(starts)}"


def _clause(claim: Stated, tracks: Sequence[Track], duration_s: float) -> str:
    if claim.type == "source" and (track := next((one for one in tracks if one.track_id == claim.object), None)):
        return f"the {track.phrase} makes the {noun(claim.subject or 'sound', 2)}"
    is_whole = (claim.start_s or 0.0) <= 0.05 and (claim.end_s is None or claim.end_s >= duration_s - 0.1)
    unbounded = claim.model_copy(update={"start_s": None, "end_s": None})
    return _plain(claim_text(unbounded if is_whole else claim))


def _plain(text: str) -> str:
    """A sentence as a clause: no full stop, and no capital unless a word of capitals begins it."""
    text = text.strip().rstrip(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
