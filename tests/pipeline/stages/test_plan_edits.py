"""Plan edits: rows of real builds, over scenes and over real media, read back from Parquet and rendered from stored FLACs."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from soundfile import LibsndfileError

from annotators.instruments.detector import EventDetector
from annotators.media import ArrayMedia, Sound
from pipeline.build import Build, BuildSettings
from pipeline.cell import Cell
from pipeline.editing.params import EditParamsWithSplits
from pipeline.editing.render import encode_flac, read_flac, render
from pipeline.ingest import IngestParams
from pipeline.media.clip_media import StoredMedia
from pipeline.media.clip_tar import ClipTar
from pipeline.media_cache import MediaCache
from pipeline.plan import Plan, make_plan
from pipeline.progress import SilentProgress
from pipeline.release.params import ReleaseParams
from pipeline.sample import Sample
from pipeline.splits import SplitParams, split_of
from pipeline.stages.detect_events import DetectEvents
from pipeline.stages.ingest import Ingest
from pipeline.stages.plan_edits import PlanEdits
from schemas.edits import OPERATIONS, Edit
from schemas.errors import Filtered
from schemas.evidence import Measurement, SoundEvent
from schemas.layout import Dataset
from schemas.media import Clip
from tests.pipeline.editing.checking import assert_row_states_what_is_heard
from tests.pipeline.editing.making import RATE_HZ, event, noise
from tests.pipeline.media.rendering import SHARED_MEDIA, needs_shared_media
from tests.pipeline.spelling import clip

FEW = (  # real sounds of all sorts, mono and stereo, small enough to be ingested in seconds
    "AudioCLIP__alarm_clock_3-120526-B-37.wav", "AudioCLIP__cat_3-95694-A-5.wav", "ExoPlayer__bear_vorbis.ogg",
    "ImageBind__bird_audio.wav", "ImageBind__car_audio.wav", "ImageBind__dog_audio.wav", "moviepy__crunching.mp3",
    "audioset_tagging_cnn__R9_ZSCveAHg_7s.mp3",
)  # fmt: skip
EVERYBODY_TOGETHER: Mapping[str, Any] = {"val_frac": 0, "test_frac": 0}
STAGES = ("ingest", "detect_events", "plan_edits")


@dataclass(frozen=True)
class Planned:
    """A dataset with planned edits."""

    dataset: Dataset
    plan: Plan

    @property
    def shards(self) -> list[int]:
        return sorted(self.dataset.shards_with_part("edit", "plan_edits", self.plan["plan_edits"].fingerprint))

    def read(self, table: Any, stage: str, shard: int) -> Sequence[Any]:
        return self.dataset.read_part(table, stage, self.plan[stage].fingerprint, shard)

    def all(self, table: Any, stage: str = "plan_edits") -> list[Any]:
        return [row for shard in self.shards for row in self.read(table, stage, shard)]

    def edits_with_sounds(self) -> Iterator[tuple[Edit, Any, Any]]:
        """Each row with the stored sounds that it names."""
        for shard in self.shards:
            tar_path = self.dataset.clips_path(self.plan["ingest"].fingerprint, shard)
            with closing(ClipTar(partial(self.dataset.storage.open, tar_path))) as tar:
                for edit in self.read(Edit, "plan_edits", shard):
                    other = read_flac(tar.read(f"{edit.other_clip_id}.flac")) if edit.other_clip_id else None
                    yield edit, read_flac(tar.read(f"{edit.clip_id}.flac")), other


def planned(source: Path, root: Path, sources_per_shard: int = 16, **params: Any) -> Planned:
    """Ingest, events and edits. A root that is there already is gone on with."""
    plan = make_plan(
        [
            Ingest(IngestParams()),
            DetectEvents(DetectEvents.Params(), EventDetector(EventDetector.Params())),
            PlanEdits(EditParamsWithSplits.model_validate(params)),
        ]
    )
    settings = BuildSettings(
        name="test", plan=plan, policy="", release=ReleaseParams(), splits=SplitParams(), recipe={"name": "test"},
        source=str(source), sources_per_shard=sources_per_shard, executor="local",
    )  # fmt: skip
    with Build(Dataset.create(str(root)), settings, SilentProgress()) as build:
        build.scan()
        build.run_stages("all", STAGES)
        return Planned(build.dataset, plan)


@pytest.fixture(scope="module")
def of_scenes(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    return planned(scenes / "videos", tmp_path_factory.mktemp("edits") / "scenes", per_clip=5, **EVERYBODY_TOGETHER)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some of the shared media."""
    folder = tmp_path_factory.mktemp("few")
    for name in FEW:
        shutil.copy(SHARED_MEDIA / "audio" / name, folder)
    return folder


def test_every_scene_gets_every_operation(of_scenes: Planned) -> None:
    edits = of_scenes.all(Edit)
    assert len(edits) == 15
    assert {edit.operation for edit in edits} == set(OPERATIONS)


def test_input_and_target_from_a_stored_row_are_those_from_the_row_as_it_was_drawn(of_scenes: Planned) -> None:
    """The same stage over the same shard again, in memory; the rows and every byte are compared."""
    stage = of_scenes.plan["plan_edits"].stage
    assert isinstance(stage, PlanEdits)
    drawn: dict[str, Edit] = {}
    for shard in of_scenes.shards:
        cell = Cell(of_scenes.dataset, of_scenes.plan, of_scenes.plan["plan_edits"], shard, MediaCache())
        samples = cell.samples(stage.requires)
        stage.begin(samples)
        answers = [stage.ask(sample) for sample in samples]
        drawn |= {edit.edit_id: edit for answer in answers if not isinstance(answer, Filtered) for edit in answer.edits}
    compared = set()
    for edit, clip_sound, other_sound in of_scenes.edits_with_sounds():
        assert edit == drawn[edit.edit_id]
        now, before = (render(row, clip_sound, other_sound) for row in (edit, drawn[edit.edit_id]))
        for name in ("input", "target"):
            assert encode_flac(getattr(now, name), RATE_HZ) == encode_flac(getattr(before, name), RATE_HZ)
        compared.add(edit.operation)
    assert compared == set(OPERATIONS)


def assert_all_state_what_is_heard(of_media: Planned) -> None:
    seen: set[str] = set()
    for edit, clip_sound, other_sound in of_media.edits_with_sounds():
        assert_row_states_what_is_heard(edit, clip_sound, other_sound)
        seen.add(edit.operation)
    assert seen == set(OPERATIONS)


def test_rows_of_scenes_state_what_is_heard(of_scenes: Planned) -> None:
    assert_all_state_what_is_heard(of_scenes)


@needs_shared_media
def test_rows_of_real_sounds_state_what_is_heard(few: Path, tmp_path: Path) -> None:
    assert_all_state_what_is_heard(planned(few, tmp_path / "few", per_clip=5, **EVERYBODY_TOGETHER))


@pytest.mark.long
@needs_shared_media
@pytest.mark.parametrize("folder", ["audio", "videos"])
def test_rows_of_all_shared_media_state_what_is_heard(folder: str, tmp_path: Path) -> None:
    assert_all_state_what_is_heard(planned(SHARED_MEDIA / folder, tmp_path / folder, per_clip=5, **EVERYBODY_TOGETHER))


@needs_shared_media
def test_partners_are_of_the_same_split_and_of_another_source_and_who_has_none_is_told(few: Path, tmp_path: Path) -> None:
    splits = SplitParams(val_frac=0.23, test_frac=0.3)  # by their hashes: four clips, three, and one alone
    of_media = planned(few, tmp_path / "few", per_clip=5, **splits.model_dump())
    source_of = {row.clip_id: row.source_id for row in of_media.all(Clip, "ingest")}
    mixes = [edit for edit in of_media.all(Edit) if edit.other_clip_id]
    assert mixes
    for edit in mixes:
        own, other = source_of[edit.clip_id], source_of[edit.other_clip_id]
        assert own != other
        assert split_of(own, None, splits) == split_of(other, None, splits)
    splits_of_mixes = {split_of(source_of[edit.clip_id], None, splits) for edit in mixes}
    assert splits_of_mixes == {"train", "val"}
    (lacking,) = [row for row in of_media.all(Measurement) if row.name == "edits_without_partner"]
    assert split_of(source_of[lacking.clip_id], None, splits) == "test"
    assert lacking.value == 3


def sample(clip_id: str, sound: Any, *, peak_dbfs: float | None = -6.0) -> Sample:
    row = clip(clip_id).model_copy(
        update={
            "sample_rate_hz": RATE_HZ, "num_channels": len(sound), "num_samples": sound.shape[1], "peak_dbfs": peak_dbfs,
            "duration_s": sound.shape[1] / RATE_HZ,
        }
    )  # fmt: skip
    heard = [
        SoundEvent(clip_id=clip_id, model="m@1", event_id="s000", **event("impact", at, at + 0.3).model_dump()) for at in (1, 2)
    ]
    media = ArrayMedia(clip_id, Sound(sound.astype(np.float32), RATE_HZ))
    return Sample(row, media, {SoundEvent: heard})


def test_what_cannot_be_edited_is_filtered_by_its_reason() -> None:
    stage = PlanEdits(EditParamsWithSplits())
    samples = {
        "too_short": sample("short", noise(2.9)),
        "silent": sample("silent", np.zeros((2, 5 * RATE_HZ)), peak_dbfs=None),
        "too_quiet": sample("quiet", noise(5.0, level=0.001)),
    }
    stage.begin(list(samples.values()))
    assert {reason: stage.ask(one) for reason, one in samples.items()} == {name: Filtered(name) for name in samples}


def test_a_clip_whose_sound_cannot_be_decoded_fails_alone() -> None:
    good = [sample("a", noise(5.0, seed=1)), sample("b", noise(5.0, seed=2))]
    bad = sample("bad", noise(5.0))
    bad.media = StoredMedia("bad", None, encode_flac(noise(5.0), RATE_HZ)[:100])
    stage = PlanEdits(EditParamsWithSplits.model_validate(EVERYBODY_TOGETHER))
    stage.begin([*good, bad])
    for one in good:
        answer = stage.ask(one)
        assert not isinstance(answer, Filtered)
        assert not {edit.other_clip_id for edit in answer.edits} & {"bad"}
    with pytest.raises(LibsndfileError):
        stage.ask(bad)


def test_it_serves_the_editing_tasks_and_reads_only_what_it_declares() -> None:
    assert PlanEdits.task == "edit"
    assert {table.table for table in PlanEdits.requires} == {"clip", "source", "sound_event"}
    assert PlanEdits.role is None
