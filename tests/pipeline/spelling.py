"""Two small stages with a model of their own: real classes at the seams, over a shard whose clips' labels say what happens.

`spell` answers with the label in capitals, unless the label is one of those below; `count_letters` reads what it wrote.
"""

from collections.abc import Iterable, Mapping, Sequence

from annotators.base import Annotator, Params
from pipeline.build import BuildSettings
from pipeline.cell import CellReport
from pipeline.ingest import IngestParams
from pipeline.plan import Plan, make_plan
from pipeline.release.params import ReleaseParams
from pipeline.sample import Sample
from pipeline.splits import SplitParams
from pipeline.stage import SampleStage
from pipeline.stages.ingest import Ingest
from pipeline.worker import CellWork, Worker
from schemas.accounting import Failure
from schemas.errors import Filtered, Rejected
from schemas.evidence import Caption, Measurement
from schemas.layout import Dataset
from schemas.media import Clip
from schemas.row import Row

UNASKABLE, UNSUITABLE, UNLIKED = "unaskable", "unsuitable", "unliked"  # ask raises, filters, rejects
RAISES, REFUSES, ENDLESS = "raises", "refuses", "endless"  # the model raises, rejects, gives a number that no row may hold


class Speller(Annotator[str, str]):
    """`batches`: how many questions each call had. `num_loads` and `num_closes` count."""

    batch_size = 3

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.batches: list[int] = []
        self.num_loads = self.num_closes = 0

    @property
    def model(self) -> str:
        return "speller@1"

    def load(self) -> None:
        self.num_loads += 1

    def annotate(self, batch: Sequence[str]) -> Sequence[str | Rejected]:
        self.batches.append(len(batch))
        if RAISES in batch:
            raise ValueError("the word is too long\nand has a second line")
        return [Rejected("truncated", "cut off") if word == REFUSES else word.upper() for word in batch]

    def close(self) -> None:
        self.num_closes += 1


class Spell(SampleStage[str, str]):
    name = "spell"
    role = "audio_captioner"
    requires = (Clip,)
    produces = (Caption, Measurement)

    def ask(self, sample: Sample) -> str | Rejected | Filtered:
        assert sample.clip.label is not None
        if sample.clip.label == UNASKABLE:
            raise LookupError("nothing to ask")
        special: dict[str, Rejected | Filtered] = {
            UNSUITABLE: Filtered("no_word"),
            UNLIKED: Rejected("bad_span", "no such span"),
        }
        return special.get(sample.clip.label, sample.clip.label)

    def rows(self, sample: Sample, answer: str) -> Iterable[Row]:
        origin = self.provenance(sample)
        yield Caption(**origin, modality="audio", question="content", text=answer)
        length = float("inf") if answer == ENDLESS.upper() else len(answer)
        yield Measurement(**origin, name="length", value=length, unit="letters")


class CountLetters(SampleStage[int, int]):
    name = "count_letters"
    requires = (Clip, Caption)
    produces = (Measurement,)

    def ask(self, sample: Sample) -> int:
        return len({letter for caption in sample.of(Caption) for letter in caption.text})

    def rows(self, sample: Sample, answer: int) -> Iterable[Row]:
        yield Measurement(**self.provenance(sample), name="letters", value=answer, unit="letters")


def plan_of(speller: Speller, spell: type[SampleStage[str, str]] = Spell) -> Plan:
    return make_plan([Ingest(IngestParams()), spell(Params(), speller), CountLetters(Params())])


def settings() -> BuildSettings:
    """A build of these stages."""
    return BuildSettings(
        name="test", plan=plan_of(Speller(Params())), policy="", release=ReleaseParams(), splits=SplitParams(),
        recipe={"name": "test"}, source="videos", sources_per_shard=1, executor="local",
    )  # fmt: skip


def clip(label: str) -> Clip:
    """A clip without a picture whose id is its label."""
    return Clip(
        clip_id=label, source_id=f"source-{label}", start_s=0, end_s=1, duration_s=1, has_video=False, video_mode="none",
        width_px=None, height_px=None, fps=None, num_frames=None, sample_rate_hz=8000, num_channels=1, num_samples=8000,
        peak_dbfs=-6, label=label, video_bytes=None, audio_bytes=1,
    )  # fmt: skip


def ingested(root: str, plan: Plan, *labels: str) -> Dataset:
    """A dataset with shard 0 as ingest leaves it, but for the media: one clip per label."""
    dataset = Dataset.create(root)
    fingerprint = plan["ingest"].fingerprint
    dataset.write_part(Failure, [], "ingest", fingerprint, 0)
    dataset.write_part(Clip, [clip(label) for label in labels], "ingest", fingerprint, 0)
    return dataset


def run_cell(dataset: Dataset, plan: Plan, stage: str = "spell", set_aside: Mapping[str, Rejected] | None = None) -> CellReport:
    """One cell on shard 0, as a worker does it."""
    return CellWork(dataset, plan, stage, 0)(Worker(), set_aside or {}, None)


def rows_of(dataset: Dataset, plan: Plan, table: type[Row], stage: str = "spell") -> list[Row]:
    return list(dataset.read_part(table, stage, plan[stage].fingerprint, 0))


def failures(dataset: Dataset, plan: Plan, stage: str = "spell") -> dict[str, Failure]:
    """clip_id → its failure row."""
    found = dataset.read_part(Failure, stage, plan[stage].fingerprint, 0)
    assert len({failure.clip_id for failure in found}) == len(found)
    return {failure.clip_id or "": failure for failure in found}
