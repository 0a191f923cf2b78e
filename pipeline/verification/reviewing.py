"""The human check: a stratified sample of claims for people to judge, and their judgements as rows of the table `review`.

A stratum is claim type x finding x claim or decoy, so that rare findings and rare types are looked at as well as common ones.
The sheet says nothing of findings, and a claim is named by a hash there: its id would tell a decoy. Choice and order
follow from a hash of the seed and the claim.
"""

import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from math import ceil

from pipeline.catalog import Catalog
from pipeline.verification.ensemble import EnsembleParams, fuse
from pipeline.verification.review_sheets import Judgement, SheetRow
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.reasoning import Verdict
from schemas.reviews import REVIEW, REVIEW_FINGERPRINT, Review
from schemas.vocabulary import ClaimMedia, ClaimType

ROWS_AT_ONCE = 4096
_JUDGED = """
with judged as (
    select clip_id, claim_id, cot_id, type, media, text, start_s, end_s, false as is_decoy from claim
    union all select clip_id, claim_id, cot_id, type, media, text, start_s, end_s, true as is_decoy from decoy
), said as (select claim_id, list(v) as verdicts from (select * exclude (evidence), [] as evidence from verdict) v group by 1)
select judged.*, cot.subject_id, said.verdicts, shard, has_video
from judged join clip_shard using (clip_id) join clip using (clip_id) left join cot using (cot_id) join said using (claim_id)
"""


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim or decoy that witnesses judged, with where its media is."""

    clip_id: str
    claim_id: str
    text: str
    start_s: float | None
    end_s: float | None
    media: ClaimMedia | None
    subject_id: str | None  # the edit whose input or target is meant
    is_decoy: bool
    stratum: str
    shard: int
    has_video: bool

    @property
    def review_id(self) -> str:
        """What the claim is called on a sheet: 16 hexadecimal digits that follow from its id and its text."""
        return sha256(f"{self.claim_id}\n{self.text}".encode()).hexdigest()[:16]


def judged_claims(catalog: Catalog, params: EnsembleParams) -> Iterator[JudgedClaim]:
    """All claims and decoys with a verdict, with their strata under an ensemble."""
    for batch in catalog.query(_JUDGED).to_batches(ROWS_AT_ONCE):
        for row in batch.to_pylist():
            claim_type: ClaimType = row.pop("type")
            finding = fuse(claim_type, [Verdict.model_validate(said) for said in row.pop("verdicts")], params)
            del row["cot_id"]
            yield JudgedClaim(**row, stratum=f"{claim_type}/{finding}/{'decoy' if row['is_decoy'] else 'claim'}")


def draw_sample(claims: Iterator[JudgedClaim], frac: float, seed: int) -> list[JudgedClaim]:
    """At least `frac` of every stratum and at least one claim of each, shuffled."""
    strata: dict[str, list[JudgedClaim]] = defaultdict(list)
    for claim in claims:
        strata[claim.stratum].append(claim)

    def rank(claim: JudgedClaim) -> bytes:
        return blake2b(f"{seed}\n{claim.review_id}".encode(), digest_size=8).digest()

    chosen = [claim for of in strata.values() for claim in sorted(of, key=rank)[: max(1, ceil(frac * len(of)))]]
    return sorted(chosen, key=rank)


def sheet_rows(dataset: Dataset, ingest_fingerprint: str, claims: Sequence[JudgedClaim]) -> Iterator[SheetRow]:
    """The sample as it goes to people."""
    for claim in claims:
        path = dataset.clips_path(ingest_fingerprint, claim.shard)
        tar = dataset.storage.full(path) if dataset.storage.is_local else f"{dataset.url}/{path}"
        members = [f"{claim.clip_id}.{kind}" for kind in (("mp4", "flac") if claim.has_video else ("flac",))]
        sound = f"the {claim.media} of {claim.subject_id}" if claim.media else "the clip"
        yield SheetRow(
            review_id=claim.review_id,
            clip_id=claim.clip_id,
            claim=claim.text,
            start_s=claim.start_s,
            end_s=claim.end_s,
            sound=sound,
            extract=shlex.join(["tar", "-xf", tar, *members]),
        )


def reviews(
    claims: Iterator[JudgedClaim], judgements: Sequence[Judgement], reviewer: str, batch: int
) -> tuple[list[Review], list[Judgement]]:
    """The rows of one person's judgements, and those that are about no claim of the dataset as it is."""
    left = {judgement.review_id: judgement for judgement in judgements}
    rows: list[Review] = []
    for claim in claims:
        if judgement := left.pop(claim.review_id, None):
            rows.append(
                Review(
                    clip_id=claim.clip_id,
                    model=f"human@{reviewer}",
                    claim_id=claim.claim_id,
                    text=claim.text,
                    reviewer=reviewer,
                    batch=batch,
                    verdict=judgement.verdict,
                    comment=judgement.comment,
                    is_decoy=claim.is_decoy,
                    stratum=claim.stratum,
                )
            )
    return rows, list(left.values())


def next_batch(dataset: Dataset) -> int:
    """The number of the next import."""
    return max(dataset.shards_with_part(Review.table, REVIEW, REVIEW_FINGERPRINT), default=-1) + 1


def commit_reviews(dataset: Dataset, rows: Sequence[Review], batch: int) -> None:
    """Write an import as one part. RootError if another import took its number in the meantime."""
    try:
        written = dataset.write_part(Review, rows, REVIEW, REVIEW_FINGERPRINT, batch, must_be_new=True, files={})
    except FileExistsError:
        raise RootError(f"another import into {dataset.url} was faster; run the same command again") from None
    for path in written:
        dataset.keep_twice(path)
