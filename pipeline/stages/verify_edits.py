"""Verify edits: a witness judges the claims and decoys about each editing task on the sound that they name, input or target.

The witness is given one sound at a time and is not told which of the two it is; both are rendered for it in memory.
"""

import random
from collections.abc import Iterable, Sequence
from typing import ClassVar, get_args

from annotators.roles import Inquiry
from annotators.wording import worded
from pipeline.editing.edit_media import edit_media
from pipeline.sample import Sample
from pipeline.stage import ManySampleStage
from pipeline.stages.verify import verdict_row
from schemas.edits import Edit
from schemas.errors import Filtered
from schemas.media import Clip
from schemas.reasoning import Claim, Cot, Decoy, Judged, Stated, Verdict
from schemas.row import Row
from schemas.vocabulary import ClaimMedia, Task


class VerifyEdits(ManySampleStage[Inquiry, Sequence[Judged]]):
    """Two inquiries for each task. What names neither sound, a conclusion about both, goes with the target."""

    name = "verify_edits"
    task: ClassVar[Task | None] = "edit"
    role = "verifier"
    default_backend: ClassVar[str | None] = "instruments"
    requires = (Clip, Edit, Cot, Claim, Decoy)
    produces = (Verdict,)

    def begin(self, samples: Sequence[Sample]) -> None:
        self._media = {sample.clip.clip_id: sample.media for sample in samples}

    def ask(self, sample: Sample) -> Sequence[Inquiry] | Filtered:
        if not sample.of(Claim):
            return Filtered("no_claims")
        return [
            Inquiry(
                media=edit_media(edit, side, sample.media, self._media[edit.other_clip_id] if edit.other_clip_id else None),
                claims=[bare(claim) for claim in claims],
                tracks=[],
                seen=[],
                width_px=None,
                height_px=None,
            )
            for edit, side, claims in inquiries(sample)
        ]

    def rows(self, sample: Sample, answer: Sequence[Sequence[Judged]]) -> Iterable[Row]:
        assert self.annotator is not None
        for (_, _, claims), judged in zip(inquiries(sample), answer, strict=True):
            for claim, one in zip(claims, judged, strict=True):
                yield verdict_row(self.provenance(sample), self.annotator, claim, one)


def inquiries(sample: Sample) -> list[tuple[Edit, ClaimMedia, list[Claim | Decoy]]]:
    """The claims and decoys about each sound of each task, mixed in a seeded order."""
    edits = {edit.edit_id: edit for edit in sample.of(Edit)}
    all_claims: list[Claim | Decoy] = [*sample.of(Claim), *sample.of(Decoy)]
    sides: tuple[ClaimMedia, ...] = get_args(ClaimMedia)
    found: list[tuple[Edit, ClaimMedia, list[Claim | Decoy]]] = []
    for cot in sample.of(Cot):
        for side in sides:
            claims = [claim for claim in all_claims if claim.cot_id == cot.cot_id and side == (claim.media or "target")]
            random.Random(f"{cot.cot_id}/{side}").shuffle(claims)  # noqa: S311 (an order, not a secret)
            if claims:
                found.append((edits[cot.subject_id or ""], side, claims))
    return found


def bare(claim: Claim | Decoy) -> Stated:
    """What is claimed of the sound that the witness is given."""
    stated = Stated.model_validate(claim.model_dump(include=set(Stated.model_fields)))
    return worded(stated.model_copy(update={"media": None}))
