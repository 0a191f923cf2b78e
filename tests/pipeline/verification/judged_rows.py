"""A dataset of rows alone: chains, claims, decoys, verdicts and decisions as a build leaves them, with no media behind them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from annotators.base import Params
from pipeline.catalog import Catalog
from schemas.layout import Dataset
from schemas.reasoning import Claim, Cot, Decision, Decoy, Step, Verdict
from schemas.vocabulary import ClaimType, VerdictWord
from tests.pipeline.spelling import Speller, ingested, plan_of

FINGERPRINT = "0" * 64
PLAN = plan_of(Speller(Params()))
FINGERPRINTS = PLAN.fingerprints | {"decide": FINGERPRINT}
SCORES: dict[VerdictWord, float] = {"supported": 0.9, "refuted": 0.1, "unverifiable": 0.5}


def claim(number: int, type: ClaimType = "event", clip_id: str = "a", text: str = "t") -> Claim:
    return Claim(
        clip_id=clip_id, model="m@1", claim_id=f"{clip_id}/base/c{number:02d}", cot_id=f"{clip_id}/base", step_index=0,
        type=type, basis="heard", text=text,
    )  # fmt: skip


def decoy(number: int, type: ClaimType = "event", clip_id: str = "a", kind: str = "moved", text: str = "t") -> Decoy:
    stated = claim(number, type, clip_id, text).model_dump()
    decoyed = stated | {"claim_id": f"{clip_id}/base/d{number:02d}", "decoy_kind": kind, "made_from": f"{clip_id}/base/c00"}
    return Decoy.model_validate(decoyed)


def verdict(claim_id: str, witness: str, word: VerdictWord, is_blind: bool = False) -> Verdict:
    return Verdict(
        clip_id=claim_id.partition("/")[0], model=f"{witness}@1", claim_id=claim_id, witness=witness,
        is_decoy="/d" in claim_id, is_blind=is_blind, verdict=word, score=SCORES[word], reason="r", evidence=[],
    )  # fmt: skip


def dataset_of(
    root: Path,
    claims: Sequence[Claim],
    decoys: Sequence[Decoy],
    verdicts: Iterable[Verdict],
    decisions: Iterable[Decision] = (),
) -> Dataset:
    """Shard 0 with one chain per clip that is spoken of."""
    clip_ids = sorted({row.clip_id for row in (*claims, *decoys)})
    dataset = ingested(str(root), PLAN, *clip_ids)
    steps = [Step(text="A bell rings.", aspect="semantic")]
    chains = [
        Cot(clip_id=clip_id, model="m@1", cot_id=f"{clip_id}/base", task="base", steps=steps, caption_cot="Generate a bell.")
        for clip_id in clip_ids
    ]
    for table, rows in ((Cot, chains), (Claim, claims), (Decoy, decoys), (Verdict, verdicts), (Decision, decisions)):
        dataset.write_part(table, rows, "decide", FINGERPRINT, 0)
    return dataset


def catalog_of(dataset: Dataset) -> Catalog:
    return Catalog(dataset, FINGERPRINTS)
