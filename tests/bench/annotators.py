"""The embedded annotators: seconds of every stage on one worker, over rendered scenes.

A worker first does one scene that is not counted: what it imports for it, it imports once, however much comes after.
"""

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.accounting import account
from pipeline.build import Build, listed_shards
from pipeline.plan import Plan
from pipeline.progress import SilentProgress
from pipeline.scenes import render_scenes
from schemas.layout import Dataset
from schemas.media import Clip
from tests.bench.measuring import Size

FULL = 16


@dataclass(frozen=True)
class Annotated:
    """One run: seconds and peak memory by stage, without the first scene."""

    seconds: Mapping[str, float]
    peak_mb: Mapping[str, float]
    seconds_of_media: float


def measure(work: Path, size: Size) -> list[str]:
    count = size.of(FULL)
    render_scenes(work / "scenes", range(5000, 5001 + count), workers=os.cpu_count() or 1)
    videos = sorted((work / "scenes" / "videos").iterdir())
    plan = build_settings(Recipe(), source="nowhere", executor="local").plan
    runs = [_annotate(videos, work, f"run-{run}") for run in range(size.runs)]
    seconds_of_media = runs[0].seconds_of_media
    by_stage = {stage: statistics.median(run.seconds[stage] for run in runs) for stage in runs[0].seconds}
    lines = [
        f"### Embedded annotators: {count} scenes, {seconds_of_media:.0f} s of media, one worker, one core",
        "",
        f"Medians of {len(runs)} runs; the first scene of each is not counted.",
        "",
        "| stage | seconds (min–max) | × real time | clips/s | peak memory of the process |",
        "|---|---|---|---|---|",
    ]
    by_task: dict[str, float] = {}
    for planned in plan.stages:
        seconds, every = by_stage[planned.name], [run.seconds[planned.name] for run in runs]
        task = planned.stage.task or "evidence"
        by_task[task] = by_task.get(task, 0.0) + seconds
        lines.append(
            f"| {planned.name} | {seconds:.2f} ({min(every):.2f}–{max(every):.2f}) | {seconds_of_media / seconds:.0f} | "
            f"{count / seconds:.1f} | {max(run.peak_mb[planned.name] for run in runs):.0f} MB |"
        )
    lines += ["", *_sides(by_stage, seconds_of_media)]
    added = sum(seconds for task, seconds in by_task.items() if task not in ("evidence", "base"))
    told = ", ".join(f"{task} {seconds:.1f} s" for task, seconds in by_task.items())
    lines += [
        "",
        f"By task: {told}. Added to evidence and base by the other tasks: {added / sum(by_task.values()):.0%} of the time.",
    ]
    return lines


def _annotate(videos: Sequence[Path], work: Path, name: str) -> Annotated:
    """All stages on the first video, then on the others, by the same worker."""
    source, dataset = work / f"{name}-source", Dataset.create(str(work / name))
    source.mkdir()
    settings = build_settings(Recipe(), source=str(source), executor="local")
    plan = settings.plan
    with Build(dataset, settings, SilentProgress()) as build:
        for some in (videos[:1], videos[1:]):
            for video in some:
                (source / video.name).hardlink_to(video)
            build.scan()
            for phase, stages in PHASES.items():
                build.run_stages(phase, stages)
    assert all(line.adds_up for line in account(dataset, plan.fingerprints))
    counted = listed_shards(dataset)[1:]
    seconds, peak_mb = {}, {}
    for planned in plan.stages:
        reports = [dataset.read_report(planned.marker.table, planned.name, planned.fingerprint, shard) for shard in counted]
        seconds[planned.name] = sum(report["seconds"] for report in reports)
        peak_mb[planned.name] = max(report["peak_rss_mb"] for report in reports)
    return Annotated(seconds, peak_mb, _media_seconds(dataset, plan, counted))


def _sides(by_stage: Mapping[str, float], seconds_of_media: float) -> list[str]:
    """What it takes to hear, to see, and to judge in words what was heard; a side's first stage decodes for all.

    `verify` reads rows and looks at the picture for claims about makers: more than half of it is no work on sound.
    """
    sides = {
        "audio": ("detect_events", "caption_audio"),
        "audio and all of verify": ("detect_events", "caption_audio", "verify"),
        "video": ("track", "caption_video"),
    }
    lines = ["| side | stages, decoding included | seconds | × real time on one core |", "|---|---|---|---|"]
    for side, stages in sides.items():
        seconds = sum(by_stage[stage] for stage in stages)
        lines.append(f"| {side} | {', '.join(stages)} | {seconds:.2f} | {seconds_of_media / seconds:.1f} |")
    return lines


def _media_seconds(dataset: Dataset, plan: Plan, shards: Sequence[int]) -> float:
    fingerprint = plan["ingest"].fingerprint
    return sum(clip.duration_s for shard in shards for clip in dataset.read_part(Clip, "ingest", fingerprint, shard))
