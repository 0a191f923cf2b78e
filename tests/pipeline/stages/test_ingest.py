"""Ingest on the grid: how many sources a worker has under way, and that it makes no difference to what is stored."""

import hashlib
from pathlib import Path

from flows.build import build_settings
from flows.recipe import Recipe
from pipeline.cell import Cell, CellReport
from pipeline.media_cache import MediaCache
from pipeline.scan import scan
from schemas.layout import Dataset
from schemas.media import Clip


def ingested(source: Path, root: Path, notes: list[str] | None) -> tuple[CellReport, list[Clip], str]:
    """What one cell says, its rows, and the hash of its tar. With `notes` it is careful."""
    plan = build_settings(Recipe(), source=str(source)).plan
    dataset, planned = Dataset.create(str(root)), plan["ingest"]
    scan(dataset, str(source), None, sources_per_shard=100)
    note = None if notes is None else notes.append
    report = planned.stage.run(Cell(dataset, plan, planned, 0, MediaCache(), note=note))
    clips = list(dataset.read_part(Clip, "ingest", planned.fingerprint, 0))
    tar = dataset.storage.read(dataset.clips_path(planned.fingerprint, 0))
    return report, clips, hashlib.sha256(tar).hexdigest()


def test_two_sources_at_a_time_and_one_after_the_other_give_the_same_bytes(source: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    careful, careful_clips, careful_tar = ingested(source, tmp_path / "careful", notes)
    quick, clips, tar = ingested(source, tmp_path / "quick", None)
    assert (clips, tar) == (careful_clips, careful_tar)
    assert [(one.num_in, one.num_done, one.failed) for one in (quick, careful)] == [(5, 3, {"unreadable": 2})] * 2
    assert notes == sorted(notes), "one after the other, in the order of the shard"
    assert len(notes) == careful.num_in
