"""`audiocot selfcheck`: render scenes, build a dataset from them as anybody would, and measure it against the truth."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flows.build import build_dataset, build_settings
from flows.console import progress, table
from flows.recipe import load_recipe
from pipeline.progress import Progress
from pipeline.scenes import SceneTruth, load_truth, render_scenes
from pipeline.selfcheck.check import SelfCheckReport, selfcheck
from schemas.layout import Dataset
from schemas.vocabulary import VerdictWord

CHECK_SEED = 1  # the embedded models were tuned on seeds from 1000 on; these they have never met
SMALL_SHARDS = ("sources_per_shard=4",)  # so that a few scenes keep every core busy
MAX_MISTAKES_SHOWN = 10


def run_selfcheck(folder: str, num_scenes: int, console: Console, as_json: bool) -> bool:
    """Render, build, check and print. True if every threshold is met."""
    with progress(is_quiet=as_json) as shown:
        scenes = render(folder, CHECK_SEED, num_scenes, shown)
        build_dataset(load_recipe(None, SMALL_SHARDS), source=f"{folder}/videos", root=f"{folder}/dataset", progress=shown)
        report = check(f"{folder}/dataset", scenes, shown)
    if as_json:
        console.print(json.dumps(asdict(report), indent=1), markup=False, soft_wrap=True)
    else:
        show(report, console)
    return report.is_passed


def render(folder: str, first_seed: int, num_scenes: int, shown: Progress) -> list[SceneTruth]:
    """Render scenes into `folder` on all cores. The same seeds give the same bytes, so a rebuild finds nothing new."""
    seeds = range(first_seed, first_seed + num_scenes)
    shown.phase("render scenes", num_scenes)
    render_scenes(Path(folder), seeds, progress=lambda done: shown.advance("render scenes"), workers=os.cpu_count() or 1)
    return [scene for scene in load_truth(Path(folder)) if scene.seed in seeds]


def check(root: str, scenes: Sequence[SceneTruth], shown: Progress) -> SelfCheckReport:
    """Measure a dataset that was built from these scenes with the default recipe."""
    plan = build_settings(load_recipe(None, SMALL_SHARDS), source="").plan
    return selfcheck(Dataset.open(root), plan, scenes, shown)


def show(report: SelfCheckReport, console: Console) -> None:
    """The figures with their thresholds, verdicts by claim type, and the first mistakes."""
    rows = []
    for figure in report.figures:
        bound = f"≥ {figure.at_least:g}" if figure.at_least is not None else ""
        bound = f"≤ {figure.at_most:g}" if figure.at_most is not None else bound
        mark = ("[green]✓[/]" if figure.is_met else "[red]✗[/]") if bound else ""
        value = "–" if figure.value is None else f"{figure.value:.3f}".rstrip("0").rstrip(".")
        rows.append((figure.name, value, bound, mark, figure.counted))
    console.print(table(("measured against the truth", "value", "must be", "", "counted"), rows, right=("value",)))
    console.print()
    words: tuple[VerdictWord, ...] = ("supported", "refuted", "unverifiable")
    verdicts = [
        (kind, "true" if truth else "false", *(by.get(word, 0) for word in words)) for kind, truth, by in report.by_type
    ]
    console.print(table(("planted claim", "is", *words), verdicts, right=words))
    if report.mistakes:
        console.print(
            f"\n{len(report.mistakes)} wrong verdicts"
            + ("" if len(report.mistakes) <= MAX_MISTAKES_SHOWN else f", the first {MAX_MISTAKES_SHOWN}")
            + ":"
        )
        for mistake in report.mistakes[:MAX_MISTAKES_SHOWN]:
            console.print(f"  {escape(mistake)}")
