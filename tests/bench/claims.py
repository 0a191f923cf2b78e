"""A million claims with verdicts: how long it takes to compact them, to open the catalog, to ask, and to see the status."""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from flows.build import build_settings
from flows.recipe import Recipe
from pipeline.accounting import account
from pipeline.catalog import Catalog
from pipeline.compaction import compaction_jobs
from schemas.layout import Dataset
from tests.bench.commands import AUDIOCOT, ENVIRONMENT
from tests.bench.measuring import Size, Timing, markdown_table, timed
from tests.scale.claims import CLAIMS_PER_CLIP, CLIPS_PER_SHARD

SHARDS = 1_000
ASKED = 100  # times each query
QUERIES = {
    "claims by type and verdict": "select type, verdict, count(*) as n from claim join verdict using (claim_id) group by all",
    "refuted claims of a clip": """
        select c.cot_id, c.text, v.reason from claim c join verdict v using (clip_id, claim_id)
        where clip_id = '{clip_id}' and verdict = 'refuted'
    """,
    "what became of chains, by label": """
        select source.label, outcome, count(*) as n
        from decision join clip using (clip_id) join source using (source_id) group by all
    """,
    "what each witness says of own claims, by type": """
        select witness, type, verdict, count(*) as n, avg(score) as score
        from claim join verdict using (claim_id) group by all
    """,
}


def measure(work: Path, size: Size) -> list[str]:
    root, shards = work / "dataset", size.of(SHARDS)
    generate = [sys.executable, "-m", "tests.scale.claims", "--root", str(root), "--shards", str(shards)]
    subprocess.run(generate, check=True)
    dataset, settings = Dataset.open(str(root)), build_settings(Recipe(), source="nowhere")
    jobs = compaction_jobs(dataset, settings.plan)
    compacted = timed(lambda: [job.work(None, {}, None) for job in jobs], 1)
    claims = shards * CLIPS_PER_SHARD * CLAIMS_PER_CLIP
    status = [*AUDIOCOT, "status", "--root", str(root)]
    _quiet(status)
    rows = [
        ("compaction, once, in one process", str(compacted), "–"),
        ("opening the catalog", str(timed(lambda: Catalog(dataset).__exit__(None, None, None), size.runs)), "–"),
        ("the closed sum of all stages", str(timed(lambda: account(dataset, settings.plan.fingerprints), size.runs)), "–"),
        ("`audiocot status`, the whole command", str(timed(lambda: _quiet(status), size.runs)), "–"),
        *_asked(dataset),
    ]
    return [
        f"### {claims:,} claims: {shards} shards, {shards * CLIPS_PER_SHARD:,} clips, {len(settings.plan.stages)} stages",
        "",
        f"Each query is asked {ASKED} times of an open catalog; the first time, when files are found, stands apart.",
        "",
        *markdown_table(("what", "first, or median (min–max)", "p95"), rows),
    ]


def _quiet(command: Sequence[str]) -> None:
    subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)


def _asked(dataset: Dataset) -> list[tuple[str, str, str]]:
    rows = []
    with Catalog(dataset) as catalog:
        clip_ids = [row["clip_id"] for row in catalog.query(f"select clip_id from clip using sample {ASKED + 1}").to_pylist()]
        for name, sql in QUERIES.items():
            seconds = []
            for number in range(ASKED + 1):
                asked = sql.format(clip_id=clip_ids[number % len(clip_ids)])
                started = time.perf_counter()
                catalog.query(asked)
                seconds.append(time.perf_counter() - started)
            first, others = Timing(seconds[:1]), seconds[1:]
            p95 = statistics.quantiles(others, n=20)[-1]
            rows.append((name, f"{first.median:.2f} s, {Timing(others)}", f"{1000 * p95:.0f} ms"))
    return rows
