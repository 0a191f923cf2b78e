"""The build: its phases in order, its settings, and how a command runs it.

A command runs it as a Prefect flow (`flows.build_flow`): on the server that is configured, else on one that lives as long as
the command. A build that has nothing to do says so without Prefect, unless a server is configured, which then has a record of
every run. What takes seconds to start (Prefect's server, Ray) starts side by side.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import TypedDict, Unpack

from flows.recipe import Recipe, recipe_stages
from flows.server import PrefectServer, is_server_configured, prefect_server
from pipeline.build import Build, BuildReport, BuildSettings
from pipeline.executors import check_executor
from pipeline.locations import without_query
from pipeline.plan import make_plan
from pipeline.progress import Progress, SilentProgress
from schemas.layout import Dataset

PHASES: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "annotate": ("detect_events", "track", "caption_audio", "caption_video", "reason", "ground", "find_objects"),
    "verify": ("plant_decoys", "verify", "listen", "repair", "recheck", "decide"),
    "objects": ("reason_objects", "plant_object_decoys", "verify_objects", "decide_objects"),
    "edits": ("plan_edits", "reason_edits", "plant_edit_decoys", "verify_edits", "decide_edits"),
    "questions": (
        "write_questions",
        "ask_teacher",
        "plant_question_decoys",
        "verify_questions",
        "decide_questions",
        "probe_audio",
    ),
}
NUM_PHASES = len(PHASES) + 3  # scan, pack, publish
Phase = Callable[[Build], BuildReport | None]


def run_phases(perform: Callable[[str, Phase], BuildReport | None]) -> BuildReport:
    """All phases of a build in order. `perform` runs one, by its name; the last one gives the report."""
    perform("scan", Build.scan)
    for name, stages in PHASES.items():
        perform(name, partial(Build.run_stages, phase=name, stages=stages))
    perform("pack", Build.pack)
    report = perform("publish", Build.publish)
    assert report is not None
    return report


class BuildOptions(TypedDict, total=False):
    """How a build runs: the fields of these names of `BuildSettings`, which has the defaults."""

    executor: str
    workers: int | None
    limit: int | None
    budget_usd: float | None
    timeout_s: float
    worker_memory_gb: float | None


def build_settings(recipe: Recipe, *, source: str, **options: Unpack[BuildOptions]) -> BuildSettings:
    """Everything a build needs, from a recipe and the command line."""
    settings = BuildSettings(
        name=recipe.name,
        plan=make_plan(recipe_stages(recipe)),
        policy=str(recipe.policy),
        release=recipe.release,
        splits=recipe.splits,
        recipe=recipe.model_dump(mode="json"),
        source=source,
        sources_per_shard=recipe.sources_per_shard,
        **options,
    )
    check_executor(settings.executor)
    return settings


def build_dataset(
    recipe: Recipe,
    *,
    source: str,
    root: str,
    progress: Progress | None = None,
    server: PrefectServer | None = None,
    **options: Unpack[BuildOptions],
) -> BuildReport:
    """Run the build in this process and report. Errors of ours come through as they are. `server`: one on its way up."""
    settings = build_settings(recipe, source=source, **options)
    with (
        nullcontext(server) if server else prefect_server() as prefect,
        Build(Dataset.create(root), settings, progress or SilentProgress()) as build,
    ):
        if build.is_done():
            if not is_server_configured():
                return run_phases(lambda name, phase: phase(build))
        else:
            build.start_workers()
        from flows.build_flow import build_flow, goes_on_with

        with prefect.up(), goes_on_with(build):
            shown = without_query(source)  # Prefect keeps parameters; the build has the source itself
            return build_flow(source=shown, root=root, recipe=recipe.model_dump(mode="json"), **options)
