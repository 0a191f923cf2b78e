"""Builds and queries on damaged datasets: one line, no half-made cells, no clip blamed, and the other tables answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.catalog import Catalog
from pipeline.integrity.cells import CellName
from pipeline.integrity.finding import inspect_files
from pipeline.integrity.mending import mend
from pipeline.integrity.redoing import take_back
from schemas.accounting import Failure
from schemas.errors import QueryError, RootError
from schemas.layout import Dataset
from tests.pipeline.conftest import Built, build


def test_a_tar_cut_in_half_stops_the_build_and_blames_no_clip(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    dataset = copy_of(built)
    root, ingest = Path(dataset.url), built.plan["ingest"].fingerprint
    detect = CellName(f"detect_events-{built.plan['detect_events'].fingerprint[:8]}", 0)
    tar = root / dataset.clips_path(ingest, 0)
    whole = tar.read_bytes()
    tar.write_bytes(whole[: len(whole) // 2])
    take_back(dataset, detect, [])  # a cell that has to listen to these clips
    with pytest.raises(RootError, match=r"shard-000000.tar is missing or damaged \(.*audiocot verify --repair"):
        build(built.source, root)
    assert not dataset.storage.exists(detect.mark or ""), "nothing is committed of what could not be heard"
    mended = mend(dataset, inspect_files(dataset))
    assert mended.cells[0] == CellName(f"ingest-{ingest[:8]}", 0)
    report = build(built.source, root).report
    assert report.cells_run == 2
    assert tar.read_bytes() == whole
    assert not dataset.read_part(Failure, "detect_events", built.plan["detect_events"].fingerprint, 0)
    assert inspect_files(dataset).problems == []


@pytest.mark.parametrize("place", ["footer", "pages", "all of it"])
def test_a_corrupt_part_leaves_the_other_tables_to_be_queried(
    copy_of: Callable[[Built], Dataset], built: Built, place: str
) -> None:
    dataset = copy_of(built)
    part = Path(dataset.url) / dataset.part_path("sound_event", "detect_events", built.plan["detect_events"].fingerprint, 0)
    data = bytearray(part.read_bytes())
    if place == "footer":
        data[-20:] = bytes(20)
    elif place == "pages":
        data[4 : len(data) // 3] = bytes(len(data) // 3 - 4)
    else:
        data = bytearray(b"no Parquet at all")
    part.write_bytes(data)
    with Catalog(dataset) as catalog:
        assert catalog.query("select count(*) as n from clip").to_pylist()[0]["n"] > 0
        assert catalog.query("select count(*) as n from claim").to_pylist()[0]["n"] > 0
        if place == "pages":
            with pytest.raises(QueryError):
                catalog.query("select * from sound_event")
        else:
            catalog.query("select * from sound_event")
            assert catalog.damaged == [part.relative_to(dataset.url).as_posix()]
    assert [problem.path for problem in inspect_files(dataset).damage] == [part.relative_to(dataset.url).as_posix()]
