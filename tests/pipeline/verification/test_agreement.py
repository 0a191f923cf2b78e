"""Cohen's kappa against closed forms, and who is compared with whom in a dataset of rows."""

from pathlib import Path

import pytest

from pipeline.verification.agreement import agreement_between_people, agreement_with_people, cohen_kappa, reviewed
from pipeline.verification.reviewing import commit_reviews
from schemas.layout import Dataset
from schemas.reviews import Review
from schemas.vocabulary import VerdictWord
from tests.pipeline.verification.judged_rows import catalog_of, claim, dataset_of, decoy, verdict


def test_kappa_is_that_of_two_readers_of_fifty_proposals() -> None:
    """p_o = 35/50 = 0.7, p_e = (25·30 + 25·20)/50² = 0.5, kappa = 0.2/0.5."""
    assert cohen_kappa({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}) == pytest.approx(0.4)


def test_kappa_is_one_for_the_same_words_and_zero_for_independent_ones() -> None:
    assert cohen_kappa({("a", "a"): 3, ("b", "b"): 4, ("c", "c"): 5}) == pytest.approx(1.0)
    shares = {"a": 2, "b": 3, "c": 5}
    assert cohen_kappa({(x, y): n * m for x, n in shares.items() for y, m in shares.items()}) == pytest.approx(0.0)
    assert cohen_kappa({("a", "b"): 1, ("b", "a"): 1}) == pytest.approx(-1.0)


def test_kappa_is_unknown_where_nothing_was_judged_or_only_one_word_was_used() -> None:
    assert cohen_kappa({}) is None
    assert cohen_kappa({("a", "a"): 9}) is None


def review(claim_id: str, reviewer: str, word: VerdictWord, batch: int = 0, text: str = "t") -> Review:
    return Review(
        clip_id="a", model=f"human@{reviewer}", claim_id=claim_id, text=text, reviewer=reviewer, batch=batch, verdict=word,
        comment=None, is_decoy="/d" in claim_id, stratum="s",
    )  # fmt: skip


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    claims = [claim(0), claim(1), claim(2, "count")]
    judged = [
        verdict("a/base/c00", "ears", "supported"),
        verdict("a/base/c01", "ears", "supported"),
        verdict("a/base/c02", "ears", "supported"),
        verdict("a/base/d00", "ears", "refuted"),
        verdict("a/base/c00", "eyes", "unverifiable"),
    ]
    return dataset_of(tmp_path, claims, [decoy(0)], judged)


def test_witnesses_are_held_against_all_people_and_people_against_each_other(dataset: Dataset) -> None:
    anna = [
        review("a/base/c00", "anna", "supported"),
        review("a/base/c01", "anna", "refuted"),
        review("a/base/d00", "anna", "refuted"),
    ]
    bob = [review("a/base/c01", "bob", "supported", 1), review("a/base/c02", "bob", "supported", 1)]
    commit_reviews(dataset, anna, 0)
    commit_reviews(dataset, bob, 1)
    with catalog_of(dataset) as catalog:
        table = {(line.one, line.claim_type): line for line in agreement_with_people(catalog)}
        (together, by_type) = agreement_between_people(catalog)
        seen = reviewed(catalog)
    assert set(table) == {("ears", None), ("ears", "event"), ("ears", "count"), ("eyes", None), ("eyes", "event")}
    assert (table["ears", None].same.count, table["ears", None].same.total) == (4, 5)
    assert table["ears", None].kappa == pytest.approx((4 / 5 - (4 * 3 + 1 * 2) / 25) / (1 - (4 * 3 + 1 * 2) / 25))
    assert (table["ears", "event"].same.count, table["ears", "event"].same.total) == (3, 4)
    assert table["eyes", None].kappa == pytest.approx(0.0)
    assert (together.one, together.other, together.claim_type, by_type.claim_type) == ("anna", "bob", None, "event")
    assert (together.same.count, together.same.total) == (0, 1)
    assert (seen.num_reviews, seen.num_claims, seen.num_reviewers) == (5, 4, 2)
    assert (seen.claims_refuted.count, seen.claims_refuted.total) == (1, 4)
    assert (seen.decoys_supported.count, seen.decoys_supported.total) == (0, 1)


def test_the_later_of_two_judgements_counts_and_one_on_words_that_are_gone_does_not(dataset: Dataset) -> None:
    commit_reviews(dataset, [review("a/base/c00", "anna", "refuted"), review("a/base/c01", "anna", "refuted", text="gone")], 0)
    commit_reviews(dataset, [review("a/base/c00", "anna", "supported", 1)], 1)
    with catalog_of(dataset) as catalog:
        table = agreement_with_people(catalog)
    ears = next(line for line in table if line.one == "ears" and line.claim_type is None)
    assert (ears.same.count, ears.same.total) == (1, 1)


def test_without_reviews_there_is_nothing_to_tell(dataset: Dataset) -> None:
    with catalog_of(dataset) as catalog:
        assert agreement_with_people(catalog) == []
        assert reviewed(catalog).claims_refuted.fraction is None
