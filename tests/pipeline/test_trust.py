"""Which witnesses a release believes: closed forms, and noise beside instruments in a dataset of rows."""

import random
from pathlib import Path

import pytest

from annotators.base import Params
from pipeline.catalog import Catalog
from pipeline.release.params import ReleaseParams
from pipeline.release.select import select_clips
from pipeline.release.trust import chains_without_backing, false_share, witness_trust
from pipeline.splits import SplitParams
from schemas.reasoning import Claim, Cot, Decision, Decoy, Step, Verdict
from schemas.vocabulary import VerdictWord
from tests.pipeline.spelling import Speller, ingested, plan_of

ORIGIN = {"model": "m@1", "prompt_id": None}
CLAIMS_PER_CLIP = 6


def test_a_share_is_the_support_of_decoys_over_that_of_claims() -> None:
    assert false_share(98, 9, 100, 50) == pytest.approx(0.2)
    assert false_share(98, 49, 100, 50) == 1.0, "no difference: nothing was told"
    assert false_share(98, 0, 100, 0) is None
    assert false_share(0, 0, 10, 10) == pytest.approx(0.5), "without decoys little is known"
    assert false_share(4, 0, 4, 3) == pytest.approx(1 / 6 / 0.75), "one clip that goes well is enough"


def answers(witness: str, is_decoy: bool, chance: random.Random) -> VerdictWord:
    """What each kind of witness says."""
    match witness:
        case "instruments":
            return chance.choices(("supported", "unverifiable"), (70, 30))[0] if not is_decoy else "refuted"
        case "yes":
            return "supported"
        case "noise":  # yes, no or cannot tell to the claim and to its opposite
            said = (chance.randrange(3), chance.randrange(3))
            return "supported" if said == (0, 1) else "refuted" if said == (1, 0) else "unverifiable"
    raise ValueError(witness)


def catalog_of(folder: Path, *witnesses: str, num_clips: int = 12, seed: int = 0) -> Catalog:
    """Clips with claims and decoys, judged by these witnesses; a claim is kept if any of them supports it."""
    chance = random.Random(seed)
    plan = plan_of(Speller(Params()))
    names = [f"clip{number}" for number in range(num_clips)]
    dataset = ingested(str(folder), plan, *names)
    cots, claims, decoys, verdicts, decisions = [], [], [], [], []
    for name in names:
        cot_id, kept = f"{name}/base", []
        steps = [Step(text="A dog barks.", aspect="semantic")]
        cots.append(Cot(clip_id=name, cot_id=cot_id, task="base", steps=steps, caption_cot="x", **ORIGIN))
        for number in range(2 * CLAIMS_PER_CLIP):
            is_decoy = number >= CLAIMS_PER_CLIP
            claim_id = f"{cot_id}/{number}"
            stated = {
                "clip_id": name, "claim_id": claim_id, "cot_id": cot_id, "step_index": 0, "type": "event", "basis": "heard",
                "text": "A dog barks.", "subject": "dog", **ORIGIN,
            }  # fmt: skip
            if is_decoy:
                decoys.append(Decoy(**stated, decoy_kind="swapped", made_from=f"{cot_id}/0"))
            else:
                claims.append(Claim(**stated))
            for witness in witnesses:
                word = answers(witness, is_decoy, chance)
                verdicts.append(
                    Verdict(
                        clip_id=name, claim_id=claim_id, witness=witness, is_decoy=is_decoy, is_blind=False, verdict=word,
                        score={"supported": 0.9, "refuted": 0.1, "unverifiable": 0.5}[word], reason="", evidence=[], **ORIGIN,
                    )
                )  # fmt: skip
                if word == "supported" and not is_decoy and claim_id not in kept:
                    kept.append(claim_id)
        decisions.append(
            Decision(
                clip_id=name, cot_id=cot_id, policy="p", outcome="accept" if kept else "reject", reason="", steps=steps,
                caption_cot="x" if kept else None, kept_claim_ids=kept, dropped_claim_ids=[], num_supported=len(kept),
                num_refuted=0, num_unverifiable=0, **ORIGIN,
            )
        )  # fmt: skip
    for table, rows in ((Cot, cots), (Claim, claims), (Decoy, decoys), (Verdict, verdicts), (Decision, decisions)):
        dataset.write_part(table, rows, "decide", "0" * 64, 0)
    return Catalog(dataset, plan.fingerprints | {"decide": "0" * 64})


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("witness", ["yes", "noise"])
def test_a_witness_that_tells_nothing_publishes_nothing(tmp_path: Path, witness: str, seed: int) -> None:
    with catalog_of(tmp_path, witness, seed=seed) as catalog:
        selection = select_clips(catalog, ReleaseParams(), SplitParams())
    assert selection.clips == []
    assert selection.left_out["untrusted_witness"] > 0
    assert selection.adds_up
    assert [one.is_trusted for one in selection.trust] == [False]


def test_instruments_publish_and_a_clip_that_leans_on_noise_does_not(tmp_path: Path) -> None:
    with catalog_of(tmp_path / "alone", "instruments") as catalog:
        alone = select_clips(catalog, ReleaseParams(), SplitParams())
    assert len(alone.clips) == 12
    with catalog_of(tmp_path / "both", "instruments", "noise") as catalog:
        trust = {one.witness: one.is_trusted for one in witness_trust(catalog, 0.3)}
        leaning = chains_without_backing(catalog, witness_trust(catalog, 0.3))
        selection = select_clips(catalog, ReleaseParams(), SplitParams())
    assert trust == {"instruments": True, "noise": False}
    assert 0 < len(leaning) == selection.left_out["untrusted_witness"] < 12
    assert {clip.clip_id for clip in selection.clips}.isdisjoint(cot_id.removesuffix("/base") for cot_id in leaning)


def test_who_wants_to_believe_everybody_can(tmp_path: Path) -> None:
    with catalog_of(tmp_path, "yes") as catalog:
        assert len(select_clips(catalog, ReleaseParams(max_false_share=1.0), SplitParams()).clips) == 12
