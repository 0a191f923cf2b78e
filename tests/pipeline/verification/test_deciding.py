"""Deciding again: what a later build with the policy finds done, without a model or any media."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.policies import plan_of
from flows.recipe import make_recipe
from pipeline.build import done_keys, listed_shards
from pipeline.plan import Plan
from pipeline.verification.deciding import decide_again, deciding_stages, outcomes
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.reasoning import Decision
from tests.pipeline.conftest import RECIPE, Built, build


def plan_under(*overrides: str) -> Plan:
    return plan_of(make_recipe(RECIPE, overrides))


def parts(dataset: Dataset) -> dict[str, int]:
    """Every part with the time it was written."""
    return {str(path): path.stat().st_mtime_ns for path in Path(dataset.url, "tables").rglob("*.parquet")}


def test_what_is_decided_again_is_what_a_build_with_that_policy_finds_done(
    built: Built, copy_of: Callable[[Built], Dataset]
) -> None:
    dataset, plan = copy_of(built), plan_under("policy.min_steps=4")
    for tar in Path(dataset.url, "clips").rglob("*.tar"):
        tar.rename(tar.with_suffix(".hidden"))  # no media is read
    shards = listed_shards(dataset)
    assert decide_again(dataset, plan) == len(list(deciding_stages(plan))) * len(shards)
    assert decide_again(dataset, plan) == 0
    for tar in Path(dataset.url, "clips").rglob("*.hidden"):
        tar.rename(tar.with_suffix(".tar"))
    assert {(planned.name, shard) for planned in plan.stages for shard in shards} == done_keys(dataset, plan)
    before = parts(dataset)
    build(built.source, Path(dataset.url), policy={"min_steps": 4})
    assert parts(dataset) == before
    assert built.dataset.shards_with_part(Decision.table, "decide", plan["decide"].fingerprint) == set()


def test_the_outcomes_are_those_of_the_policy_asked_for(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset, strict = copy_of(built), plan_under("policy.min_supported=1000")
    decide_again(dataset, strict)
    asked, usual = outcomes(dataset, strict), outcomes(dataset, built.plan)
    assert [line.task for line in asked] == [line.task for line in usual]
    for line, other in zip(asked, usual, strict=True):
        assert (line.accepted, line.repaired, line.kept_claims) == (0, 0, 0)
        assert line.rejected == other.accepted + other.repaired + other.rejected > 0
    assert sum(line.kept_claims for line in usual) > 0


def test_a_recipe_whose_verdicts_are_not_there_is_told_what_is_missing(
    built: Built, copy_of: Callable[[Built], Dataset]
) -> None:
    dataset = copy_of(built)
    with pytest.raises(RootError, match=r"decide needs reason, which this recipe has not done on 3 of 3 shards"):
        decide_again(dataset, plan_under("stages.detect_events.params.longest_chirp_s=0.3"))
