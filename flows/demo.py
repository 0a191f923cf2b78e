"""`audiocot demo`: the main job on rendered scenes, from nothing to a checked release, in a few minutes on a laptop."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flows.build import build_dataset
from flows.console import progress, table
from flows.inspect.facts import clip_media, collect_facts
from flows.inspect.picture import draw_clip
from flows.recipe import load_recipe
from flows.selfcheck import SMALL_SHARDS, check, render, show
from pipeline.build import BuildReport
from pipeline.catalog import Catalog
from schemas.layout import Dataset

DEMO_SEED = 101
QUERIES = {
    "What was decided, and why": "select outcome, count(*) as chains, min(reason) as for_example from decision group by 1",
    "Claims and what became of them": (
        "select c.type, v.verdict, count(*) as claims from claim c left join verdict v using (claim_id) "
        "group by all order by all"
    ),
    "The loudest sounds": (
        "select clip_id, kind, round(start_s, 2) as start_s, round(loudness_lufs, 1) as lufs, round(pan, 2) as pan "
        "from sound_event order by loudness_lufs desc nulls last limit 5"
    ),
}


def run_demo(folder: str, num_scenes: int, console: Console) -> bool:
    """Render, build, check, query, and say what to do next. True if the self-check is passed."""
    root = f"{folder}/dataset"
    with progress(is_quiet=False) as shown:
        scenes = render(folder, DEMO_SEED, num_scenes, shown)
        report = build_dataset(load_recipe(None, SMALL_SHARDS), source=f"{folder}/videos", root=root, progress=shown)
        checked = check(root, scenes, shown)
    dataset = Dataset.open(root)
    with Catalog(dataset) as catalog:
        for title, sql in QUERIES.items():
            answer = catalog.query(sql)
            rows = [tuple("" if value is None else escape(str(value)) for value in row.values()) for row in answer.to_pylist()]
            console.print(table(answer.column_names, rows, title=f"\n{title}"))
            console.print(f'[dim]audiocot query --root {root} "{escape(sql)}"[/]', soft_wrap=True)
    console.print("\n[bold]Self-check against the known truth[/]")
    show(checked, console)
    _say_what_next(report, dataset, folder, console)
    return checked.is_passed


def _say_what_next(report: BuildReport, dataset: Dataset, folder: str, console: Console) -> None:
    release = f"{report.root}/releases/{report.release}"
    picture = Path(folder) / "clip.png"
    with Catalog(dataset) as catalog:
        (example,) = catalog.query(
            "select clip_id from decision join roi_track using (clip_id) where outcome <> 'reject' "
            "group by 1 order by max(len(kept_claim_ids)) desc, 1 limit 1"
        ).to_pylist()
        facts = collect_facts(catalog, example["clip_id"])
    clip_id = facts.clip.clip_id
    draw_clip(facts, clip_media(dataset, facts.clip), picture)
    console.print(
        f"""
[bold]Done.[/] {report.num_clips} clips were made from rendered scenes; {report.num_released} of them are in the release.
  release   {release}  (start with its README.md)
  picture   {picture}  (one clip: picture, sound, events, claims by verdict)
Next:
  .venv/bin/audiocot inspect {clip_id} --root {report.root}
  .venv/bin/audiocot status --root {report.root}
  .venv/bin/audiocot build --source YOUR_VIDEOS --root build/mine""",
        soft_wrap=True,
        highlight=False,
    )
