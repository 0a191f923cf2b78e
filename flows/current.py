"""What a dataset was last built with, for commands that work on what is there."""

from collections.abc import Sequence

from flows.recipe import Recipe, make_recipe
from pipeline.runs import RunRecord, current_run
from schemas.errors import RootError
from schemas.layout import Dataset


def current_recipe(dataset: Dataset, overrides: Sequence[str] = ()) -> Recipe:
    """That of the last finished run, with overrides such as `policy.min_score=0.7`. RootError if nothing was built yet."""
    run = _run(dataset)
    return make_recipe(run.recipe, overrides, f"the recipe of run {run.run_id}")


def current_fingerprints(dataset: Dataset) -> dict[str, str]:
    """Stage → fingerprint of the last finished run. RootError if nothing was built yet."""
    return _run(dataset).fingerprints


def _run(dataset: Dataset) -> RunRecord:
    run = current_run(dataset)
    if run is None:
        raise RootError(f"{dataset.url} has no run yet; build it first")
    return run
