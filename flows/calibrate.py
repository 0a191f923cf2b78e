"""What stands behind `audiocot calibrate`: whom to ask, and the table for people."""

from collections.abc import Iterator
from math import exp
from pathlib import Path

from flows.current import current_recipe
from flows.recipe import recipe_stages
from pipeline.catalog import Catalog
from pipeline.plan import make_plan
from pipeline.progress import Progress
from pipeline.scenes import load_truth
from pipeline.selfcheck.witness_words import witness_words
from pipeline.verification.calibration import Calibration, Words, calibration_of
from pipeline.verification.witness_rates import word_counts
from schemas.errors import RootError, SourceError
from schemas.layout import Dataset


def calibrate_on_decoys(dataset: Dataset, name: str) -> Calibration:
    """From the verdicts of the last finished run on decoys and own claims. RootError if there is none."""
    with Catalog(dataset) as catalog:
        counts = word_counts(catalog)
    if not any(not is_true for _, _, is_true, _ in counts):
        raise RootError(
            f"{dataset.url} has no verdicts on decoys to count; build it with stages.plant_decoys.params.per_kind ≥ 1"
        )
    return calibration_of(counts, name, f"planted decoys and own claims of the dataset {dataset.identity['id']}")


def calibrate_on_scenes(dataset: Dataset, folder: Path, name: str, progress: Progress) -> Calibration:
    """From the answers to claims whose truth is known. SourceError if the folder has no truth."""
    try:
        scenes = load_truth(folder)
    except FileNotFoundError:
        told = f"{folder} has no truth of rendered scenes; give the folder that `videos` and `truth` lie in"
        raise SourceError(told) from None
    plan = make_plan(recipe_stages(current_recipe(dataset)))
    seeds = [scene.seed for scene in scenes]
    origin = f"{len(scenes)} rendered scenes, seeds {min(seeds)} to {max(seeds)}"
    return calibration_of(witness_words(dataset, plan, scenes, progress), name, origin)


def calibration_rows(calibration: Calibration) -> Iterator[tuple[str, str, str, str, str, str]]:
    """A line per witness and claim type: what it said, and what its word is worth."""
    for witness, by_type in calibration.witnesses.items():
        for claim_type, counted in by_type.items():
            worth = ("", "")
            if counted.is_counted:
                log_odds = counted.log_ratio("supported"), -counted.log_ratio("refuted")
                worth = (f"{max(1.0, exp(log_odds[0])):.1f}", f"{max(1.0, exp(log_odds[1])):.1f}")
            yield witness, claim_type, _said(counted.on_true), _said(counted.on_false), *worth


def _said(words: Words) -> str:
    """Supported / refuted / unverifiable."""
    return f"{words.supported} / {words.refuted} / {words.unverifiable}"
