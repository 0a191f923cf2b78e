import hashlib
import random
from pathlib import Path

import pytest

from pipeline.shards import ShardPlan, content_id, plan_shards
from pipeline.sources import BadEntry, Entry, list_sources
from schemas.media import Listing


def _folder(path: Path, contents: dict[str, bytes]) -> list[Entry | BadEntry]:
    for name, content in contents.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return list(list_sources(str(path)))


def _plan(entries: list[Entry | BadEntry], known: list[Listing] | None = None, next_shard: int = 0) -> ShardPlan:
    return plan_shards(entries, known or [], sources_per_shard=2, next_shard=next_shard)


def _rows(plan: ShardPlan) -> list[Listing]:
    return [row for rows in plan.shards.values() for row in rows]


def _span(path: Path, start_s: float | None, end_s: float | None) -> Entry:
    return Entry(str(path), path.name, path.stat().st_size, path.stat().st_mtime_ns, start_s, end_s)


def test_a_source_is_named_by_the_hash_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"sound")
    assert content_id(str(tmp_path / "a")) == hashlib.blake2b(b"sound", digest_size=32).hexdigest()[:32]


def test_shards_depend_on_contents_only(tmp_path: Path) -> None:
    contents = [bytes([i]) * 100 for i in range(7)]
    first = _plan(_folder(tmp_path / "one", {f"{i}.mp4": content for i, content in enumerate(contents)}))
    entries = _folder(tmp_path / "two", {f"deep/{9 - i}.wav": content for i, content in enumerate(contents)})
    random.Random(0).shuffle(entries)
    second = _plan(entries)
    assert [[row.source_id for row in rows] for rows in first.shards.values()] == [
        [row.source_id for row in rows] for rows in second.shards.values()
    ]
    assert list(first.shards) == [0, 1, 2, 3]
    assert [len(rows) for rows in first.shards.values()] == [2, 2, 2, 1]


def test_equal_bytes_are_one_source_and_the_copies_are_written_beside_it(tmp_path: Path) -> None:
    plan = _plan(_folder(tmp_path, {"b.mp4": b"same", "a.mp4": b"same", "c.mp4": b"other"}))
    (copy,) = plan.duplicates
    assert (copy.name, copy.duplicate_of) == ("b.mp4", str(tmp_path / "a.mp4"))
    assert sorted(row.name for row in _rows(plan)) == ["a.mp4", "b.mp4", "c.mp4"]
    assert len(plan.shards) == 1


def test_all_spans_of_a_source_are_in_one_shard(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.wav" for i in range(5)]
    for i, path in enumerate(paths):
        path.write_bytes(bytes([i]))
    plan = _plan([_span(path, start, start + 3) for start in (0.0, 5.0) for path in paths])
    for rows in plan.shards.values():
        assert all(sum(row.source_id == other.source_id for other in rows) == 2 for row in rows)
    assert len({row.listing_id for row in _rows(plan)}) == 10


def test_the_same_row_twice_is_a_duplicate_and_another_span_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"x")
    plan = _plan([_span(path, 0, 3), _span(path, 0, 3), _span(path, 3, 6), _span(path, None, None)])
    assert len(plan.duplicates) == 1
    assert len(_rows(plan)) == 4


def test_a_second_scan_plans_nothing(tmp_path: Path) -> None:
    entries = _folder(tmp_path, {"a.mp4": b"same", "b.mp4": b"same", "c.mp4": b"other"})
    known = _rows(_plan(entries))
    again = _plan(entries, known, next_shard=1)
    assert again.shards == {}
    assert (again.num_known, len(again.duplicates), again.failures) == (2, 1, [])


def test_a_known_file_is_not_read_again(tmp_path: Path) -> None:
    (entry,) = _folder(tmp_path, {"a.mp4": b"first"})
    assert isinstance(entry, Entry)
    known = _rows(_plan([entry]))
    (tmp_path / "a.mp4").unlink()
    assert _plan([entry], known).failures == []
    changed = Entry(entry.uri, entry.name, entry.num_bytes, (entry.modified_ns or 0) + 1)
    assert [failure.code for failure in _plan([changed], known).failures] == ["vanished"]


def test_new_content_gets_new_shards_and_takes_copies_of_old_content_along(tmp_path: Path) -> None:
    known = _rows(_plan(_folder(tmp_path, {"a.mp4": b"old"})))
    copies_only = _plan(_folder(tmp_path, {"copy.mp4": b"old"}), known, next_shard=1)
    assert {number: [row.name for row in rows] for number, rows in copies_only.shards.items()} == {1: ["copy.mp4"]}
    assert [row.name for row in copies_only.duplicates] == ["copy.mp4"]
    assert _plan(_folder(tmp_path, {"copy.mp4": b"old"}), known + _rows(copies_only), next_shard=2).shards == {}
    plan = _plan(_folder(tmp_path, {"new.mp4": b"new"}), known, next_shard=1)
    assert {number: sorted(row.name for row in rows) for number, rows in plan.shards.items()} == {1: ["copy.mp4", "new.mp4"]}
    again = _plan(list(list_sources(str(tmp_path))), known + _rows(plan), next_shard=2)
    assert again.shards == {}


def test_a_new_span_of_an_old_source_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"x")
    known = _rows(_plan([_span(path, 0, 3)]))
    plan = _plan([_span(path, 0, 3), _span(path, 3, 6)], known, next_shard=1)
    assert plan.shards == {}
    assert [failure.code for failure in plan.failures] == ["bad_span"]


def test_every_entry_is_planned_known_duplicate_or_failed(tmp_path: Path) -> None:
    entries = _folder(tmp_path, {"a.mp4": b"1", "b.mp4": b"1", "c.mp4": b"2"})
    entries += [BadEntry("gone.mp4", "vanished", "no such file"), Entry(str(tmp_path / "lost.mp4"), "lost.mp4", 3, 4)]
    plan = _plan(entries)
    planned = [row for row in _rows(plan) if row.duplicate_of is None]
    assert len(planned) + plan.num_known + len(plan.duplicates) + len(plan.failures) == len(entries)
    assert {(failure.stage, failure.code) for failure in plan.failures} == {("scan", "vanished")}


def test_a_shard_holds_at_least_one_source() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        plan_shards([], [], 0, 0)
