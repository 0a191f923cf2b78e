"""Witness rates: counts by witness and claim type, intervals against published numbers."""

import pytest

from pipeline.witness_rates import rate, witness_rates
from schemas.reasoning import Claim, Decoy, Verdict
from schemas.vocabulary import ClaimType, VerdictWord


def test_the_interval_is_wilsons() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263 and 0/20."""
    some = rate(81, 263)
    assert some.fraction == pytest.approx(0.3080, abs=1e-4)
    assert some.low == pytest.approx(0.2553, abs=1e-4)
    assert some.high == pytest.approx(0.3662, abs=1e-4)
    none = rate(0, 20)
    assert none.low == pytest.approx(0.0, abs=1e-9)
    assert none.high == pytest.approx(0.1611, abs=1e-4)


def test_nothing_to_count_has_no_rate() -> None:
    assert rate(0, 0).fraction is None
    assert rate(0, 0).high is None


def claim(number: int, type: ClaimType) -> Claim:
    return Claim(
        clip_id="a", model="m@1", claim_id=f"a/base/c{number:02d}", cot_id="a/base", step_index=0, type=type, basis="heard",
        text="t",
    )  # fmt: skip


def decoy(number: int, type: ClaimType) -> Decoy:
    return Decoy(
        clip_id="a", model="m@1", claim_id=f"a/base/d{number:02d}", cot_id="a/base", step_index=0, type=type, basis="heard",
        text="t", decoy_kind="moved", made_from="a/base/c00",
    )  # fmt: skip


def verdict(claim_id: str, witness: str, word: VerdictWord) -> Verdict:
    return Verdict(
        clip_id="a", model="w@1", claim_id=claim_id, witness=witness, is_decoy="/d" in claim_id, is_blind=False,
        verdict=word, score=0.5, reason="r", evidence=[],
    )  # fmt: skip


def test_rates_are_by_witness_and_type_and_keep_claims_and_decoys_apart() -> None:
    claims = [claim(0, "event"), claim(1, "event"), claim(2, "count")]
    decoys = [decoy(0, "event"), decoy(1, "event"), decoy(2, "count")]
    ears = [
        verdict("a/base/c00", "ears", "supported"),
        verdict("a/base/c01", "ears", "refuted"),
        verdict("a/base/c02", "ears", "unverifiable"),
        verdict("a/base/d00", "ears", "supported"),
        verdict("a/base/d01", "ears", "refuted"),
        verdict("a/base/d02", "ears", "refuted"),
    ]
    table = witness_rates(claims, decoys, [*ears, verdict("a/base/d02", "eyes", "supported")])
    assert [(row.witness, row.claim_type) for row in table] == [
        ("ears", None), ("ears", "event"), ("ears", "count"), ("eyes", None), ("eyes", "count"),
    ]  # fmt: skip
    everything, events, counts, eyes, _ = table
    assert (everything.false_accepts.count, everything.false_accepts.total) == (1, 3)
    assert (everything.refuted_decoys.count, everything.false_rejects_at_most.count) == (2, 1)
    assert (events.false_accepts.count, events.false_accepts.total) == (1, 2)
    assert (events.false_rejects_at_most.count, events.false_rejects_at_most.total) == (1, 2)
    assert (counts.refuted_decoys.count, counts.refuted_decoys.total) == (1, 1)
    assert eyes.false_accepts.fraction == 1.0
    assert eyes.false_rejects_at_most.fraction is None


def test_verdicts_on_unknown_claims_count_nowhere() -> None:
    table = witness_rates([claim(0, "event")], [], [verdict("a/base/c09", "ears", "refuted")])
    assert table[0].false_rejects_at_most.total == 0
