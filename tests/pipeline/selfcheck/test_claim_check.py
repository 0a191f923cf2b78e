"""Verdicts on planted claims: a verifier that knows, one that lies and one that shrugs get the figures they deserve."""

from collections.abc import Callable

from pipeline.selfcheck.claim_check import ClaimScore
from pipeline.selfcheck.truth_claims import PlantedClaim, truth_claims
from schemas.reasoning import Claim, Decision, Judged
from schemas.vocabulary import VerdictWord
from tests.pipeline.selfcheck.test_truth_claims import GLIDE, HITS, SILENT, scene

SCENE = scene(HITS, GLIDE, SILENT)
PLANTED = truth_claims(SCENE, {"o0": "t03", "o2": "t01"})


def scored(verdict: Callable[[PlantedClaim], VerdictWord]) -> ClaimScore:
    """The score of a verifier on the planted claims."""
    score = ClaimScore()
    judged = [Judged(verdict=verdict(one), score=0.5, reason="because", evidence=[]) for one in PLANTED]
    score.add_planted(SCENE, PLANTED, judged)
    return score


def values(score: ClaimScore) -> list[float | None]:
    """False refuted, false supported, true refuted, true supported, silent movers accepted."""
    return [figure.value for figure in score.figures()]


def test_a_verifier_that_knows_meets_every_threshold() -> None:
    score = scored(lambda one: "supported" if one.is_true else "refuted")
    assert values(score) == [1.0, 0.0, 0.0, 1.0, 0.0]
    assert all(figure.is_met for figure in score.figures())
    assert score.mistakes == []


def test_a_verifier_that_lies_meets_none() -> None:
    score = scored(lambda one: "refuted" if one.is_true else "supported")
    assert values(score) == [0.0, 1.0, 1.0, 0.0, 2.0]
    assert [figure.is_met for figure in score.figures()] == [False, True, False, True, False], "two are for information only"
    assert len(score.mistakes) == len(PLANTED)
    assert score.mistakes[0].startswith("scene-003000: true claim refuted: ")


def test_a_verifier_that_shrugs_makes_no_mistake_and_still_fails() -> None:
    score = scored(lambda one: "unverifiable")
    assert values(score) == [0.0, 0.0, 0.0, 0.0, 0.0]
    assert not score.figures()[0].is_met
    assert score.mistakes == []


def test_figures_say_what_they_were_counted_from() -> None:
    num_false = sum(not one.is_true for one in PLANTED)
    figures = scored(lambda one: "refuted").figures()
    assert figures[0].counted == f"{num_false} of {num_false}"
    assert figures[4].counted == "0 of 2 planted, 0 in chains"


def test_verdicts_are_told_by_type_of_claim() -> None:
    by_type = scored(lambda one: "refuted" if one.claim.type == "count" else "unverifiable").by_type()
    told = {(kind, is_true): verdicts for kind, is_true, verdicts in by_type}
    assert told["count", True] == {"refuted": 2}
    assert told["count", False] == {"refuted": 7}
    assert set(told["order", True]) == {"unverifiable"}
    assert sum(count for verdicts in told.values() for count in verdicts.values()) == len(PLANTED)


def built(kept: list[str]) -> ClaimScore:
    """The score of a build that said two things about tracks and kept those of the given numbers."""
    score = ClaimScore()
    claims = [
        Claim(
            clip_id="a", model="m@1", claim_id=f"a/base/{number}", cot_id="a/base", step_index=0, type="source",
            basis="inferred", text="t01 or t03 makes it", subject="impact", object=track_id,
        )
        for number, track_id in (("c00", "t03"), ("c01", "t01"))
    ]  # fmt: skip
    decision = Decision(
        clip_id="a", model="m@1", cot_id="a/base", policy="", outcome="accept", reason="", steps=[], caption_cot="",
        kept_claim_ids=[f"a/base/{number}" for number in kept], dropped_claim_ids=[], num_supported=0, num_refuted=0,
        num_unverifiable=0,
    )  # fmt: skip
    score.add_built(claims, [decision], silent_tracks={"t01"})
    return score


def test_a_silent_mover_that_got_a_sound_in_a_chain_is_a_mistake_of_the_build() -> None:
    score = built(["c00", "c01"])
    assert score.figures()[4].value == 1.0
    assert not score.figures()[4].is_met
    assert score.mistakes == ["a/base/c01: kept about a silent mover: t01 or t03 makes it"]


def test_a_claim_that_the_build_dropped_is_no_mistake() -> None:
    assert built(["c00"]).figures()[4].value is None


def test_without_claims_nothing_is_measured_and_nothing_is_met() -> None:
    figures = ClaimScore().figures()
    assert figures[0].value is None
    assert not figures[0].is_met
