"""The embedded annotators: seconds of every stage on one worker, over rendered scenes."""

import os
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


def measure(work: Path, size: Size) -> list[str]:
    count = size.of(FULL)
    render_scenes(work / "scenes", range(5000, 5000 + count), workers=os.cpu_count() or 1)
    settings = build_settings(Recipe(), source=str(work / "scenes" / "videos"), executor="local")
    dataset = Dataset.create(str(work / "annotated"))
    with Build(dataset, settings, SilentProgress()) as build:
        build.scan()
        for phase, stages in PHASES.items():
            build.run_stages(phase, stages)
    seconds_of_media = _media_seconds(dataset, settings.plan)
    lines = [
        f"### Embedded annotators: {count} scenes, {seconds_of_media:.0f} s of media, one worker, one core",
        "",
        "| stage | seconds | × real time | clips/s | peak memory of the process |",
        "|---|---|---|---|---|",
    ]
    by_task: dict[str, float] = {}
    by_stage: dict[str, float] = {}
    for planned in settings.plan.stages:
        reports = [
            dataset.read_report(planned.marker.table, planned.name, planned.fingerprint, shard)
            for shard in listed_shards(dataset)
        ]
        seconds = by_stage[planned.name] = sum(report["seconds"] for report in reports)
        peak = max(report["peak_rss_mb"] for report in reports)
        task = planned.stage.task or "evidence"
        by_task[task] = by_task.get(task, 0.0) + seconds
        lines.append(
            f"| {planned.name} | {seconds:.2f} | {seconds_of_media / seconds:.0f} | {count / seconds:.1f} | {peak:.0f} MB |"
        )
    lines += ["", *_sides(by_stage, seconds_of_media)]
    assert all(line.adds_up for line in account(dataset, settings.plan.fingerprints))
    added = sum(seconds for task, seconds in by_task.items() if task not in ("evidence", "base"))
    told = ", ".join(f"{task} {seconds:.1f} s" for task, seconds in by_task.items())
    lines += [
        "",
        f"By task: {told}. Added to evidence and base by the other tasks: {added / sum(by_task.values()):.0%} of the time.",
    ]
    return lines


def _sides(by_stage: dict[str, float], seconds_of_media: float) -> list[str]:
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


def _media_seconds(dataset: Dataset, plan: Plan) -> float:
    fingerprint = plan["ingest"].fingerprint
    return sum(
        clip.duration_s for shard in listed_shards(dataset) for clip in dataset.read_part(Clip, "ingest", fingerprint, shard)
    )
