"""The sample that people check: every stratum in it, nothing in it that tells a decoy, and judgements back as rows."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.catalog import Catalog
from pipeline.verification.ensemble import EnsembleParams
from pipeline.verification.review_sheets import Judgement
from pipeline.verification.reviewing import commit_reviews, draw_sample, judged_claims, next_batch, reviews, sheet_rows
from schemas.errors import RootError
from schemas.layout import Dataset
from tests.pipeline.verification.judged_rows import FINGERPRINTS, catalog_of, claim, dataset_of, decoy, verdict

AGREEMENT = EnsembleParams(ensemble="agreement")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Sixty supported events, three refuted ones, one count that nobody could check, ten refuted decoys, one unjudged."""
    claims = [claim(n, text=f"event {n}") for n in range(63)] + [claim(63, "count", text="count"), claim(64, text="unjudged")]
    decoys = [decoy(n, clip_id="b", text=f"decoy {n}") for n in range(10)]
    judged = [verdict(claim.claim_id, "ears", "supported") for claim in claims[:60]]
    judged += [verdict(claim.claim_id, "ears", "refuted") for claim in claims[60:63]]
    judged += [verdict(decoy.claim_id, "ears", "refuted") for decoy in decoys]
    return dataset_of(tmp_path, claims, decoys, [*judged, verdict("a/base/c63", "ears", "unverifiable")])


def test_every_stratum_gives_its_share_and_at_least_one(dataset: Dataset) -> None:
    with catalog_of(dataset) as catalog:
        sample = draw_sample(judged_claims(catalog, AGREEMENT), 0.05, seed=0)
        other = draw_sample(judged_claims(catalog, AGREEMENT), 0.05, seed=1)
        again = draw_sample(judged_claims(catalog, AGREEMENT), 0.05, seed=0)
        everything = draw_sample(judged_claims(catalog, AGREEMENT), 1.0, seed=0)
    assert Counter(one.stratum for one in sample) == {
        "event/supported/claim": 3,
        "event/refuted/claim": 1,
        "count/unverifiable/claim": 1,
        "event/refuted/decoy": 1,
    }
    assert [one.claim_id for one in sample] == [one.claim_id for one in again]
    assert [one.claim_id for one in sample] != [one.claim_id for one in other]
    assert len(everything) == 74, "what no witness judged has no finding and is in no stratum"


def test_nothing_on_the_sheet_tells_a_decoy_or_what_witnesses_said(dataset: Dataset) -> None:
    with catalog_of(dataset) as catalog:
        sample = draw_sample(judged_claims(catalog, AGREEMENT), 1.0, seed=0)
    rows = list(sheet_rows(dataset, FINGERPRINTS["ingest"], sample))
    assert len({row.review_id for row in rows}) == len(rows) == len(sample)
    for row, one in zip(rows, sample, strict=True):
        told = f"{row.review_id} {row.sound} {row.extract} {row.verdict} {row.comment}"
        assert one.claim_id not in told
        assert not any(word in told for word in ("decoy", "supported", "refuted", "ears"))
        assert (
            row.extract == f"tar -xf {dataset.storage.full(dataset.clips_path(FINGERPRINTS['ingest'], 0))} {row.clip_id}.flac"
        )
    kinds = [one.is_decoy for one in sample]
    assert sum(a != b for a, b in pairwise(kinds)) > 10, "decoys stand among the claims"


def test_judgements_become_rows_of_the_table_and_strangers_are_told(dataset: Dataset) -> None:
    with catalog_of(dataset) as catalog:
        some = draw_sample(judged_claims(catalog, AGREEMENT), 0.05, seed=0)
        judged = [Judgement(n, one.review_id, "refuted", "=1") for n, one in enumerate(some, start=2)]
        stranger = Judgement(99, "f" * 16, "supported", None)
        rows, unknown = reviews(judged_claims(catalog, AGREEMENT), [*judged, stranger], "anna", next_batch(dataset))
    assert unknown == [stranger]
    commit_reviews(dataset, rows, 0)
    assert next_batch(dataset) == 1
    with catalog_of(dataset) as catalog:
        stored = catalog.query("select * from review").to_pylist()
    assert {row["claim_id"] for row in stored} == {one.claim_id for one in some}
    assert {row["stratum"] for row in stored} == {one.stratum for one in some}
    assert {(row["model"], row["reviewer"], row["batch"], row["comment"]) for row in stored} == {
        ("human@anna", "anna", 0, "=1")
    }
    assert sum(row["is_decoy"] for row in stored) == 1


def test_reviews_are_there_whatever_generation_is_looked_at_and_no_import_overwrites_another(dataset: Dataset) -> None:
    with catalog_of(dataset) as catalog:
        one = next(judged_claims(catalog, AGREEMENT))
        rows, _ = reviews(judged_claims(catalog, AGREEMENT), [Judgement(2, one.review_id, "supported", None)], "anna", 0)
    commit_reviews(dataset, rows, 0)
    with pytest.raises(RootError, match="another import"):
        commit_reviews(dataset, rows, 0)
    with Catalog(dataset, {}) as catalog:
        assert catalog.query("select count(*) as n from claim").to_pylist() == [{"n": 0}]
        assert catalog.query("select count(*) as n from review").to_pylist() == [{"n": 1}]


def test_a_claim_that_says_something_else_by_the_same_id_is_another_claim(tmp_path: Path) -> None:
    found = []
    for number, text in enumerate(("one", "other")):
        dataset = dataset_of(tmp_path / f"{number}", [claim(0, text=text)], [], [verdict("a/base/c00", "ears", "supported")])
        with catalog_of(dataset) as catalog:
            found += list(judged_claims(catalog, AGREEMENT))
    assert found[0].claim_id == found[1].claim_id
    assert found[0].review_id != found[1].review_id
