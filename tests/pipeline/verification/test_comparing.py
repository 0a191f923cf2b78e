"""Two policies on the same verdicts, side by side: small rows with known answers, and a built dataset with itself."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.policies import plan_of
from flows.recipe import make_recipe
from pipeline.verification.comparing import compare, decoy_findings
from pipeline.verification.deciding import decide_again
from pipeline.verification.ensemble import EnsembleParams
from schemas.layout import Dataset
from tests.pipeline.conftest import RECIPE, Built
from tests.pipeline.verification.judged_rows import catalog_of, claim, dataset_of, decoy, verdict


def test_a_policy_compared_with_itself_changes_nothing(built: Built) -> None:
    side = (built.plan, make_recipe(RECIPE).policy)
    compared = compare(built.dataset, side, side, num_examples=5)
    assert [task.task for task in compared.tasks if task.task == "base"] == ["base"]
    for task in compared.tasks:
        assert all(a == b for a, b in task.outcomes)
        assert task.kept.a == task.kept.b == task.kept.both
        assert task.changed == []
    assert compared.a == compared.b
    assert compared.a.own_claims.count > 0
    assert compared.a.decoys.total > 0


def test_what_a_stricter_policy_gives_up_is_told_chain_by_chain(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    recipes = [make_recipe(RECIPE), make_recipe(RECIPE, ["policy.min_supported=1000"])]
    usual, strict = [(plan_of(recipe), recipe.policy) for recipe in recipes]
    decide_again(dataset, strict[0])
    compared = compare(dataset, usual, strict, num_examples=1)
    base = next(task for task in compared.tasks if task.task == "base")
    assert sum(base.outcomes.values()) == 3
    assert {b for _, b in base.outcomes} == {"reject"}
    assert (base.kept.b, base.kept.both) == (0, 0)
    assert base.kept.a > 0
    (changed,) = base.changed
    assert changed.outcome_b == "reject"
    assert changed.reason_b is not None
    assert "min_supported 1000" in changed.reason_b
    assert compared.a.decoys == compared.b.decoys, "findings are the same, only what is asked of a chain differs"


@pytest.mark.parametrize(("min_score", "expected"), [(0.6, 1), (0.95, 0)])
def test_decoys_are_put_to_the_ensemble_once_more(tmp_path: Path, min_score: float, expected: int) -> None:
    judged = [verdict("a/base/d00", "ears", "supported"), verdict("a/base/c00", "ears", "supported")]
    with catalog_of(dataset_of(tmp_path, [claim(0)], [decoy(0), decoy(1)], judged)) as catalog:
        found = decoy_findings(catalog, EnsembleParams(ensemble="agreement", min_score=min_score))
    assert found == Counter({"supported": expected, "unverifiable": 2 - expected})
