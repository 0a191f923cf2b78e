"""Run records: what a build set out to do, how it went and what the dataset held afterwards.

One JSON file per build, written when it starts and again when it ends, so that a killed build leaves a trace. The last run that
was finished also says which fingerprints are current: that is what queries and `status` show when several generations of parts
lie side by side. A run that died halfway changes nothing of that, unless there is no finished one yet.
"""

import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.locations import without_query
from pipeline.media.ffmpeg import ffmpeg_version
from pipeline.spent import Spent
from schemas.layout import Dataset
from schemas.seal import seal_json, unseal_json


class RunRecord(BaseModel):
    """`fingerprints`: stage → full fingerprint. `recipe`: resolved, every value filled in. `source`: without a signature.

    `num_shards`: one more than the highest number of a shard when it was finished. `usage`: what this run's cells used of
    served models, all stages together.
    """

    model_config = ConfigDict(extra="ignore")  # a record of a newer program is still readable

    run_id: str
    status: Literal["running", "done", "failed"]
    started: str
    finished: str | None = None
    error: str | None = None
    code_version: str
    python: str
    ffmpeg: str
    source: str
    recipe: dict[str, Any]
    fingerprints: dict[str, str]
    cells_run: int = 0
    cells_skipped: int = 0
    cells_requeued: int = 0
    seconds_by_phase: dict[str, float] = Field(default_factory=dict)
    accounting: list[dict[str, Any]] = Field(default_factory=list)
    failures: dict[str, int] = Field(default_factory=dict)
    usage: Spent = Field(default_factory=Spent)
    witness_rates: list[dict[str, Any]] = Field(default_factory=list)
    num_shards: int = 0
    release: str | None = None
    peak_memory_mb: dict[str, float] = Field(default_factory=dict)

    @classmethod
    def begin(cls, source: str, recipe: dict[str, Any], fingerprints: dict[str, str]) -> "RunRecord":
        """The record of a build that starts now."""
        now = datetime.now(UTC)
        return cls(
            run_id=now.strftime("%Y%m%dT%H%M%S.%fZ"),
            status="running",
            started=now.isoformat(timespec="seconds"),
            code_version=version("audiocot"),
            python=platform.python_version(),
            ffmpeg=ffmpeg_version(),
            source=without_query(source),
            recipe=recipe,
            fingerprints=fingerprints,
        )

    def finish(self, status: Literal["done", "failed"], error: str | None = None) -> None:
        self.status, self.error = status, error
        self.finished = datetime.now(UTC).isoformat(timespec="seconds")

    def write(self, dataset: Dataset) -> None:
        dataset.storage.write(f"runs/{self.run_id}.json", seal_json(self.model_dump(mode="json"), indent=1))


def runs(dataset: Dataset) -> Iterator[RunRecord]:
    """The records that are whole, newest first; run ids sort by time."""
    for name in reversed(dataset.storage.names("runs")):
        if name.endswith(".json"):
            try:
                yield RunRecord.model_validate(unseal_json(dataset.storage.read(f"runs/{name}")))
            except (ValueError, FileNotFoundError):
                continue


def latest_run(dataset: Dataset) -> RunRecord | None:
    """The newest run, whatever became of it."""
    return next(runs(dataset), None)


def current_run(dataset: Dataset) -> RunRecord | None:
    """The newest finished run; the newest of all where none was finished."""
    return next((run for run in runs(dataset) if run.status == "done"), None) or latest_run(dataset)
