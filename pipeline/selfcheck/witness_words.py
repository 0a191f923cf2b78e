"""What every witness of a build says of the true and false claims planted from the truth of scenes, to calibrate it with."""

from collections.abc import Sequence

from pipeline.plan import Plan
from pipeline.progress import Progress
from pipeline.scenes import SceneTruth
from pipeline.selfcheck.check import selfcheck
from pipeline.stages.verify import Verify
from pipeline.verification.calibration import WordCounts
from schemas.layout import Dataset


def witness_words(dataset: Dataset, plan: Plan, scenes: Sequence[SceneTruth], progress: Progress) -> WordCounts:
    """Counts of verdicts, by witness, claim type and truth. AudiocotError as for the self-check."""
    counts: WordCounts = {}
    for witness, stage in _witnesses(plan).items():
        report = selfcheck(dataset, plan, scenes, progress, stage)
        for claim_type, is_true, words in report.by_type:
            counts |= {(witness, claim_type, is_true, word): n for word, n in words.items()}
    return counts


def _witnesses(plan: Plan) -> dict[str, str]:
    """Witness → the first stage of the plan in which it judges."""
    stages: dict[str, str] = {}
    for planned in plan.stages:
        if isinstance(planned.stage, Verify):
            stages.setdefault(planned.stage.model.partition("@")[0], planned.name)
    return stages
