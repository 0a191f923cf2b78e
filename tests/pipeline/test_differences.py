"""Rows added, removed and changed between datasets and releases, told by what they are about."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.differences import KEYS, differences
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.tables import TABLES
from tests.pipeline.conftest import Built, build


def test_every_table_has_a_key_of_its_own_columns() -> None:
    assert list(KEYS) == list(TABLES)
    assert all(set(keys) <= set(TABLES[table].model_fields) for table, keys in KEYS.items())


def test_a_dataset_differs_in_nothing_from_its_copy(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    found = differences(built.dataset.url, copy_of(built).url, num_examples=3)
    assert {"clip", "claim", "verdict", "decision", "failure"} <= {one.table for one in found}
    assert all(one.num_a == one.num_b > 0 for one in found)
    assert all(not any(one.num.values()) and not one.examples for one in found)


def test_rows_are_told_apart_as_added_removed_and_changed_with_the_columns_that_are(
    built: Built, copy_of: Callable[[Built], Dataset]
) -> None:
    dataset = copy_of(built)
    release = Path(dataset.url, "releases", built.report.release or "")
    tables = {name: pq.read_table(release / "tables" / f"{name}.parquet") for name in ("clip", "caption")}
    captions = tables["caption"]
    texts = captions["text"].to_pylist()
    changed = captions.set_column(captions.schema.get_field_index("text"), "text", [["Another.", *texts[1:]]])
    pq.write_table(changed.slice(0, changed.num_rows - 1), release / "tables" / "caption.parquet")
    pq.write_table(tables["clip"].slice(1), release / "tables" / "clip.parquet")

    original = f"{built.dataset.url}/releases/{built.report.release}"
    found = {one.table: one for one in differences(original, str(release), num_examples=1)}
    assert found["clip"].num == {"added": 0, "removed": 1, "changed": 0}
    assert found["caption"].num == {"added": 0, "removed": 1, "changed": 1}
    (removed,) = found["clip"].examples
    assert removed.key == [tables["clip"]["clip_id"][0].as_py()]
    assert removed.values["duration_s"] == tables["clip"]["duration_s"][0].as_py()
    (example,) = (one for one in found["caption"].examples if one.change == "changed")
    assert example.values == {"text": (texts[0], "Another.")}
    back = {one.table: one for one in differences(str(release), original, num_examples=1)}
    assert back["clip"].num == {"added": 1, "removed": 0, "changed": 0}


def test_a_changed_parameter_shows_in_the_tables_that_depend_on_it_and_in_no_other(
    built: Built, copy_of: Callable[[Built], Dataset]
) -> None:
    dataset = copy_of(built)
    build(built.source, Path(dataset.url), stages={"plant_decoys": {"params": {"seed": 5}}}, tasks=[])
    found = {one.table: one for one in differences(built.dataset.url, dataset.url, num_examples=0)}
    assert any(found["decoy"].num.values())
    for table in ("clip", "sound_event", "caption", "roi_track"):
        assert not any(found[table].num.values()), table


def test_what_is_neither_a_root_nor_a_release_is_one_clear_line(built: Built, tmp_path: Path) -> None:
    with pytest.raises(RootError, match="two folders ROOT/releases/NAME"):
        differences(built.dataset.url, str(tmp_path), num_examples=1)
