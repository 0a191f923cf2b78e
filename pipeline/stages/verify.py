"""Verify: a witness judges every claim and every decoy against the clip's own sound and picture.

Claims and decoys are handed over mixed in a seeded order and look alike, so a witness cannot tell which it is judging.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from annotators.base import Annotator
from annotators.roles import Inquiry
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.errors import Filtered
from schemas.evidence import MotionEvent, RoiTrack
from schemas.media import Clip
from schemas.reasoning import Claim, Decoy, Judged, Stated, Verdict
from schemas.row import Row
from schemas.vocabulary import Task


class Verify(SampleStage[Inquiry, Sequence[Judged]]):
    """`judges`: the tables whose claims are put to the witness, among those required."""

    name = "verify"
    task: ClassVar[Task | None] = "base"
    role = "verifier"
    default_backend: ClassVar[str | None] = "instruments"
    requires: ClassVar[tuple[type[Row], ...]] = (Clip, RoiTrack, MotionEvent, Claim, Decoy)
    produces = (Verdict,)
    judges: ClassVar[tuple[type[Claim] | type[Decoy], ...]] = (Claim, Decoy)

    def ask(self, sample: Sample) -> Inquiry | Filtered:
        claims = self._mixed(sample)
        if not claims:
            return Filtered("no_claims")
        return Inquiry(
            media=sample.media,
            claims=[Stated.model_validate(claim.model_dump(include=set(Stated.model_fields))) for claim in claims],
            tracks=sample.of(RoiTrack),
            seen=sample.of(MotionEvent),
            width_px=sample.clip.width_px,
            height_px=sample.clip.height_px,
        )

    def rows(self, sample: Sample, answer: Sequence[Judged]) -> Iterable[Row]:
        assert self.annotator is not None
        origin = self.provenance(sample)
        for claim, judged in zip(self._mixed(sample), answer, strict=True):
            yield verdict_row(origin, self.annotator, claim, judged)

    def _mixed(self, sample: Sample) -> list[Claim | Decoy]:
        claims: list[Claim | Decoy] = [claim for table in self.judges for claim in sample.of(table)]
        random.Random(sample.clip.clip_id).shuffle(claims)  # noqa: S311 (an order, not a secret)
        return claims


def verdict_row(origin: Mapping[str, Any], annotator: Annotator[Any, Any], claim: Claim | Decoy, judged: Judged) -> Verdict:
    """What a witness said of one claim. `origin`: the stage's `provenance`."""
    return Verdict(
        **origin,
        claim_id=claim.claim_id,
        witness=annotator.model.partition("@")[0],
        is_decoy=isinstance(claim, Decoy),
        is_blind=annotator.is_blind,
        **judged.model_dump(),
    )
