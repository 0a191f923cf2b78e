"""The dataset card: what a release holds, who said it, under which policy, and how far its witnesses can be trusted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from pipeline.accounting import StageAccount
from pipeline.catalog import Catalog
from pipeline.plan import Plan
from pipeline.release.card_tasks import task_sections
from pipeline.release.card_verification import verification
from pipeline.release.markdown import counted, markdown_table
from pipeline.release.select import Selection, edit_chains
from pipeline.spent import Spent
from pipeline.usage import usage_lines
from pipeline.verification.witness_rates import WitnessRates

_UNKNOWN = "not stated"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True)
class CardFacts:
    """Everything the card says that is not asked from the catalog."""

    name: str
    plan: Plan
    selection: Selection
    accounts: Sequence[StageAccount]
    witnesses: Sequence[WitnessRates]
    policy: str
    num_rows: Mapping[str, int]


def write_card(facts: CardFacts, catalog: Catalog) -> str:
    """The README.md of a release, with the front matter that the Hugging Face hub reads."""
    sections = [
        _front_matter(facts, catalog),
        f"# {facts.name}",
        "Verified audio chain-of-thought data: every chain is split into claims, every claim was judged by witnesses that "
        "measured or heard the clip's own sound, and only supported claims are marked as kept.",
        _contents(facts, catalog),
        _made_by(facts),
        *task_sections(facts.selection, catalog),
        verification(facts.selection, facts.witnesses, facts.policy, catalog),
        _accounting(facts),
        *_usage(catalog),
        _licences(facts, catalog),
        _loading(facts),
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter(facts: CardFacts, catalog: Catalog) -> str:
    num = len(facts.selection.clips)
    licenses = {row["license"] for row in _licencecounted(facts, catalog)}
    splits = sorted({clip.split for clip in facts.selection.clips})
    data = {
        "license": licenses.pop() if len(licenses) == 1 and _UNKNOWN not in licenses else "other",
        "task_categories": ["text-to-audio", "audio-text-to-text", "video-text-to-text"],
        "size_categories": [next((word for limit, word in _SIZES if num < limit), "n>1M")],
        "tags": ["audio", "video", "chain-of-thought", "webdataset", "audiocot"],
        "configs": [
            {"config_name": name, "data_files": [{"split": split, "path": f"{folder}/{split}-*.tar"} for split in found]}
            for name, folder, found in (("default", "shards", splits), ("edits", "edits", _edit_splits(facts)))
            if found
        ],
    }
    return f"---\n{yaml.safe_dump(data, sort_keys=False)}---"


def _edit_splits(facts: CardFacts) -> list[str]:
    return sorted({clip.split for clip in facts.selection.clips if edit_chains(clip)})


def _contents(facts: CardFacts, catalog: Catalog) -> str:
    by_split: dict[str, int] = {}
    for clip in facts.selection.clips:
        by_split[clip.split] = by_split.get(clip.split, 0) + 1
    released = {clip.clip_id for clip in facts.selection.clips}
    durations = catalog.query("select clip_id, duration_s from clip").to_pylist()
    hours = sum(row["duration_s"] for row in durations if row["clip_id"] in released) / 3600
    megabytes = sum(clip.num_bytes for clip in facts.selection.clips) / 1e6
    lines = [
        "## Contents",
        f"{len(facts.selection.clips)} clips of {facts.selection.num_in} in the dataset: {hours:.3f} h, {megabytes:.1f} MB. "
        "Splits are by source: clips of one file never lie in two splits.",
        markdown_table(("split", "clips"), sorted(by_split.items())),
        markdown_table(("table", "rows"), facts.num_rows.items()),
    ]
    return "\n\n".join(lines)


def _made_by(facts: CardFacts) -> str:
    rows = [
        (
            planned.name,
            planned.stage.role or "–",
            planned.stage.model,
            _prompt(planned.stage.annotator),
            planned.fingerprint[:8],
        )
        for planned in facts.plan.stages
    ]
    return "## How it was made\n\n" + markdown_table(("stage", "role", "model", "prompt", "fingerprint"), rows)


def _prompt(annotator: object) -> str:
    return getattr(annotator, "prompt_id", None) or "–"


def _accounting(facts: CardFacts) -> str:
    rows = [(line.stage, line.num_in, line.num_done, counted(line.filtered), counted(line.failed)) for line in facts.accounts]
    rows.append(("release", facts.selection.num_in, len(facts.selection.clips), counted(facts.selection.left_out), "–"))
    return "## Accounting\n\nEvery line adds up: in = done + filtered + failed.\n\n" + markdown_table(
        ("stage", "in", "done", "filtered", "failed"), rows
    )


def _usage(catalog: Catalog) -> list[str]:
    """What the models behind servers were asked; no section where there were none."""
    lines = usage_lines(catalog)
    if not lines:
        return []
    header = ("stage", "model", "calls", "replies reused", "prompt tokens", "reply tokens", "audio (s)", "USD")
    told = (
        "What models behind servers were asked about all clips of the dataset, and what that cost. Reused replies cost nothing."
    )
    return ["## Usage", told, markdown_table(header, (_usage_row(line.stage, line.model, line.spent) for line in lines))]


def _usage_row(stage: str, model: str, spent: Spent) -> tuple[object, ...]:
    tokens = (spent.prompt_tokens, spent.completion_tokens)
    return stage, model, spent.num_calls, spent.num_reused, *tokens, f"{spent.audio_s:.1f}", spent.told_usd


def _licences(facts: CardFacts, catalog: Catalog) -> str:
    rows = [(row["license"], row["n"]) for row in _licencecounted(facts, catalog)]
    return (
        "## Licences of the sources\n\nThe media keeps the licence of its source; check it before you redistribute.\n\n"
        + markdown_table(("licence", "sources"), rows)
    )


def _licencecounted(facts: CardFacts, catalog: Catalog) -> list[dict[str, Any]]:
    """Licence and number of sources (n), of the sources in the release."""
    released = {clip.clip_id for clip in facts.selection.clips}
    rows = catalog.query("select clip_id, source_id, license from clip join source using (source_id)").to_pylist()
    by_source = {row["source_id"]: row["license"] or _UNKNOWN for row in rows if row["clip_id"] in released}
    return [{"license": licence, "n": count} for licence, count in sorted(Counter(by_source.values()).items())]


def _loading(facts: CardFacts) -> str:
    split = facts.selection.clips[0].split if facts.selection.clips else "train"
    return f"""## Loading

```python
import io, json, pathlib
import soundfile, webdataset

shards = sorted(str(path) for path in pathlib.Path("shards").glob("{split}-*.tar"))
for sample in webdataset.WebDataset(shards, shardshuffle=False):
    facts = json.loads(sample["json"])
    sound, rate_hz = soundfile.read(io.BytesIO(sample["flac"]))
    print(sample["__key__"], rate_hz, facts["cot"][0]["caption_cot"])
```

The tables are Parquet: `duckdb -c "select * from 'tables/claim.parquet' limit 5"`."""
