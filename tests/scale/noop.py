"""A grid whose stages do next to nothing, so that what it costs is the engine, the parts and the rows.

`ingest` makes one clip per listed source without media; seven stages in a row each read the clips and the numbers of the stage
before, and write one number per clip. Listings are made up, so that ten thousand sources need no files.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from annotators.base import Params
from pipeline.build import Build, BuildSettings
from pipeline.cell import Cell, CellReport
from pipeline.ingest import IngestParams
from pipeline.plan import SCAN, SCAN_FINGERPRINT, Plan, make_plan
from pipeline.release.params import ReleaseParams
from pipeline.sample import Sample
from pipeline.splits import SplitParams
from pipeline.stage import SampleStage, Stage
from pipeline.stages.ingest import Ingest
from schemas.accounting import Failure
from schemas.evidence import Measurement
from schemas.layout import Dataset
from schemas.media import Clip, Listing
from schemas.row import Row

NUM_STAGES = 8  # ingest and seven more


def listing(number: int) -> Listing:
    source_id = f"{number:016x}{0:016x}"
    return Listing(
        listing_id=source_id,
        source_id=source_id,
        uri=f"/nowhere/{number}.mp4",
        name=f"{number}.mp4",
        num_bytes=1,
        modified_ns=1,
    )


def clip(source_id: str) -> Clip:
    """Nine seconds of sound and picture that nobody has."""
    return Clip(
        clip_id=f"{source_id[:16]}-00000000-00009000",
        source_id=source_id,
        start_s=0,
        end_s=9,
        duration_s=9,
        has_video=True,
        video_mode="encoded",
        width_px=640,
        height_px=480,
        fps=25,
        num_frames=225,
        sample_rate_hz=44100,
        num_channels=2,
        num_samples=396900,
        peak_dbfs=-3,
        label=None,
        video_bytes=900_000,
        audio_bytes=600_000,
    )


class NoOpIngest(Ingest):
    """The rows of ingest without its media."""

    def run(self, cell: Cell) -> CellReport:
        listings = cell.read(Listing)
        cell.tally.num_in = cell.tally.num_done = len(listings)
        cell.add(clip(one.source_id) for one in listings)
        return cell.commit(self.produces)


class NoOp(SampleStage[int, int]):
    """One number per clip: how many rows it was given."""

    requires = (Clip, Measurement)
    produces = (Measurement,)

    def ask(self, sample: Sample) -> int:
        return len(sample.of(Measurement))

    def rows(self, sample: Sample, answer: int) -> Iterable[Row]:
        yield Measurement(**self.provenance(sample), name=self.name, value=answer, unit="rows")


class First(NoOp):
    """Reads the clips alone."""

    requires: ClassVar[tuple[type[Row], ...]] = (Clip,)

    def ask(self, sample: Sample) -> int:
        return 0


def _no_ops() -> list[type[Stage]]:
    names = [f"noop_{number}" for number in range(1, NUM_STAGES)]
    made = []
    for number, name in enumerate(names):
        fields: dict[str, Any] = {"name": name, "ignores": tuple(names[: max(number - 1, 0)]), "__module__": __name__}
        made.append(type(name, (NoOp if number else First,), fields))
    return made


NO_OPS = _no_ops()
globals().update({stage.__name__: stage for stage in NO_OPS})  # where workers look for them


def no_op_plan() -> Plan:
    return make_plan([NoOpIngest(IngestParams()), *(stage(Params()) for stage in NO_OPS)])


def no_op_settings(executor: str = "ray", workers: int = 2) -> BuildSettings:
    return BuildSettings(
        name="noop",
        plan=no_op_plan(),
        policy="",
        release=ReleaseParams(),
        splits=SplitParams(),
        recipe={"name": "noop"},
        source="/",  # a place that every worker can see; nobody reads it
        sources_per_shard=1,
        executor=executor,
        workers=workers,
    )


def list_clips(root: str, num_clips: int, clips_per_shard: int) -> Dataset:
    """A dataset as the scan leaves it."""
    dataset = Dataset.create(root)
    for shard, first in enumerate(range(0, num_clips, clips_per_shard)):
        numbers = range(first, min(first + clips_per_shard, num_clips))
        dataset.write_part(Failure, [], SCAN, SCAN_FINGERPRINT, shard)
        dataset.write_part(Listing, map(listing, numbers), SCAN, SCAN_FINGERPRINT, shard)
    return dataset


def run_no_ops(build: Build) -> None:
    """All stages, as one phase."""
    build.run_stages("annotate", [planned.name for planned in build.settings.plan.stages])
