"""What builds really make again after a change, cell by cell, and what their releases hold then.

That every kind of change plans the right stages is shown in `test_incremental`, for plans alone.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from annotators.base import AnyParams
from annotators.registry import BACKENDS
from annotators.template import TemplateReasoner
from annotators.template.reasoner import TemplateParams
from pipeline.catalog import Catalog
from pipeline.plan import SCAN, Plan
from pipeline.release.publish import current_release
from pipeline.scenes import render_scenes
from pipeline.stages import STAGES
from pipeline.worker import CellWork, Worker
from schemas.accounting import Failure
from schemas.layout import Dataset
from schemas.media import Clip
from tests.pipeline.conftest import Built, build
from tests.pipeline.dependence import reads, with_readers

Cells = set[tuple[str, int]]


class WordedParams(TemplateParams):
    wording: str = Field("", description="what a prompt would say")


class WordedReasoner(TemplateReasoner):
    """The template as if it were asked in words."""

    Params = WordedParams

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self.prompt_id = f"worded@{params.model_dump()['wording']}"


@pytest.fixture(autouse=True)
def _worded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS["reasoner"], "worded", f"{__name__}:WordedReasoner")


def worded(wording: str) -> dict[str, Any]:
    return {"stages": {"reason": {"backend": "worded", "params": {"wording": wording}}}}


def written(dataset: Dataset) -> dict[tuple[str, int, str], int]:
    """When each cell was committed: every cell writes its failures, also where there are none."""
    paths = Path(dataset.url).glob("tables/failure/*/part-*.parquet")
    return {(path.parent.name, int(path.stem[5:]), path.name): path.stat().st_mtime_ns for path in paths}


def built_again(dataset: Dataset, source: Path, **recipe: Any) -> tuple[Built, Cells]:
    """Build, and say which cells were run meanwhile."""
    before = written(dataset)
    built = build(source, dataset.url, **recipe)
    new = [cell for cell, at in written(dataset).items() if before.get(cell) != at]
    return built, {(folder.rpartition("-")[0], shard) for folder, shard, _ in new} - {(SCAN, shard) for _, shard, _ in new}


def manifest_of(built: Built) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(built.dataset.storage.read(f"releases/{built.report.release}/manifest.json"))
    return manifest


def shards_of(dataset: Dataset, plan: Plan) -> set[int]:
    return dataset.shards_with_part(Clip.table, "ingest", plan["ingest"].fingerprint)


def test_a_changed_prompt_makes_its_cells_and_their_readers_again_and_its_release_says_so(
    built: Built, copy_of: Callable[[Built], Dataset], source: Path
) -> None:
    dataset = copy_of(built)
    stages = [planned.name for planned in built.plan.stages]
    concerned = with_readers({"reason"}, stages)
    for wording in ("Think.", "Think first."):
        changed, cells = built_again(dataset, source, **worded(wording))
        assert cells == {(stage, shard) for stage in concerned for shard in shards_of(dataset, built.plan)}
        assert changed.report.cells_run == len(cells) + len(manifest_of(changed)["shards"])
        assert changed.report.cells_skipped == len(stages) * len(shards_of(dataset, built.plan)) - len(cells)
        with Catalog(dataset, changed.plan.fingerprints) as catalog:
            asked_by = catalog.query("select distinct prompt_id from cot where task = 'base'").to_pylist()
        assert asked_by == [{"prompt_id": f"worded@{wording}"}]
    old, new = manifest_of(built), manifest_of(changed)
    assert {name for name, value in new["fingerprints"].items() if old["fingerprints"][name] != value} == concerned
    remade = {table.table for name in concerned for table in STAGES[name].produces}
    same = {entry["path"][7:-8] for entry in new["tables"] if entry in old["tables"]}  # tables/….parquet
    assert {entry["path"][7:-8] for entry in new["tables"]} - remade <= same
    assert same >= {"clip", "source", "sound_event"}
    assert "cot" not in same

    back, cells = built_again(dataset, source)
    assert (cells, back.report.cells_run) == (set(), 0)
    assert back.report.release == current_release(dataset) == built.report.release
    assert manifest_of(back) == old


def test_only_new_content_is_made_into_clips_whatever_happens_to_the_names(
    built: Built, copy_of: Callable[[Built], Dataset], source: Path, tmp_path: Path
) -> None:
    """A renamed file and a copy are told as duplicates, which takes a shard without a clip."""
    dataset, every_stage = copy_of(built), [planned.name for planned in built.plan.stages]
    moved = tmp_path / "moved"
    shutil.copytree(source, moved)
    (moved / "c.x.y.mp4").rename(moved / "another name.mp4")
    shutil.copy(moved / "a.mp4", moved / "one more copy.mp4")
    shard = max(shards_of(dataset, built.plan)) + 1
    renamed, cells = built_again(dataset, moved)
    assert cells == {(stage, shard) for stage in every_stage}
    assert dataset.read_part(Clip, "ingest", built.plan["ingest"].fingerprint, shard) == []
    assert (renamed.report.num_clips, renamed.report.release) == (built.report.num_clips, built.report.release)

    os.utime(moved / "another name.mp4")
    touched, cells = built_again(dataset, moved)
    assert (cells, touched.report.cells_run, touched.report.release) == (set(), 0, built.report.release)

    render_scenes(tmp_path / "more", (204,))
    (new,) = (tmp_path / "more" / "videos").iterdir()
    shutil.copy(new, moved)
    grown, cells = built_again(dataset, moved)
    assert cells == {(stage, shard + 1) for stage in every_stage}
    assert grown.report.num_clips == built.report.num_clips + 1


def test_a_stage_that_is_given_only_what_it_is_said_to_read_writes_the_same_rows(built: Built, tmp_path: Path) -> None:
    """So nothing decides what it writes that is not in its fingerprint."""
    shard = min(shards_of(built.dataset, built.plan))
    room, worker = Dataset.create(str(tmp_path / "room")), Worker()
    clips = built.dataset.clips_path(built.plan["ingest"].fingerprint, shard)
    room.storage.write(clips, built.dataset.storage.read(clips))
    for planned in built.plan.stages[1:]:
        shutil.rmtree(Path(room.url) / "tables", ignore_errors=True)
        for writer in (other for other in built.plan.stages if reads(type(planned.stage), type(other.stage))):
            for table in (Failure, *writer.stage.produces):
                path = room.part_path(table.table, writer.name, writer.fingerprint, shard)
                room.storage.write(path, built.dataset.storage.read(path))
        CellWork(room, built.plan, planned.name, shard)(worker, {}, None)
        for table in planned.stage.produces:
            where = (planned.name, planned.fingerprint, shard)
            assert room.read_part(table, *where) == built.dataset.read_part(table, *where), (planned.name, table.table)
    worker.close()
