"""Rows of human checks: what a person says of a claim, to be held against what the witnesses said.

They are no stage's: every import of a sheet of judgements is one part, whatever builds there are, under a name of its own.
"""

from typing import ClassVar

from schemas.fingerprint import fingerprint
from schemas.row import AnnotationRow
from schemas.vocabulary import VerdictWord

REVIEW = "review"
REVIEW_FINGERPRINT = fingerprint(stage=REVIEW, version=1)


class Review(AnnotationRow):
    """Judgements of people. `model` is "human@<reviewer>"."""

    table: ClassVar[str] = "review"

    claim_id: str
    text: str  # of the claim as it was read: another build may call another claim by the same id
    reviewer: str
    batch: int  # the import it came with; of two reviews of a claim by one reviewer the later batch counts
    verdict: VerdictWord
    comment: str | None
    is_decoy: bool
    stratum: str  # what it was drawn from: <claim type>/<finding>/<claim or decoy>
