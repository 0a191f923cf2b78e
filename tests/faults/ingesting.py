"""A folder taken in as a build does it, up to the clips, and every row that came of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.accounting import StageAccount, account
from pipeline.build import Build
from pipeline.plan import SCAN, SCAN_FINGERPRINT
from pipeline.progress import SilentProgress
from schemas.accounting import Failure
from schemas.layout import Dataset
from schemas.media import Clip, Listing
from schemas.row import Row

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Taken:
    """What became of a folder. `accounts`: scan and ingest."""

    dataset: Dataset
    accounts: list[StageAccount]
    listings: list[Listing]
    clips: list[Clip]
    failures: list[Failure]

    def codes(self) -> dict[str, str]:
        """Name of a file → the code of its (first) failure."""
        return {Path(row.uri or "").name: row.code for row in reversed(self.failures)}


def take_in(folder: Path, root: Path, **recipe: Any) -> Taken:
    settings = build_settings(
        Recipe.model_validate({"name": "test"} | recipe), source=str(folder), executor="local", workers=1
    )  # fmt: skip
    dataset = Dataset.create(str(root))
    with Build(dataset, settings, SilentProgress()) as running:
        running.scan()
        running.run_stages("ingest", PHASES["ingest"])
    fingerprint = settings.plan["ingest"].fingerprint
    shards = sorted(dataset.shards_with_part(Listing.table, SCAN, SCAN_FINGERPRINT))

    def rows(kind: type[R], stage: str, of: str) -> list[R]:
        return [row for shard in shards for row in dataset.read_part(kind, stage, of, shard)]

    return Taken(
        dataset,
        account(dataset, settings.plan.fingerprints)[:2],
        rows(Listing, SCAN, SCAN_FINGERPRINT),
        rows(Clip, "ingest", fingerprint),
        rows(Failure, SCAN, SCAN_FINGERPRINT) + rows(Failure, "ingest", fingerprint),
    )
