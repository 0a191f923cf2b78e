"""Rows of human checks: what a person says of a claim, to be held against what the witnesses said."""

from typing import ClassVar

from schemas.row import AnnotationRow
from schemas.vocabulary import VerdictWord


class Review(AnnotationRow):
    """Judgements of people. `model` is "human@<reviewer>"."""

    table: ClassVar[str] = "review"

    claim_id: str
    reviewer: str
    verdict: VerdictWord
    comment: str | None
    is_decoy: bool
    stratum: str  # what it was drawn from, as text
