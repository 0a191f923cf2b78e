"""Witness rates: counts by witness and claim type, intervals against published numbers."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from scipy.stats import binomtest

from pipeline.verification.witness_rates import WitnessRates, decoy_rates, rate, witness_rates
from schemas.reasoning import Claim, Decoy, Repair, Verdict
from tests.pipeline.verification.judged_rows import FINGERPRINT, catalog_of, claim, dataset_of, decoy, verdict


def test_the_interval_is_wilsons() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263 and 0/20."""
    some = rate(81, 263)
    assert some.fraction == pytest.approx(0.3080, abs=1e-4)
    assert some.low == pytest.approx(0.2553, abs=1e-4)
    assert some.high == pytest.approx(0.3662, abs=1e-4)
    none = rate(0, 20)
    assert none.low == pytest.approx(0.0, abs=1e-9)
    assert none.high == pytest.approx(0.1611, abs=1e-4)


@pytest.mark.parametrize(("count", "total"), [(0, 1), (1, 1), (1, 3), (81, 263), (99_990, 99_991)])
def test_the_interval_is_that_of_scipy_to_the_last_bit(count: int, total: int) -> None:
    """Rates are in cards and run records, which are the same bytes in every build."""
    wanted = binomtest(count, total).proportion_ci(confidence_level=0.95, method="wilson")
    assert (rate(count, total).low, rate(count, total).high) == (wanted.low, wanted.high)


def test_nothing_to_count_has_no_rate() -> None:
    assert rate(0, 0).fraction is None
    assert rate(0, 0).high is None


def counted(root: Path, claims: Sequence[Claim], decoys: Sequence[Decoy], verdicts: Sequence[Verdict]) -> list[WitnessRates]:
    with catalog_of(dataset_of(root, claims, decoys, verdicts)) as catalog:
        return witness_rates(catalog)


def test_rates_are_by_witness_and_type_and_keep_claims_and_decoys_apart(tmp_path: Path) -> None:
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
    table = counted(tmp_path, claims, decoys, [*ears, verdict("a/base/d02", "eyes", "supported")])
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


def test_verdicts_on_unknown_claims_count_nowhere(tmp_path: Path) -> None:
    judged = [verdict("a/base/c09", "ears", "refuted"), verdict("a/base/c00", "ears", "supported")]
    table = counted(tmp_path, [claim(0)], [], judged)
    assert table[0].false_rejects_at_most.total == 1
    assert table[0].false_rejects_at_most.count == 0


def test_decoys_are_also_told_apart_by_how_they_were_made(tmp_path: Path) -> None:
    decoys = [decoy(0, kind="moved"), decoy(1, kind="moved"), decoy(2, kind="negated")]
    judged = [
        verdict("a/base/c00", "ears", "supported"),
        verdict("a/base/d00", "ears", "supported"),
        verdict("a/base/d01", "ears", "refuted"),
        verdict("a/base/d02", "ears", "refuted"),
    ]
    with catalog_of(dataset_of(tmp_path, [claim(0)], decoys, judged)) as catalog:
        moved, negated = decoy_rates(catalog)
    assert (moved.witness, moved.decoy_kind) == ("ears", "moved")
    assert (moved.false_accepts.count, moved.refuted_decoys.count, moved.refuted_decoys.total) == (1, 1, 2)
    assert (negated.decoy_kind, negated.false_accepts.fraction, negated.refuted_decoys.fraction) == ("negated", 0.0, 1.0)


def test_a_claim_that_a_repair_wrote_from_measurements_is_no_merit_of_who_measured(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, [claim(0), claim(1)], [], [verdict(f"a/base/c0{n}", "ears", "supported") for n in (0, 1)])
    rewritten = Repair(
        clip_id="a", model="m@1", cot_id="a/base", step_index=0, action="rewrite", reason="r", before="b", after="a",
        refuted_claim_ids=[], new_claim_ids=["a/base/c01"],
    )  # fmt: skip
    dataset.write_part(Repair, [rewritten], "decide", FINGERPRINT, 0)
    with catalog_of(dataset) as catalog:
        assert witness_rates(catalog)[0].false_rejects_at_most.total == 1
