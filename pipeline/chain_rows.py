"""A chain of thought as rows, whatever its task."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.reasoning import Claim, Cot, Reasoned
from schemas.row import Row
from schemas.vocabulary import Task


def chain_rows(origin: Mapping[str, Any], task: Task, chain: Reasoned, subject_id: str | None = None) -> Iterator[Row]:
    """One `cot` row and its claims, numbered.

    Args:
        origin: the fields every annotation row starts with.
        subject_id: what the chain is about, for a task that has more than one chain for a clip. An id that begins with the
            clip's names the chain by its last part.

    ValueError for a claim of a step that is not there.
    """
    cot_id = f"{origin['clip_id']}/{task}" + (f"-{subject_id.rpartition('/')[2]}" if subject_id else "")
    yield Cot(**origin, cot_id=cot_id, task=task, subject_id=subject_id, steps=chain.steps, caption_cot=chain.caption_cot)
    for number, claim in enumerate(chain.claims):
        if not 0 <= claim.step_index < len(chain.steps):
            raise ValueError(f"claim {number} must name one of the {len(chain.steps)} steps, got {claim.step_index}")
        yield Claim(**origin, claim_id=f"{cot_id}/c{number:02d}", cot_id=cot_id, **claim.model_dump())
