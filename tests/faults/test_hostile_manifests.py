"""Manifests of strangers: what is in them stays data, every bad row is a row, and no cell reaches further than a file can."""

import json
from pathlib import Path

import pytest

from pipeline.sources import BadEntry, Entry, list_sources
from schemas.errors import SourceError
from tests.faults.ingesting import take_in
from tests.faults.lures import listening
from tests.pipeline.media.rendering import clicks, render_video

ODD_LABELS = (
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "\x1b[31mred",
    "a\u2028b",
    "a\0b",
    "<script>",
    "../../x",
    "\ud800",
    "\u202egnp",
)


def _manifest(folder: Path, name: str, *rows: str) -> str:
    path = folder / name
    path.write_bytes("\n".join(rows).encode("utf-8", "surrogatepass"))
    return str(path)


def test_labels_stay_data_from_the_manifest_to_the_clip(tmp_path: Path) -> None:
    render_video(tmp_path / "a.mp4", clicks([0.5], 26.0), duration_s=1.0)
    spans = range(0, 22, 2)
    rows = [
        json.dumps({"file": "a.mp4", "start": start, "end": start + 2, "label": label})
        for start, label in zip(spans, ODD_LABELS, strict=True)
    ]
    taken = take_in(Path(_manifest(tmp_path, "m.jsonl", *rows)), tmp_path / "root")
    assert [account.adds_up for account in taken.accounts] == [True, True]
    assert [listing.label for listing in taken.listings] == [*ODD_LABELS[:9], "?", ODD_LABELS[10]]
    assert {clip.label for clip in taken.clips} <= {listing.label for listing in taken.listings}
    names = [path.relative_to(tmp_path / "root") for path in (tmp_path / "root").rglob("*")]
    assert all(part.isascii() and part.isprintable() for name in names for part in name.parts)


@pytest.mark.parametrize(
    "row",
    [
        '{"uri": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"uri": ' + "1" * 5000 + "}",
        '{"uri": "\\ud800.mp4"}',
        '{"uri": "a\\u0000.mp4"}',
        '{"uri": "a.mp4", "start": "nan"}',
        '{"uri": "a.mp4", "end": 1e999}',
        '["a.mp4"]',
        "nonsense",
        "null",
    ],
)
def test_a_bad_row_is_a_row_and_the_next_one_counts(tmp_path: Path, row: str) -> None:
    (tmp_path / "good.mp4").write_bytes(b"x")
    bad, good = list_sources(_manifest(tmp_path, "m.jsonl", row, '{"uri": "good.mp4"}'))
    assert isinstance(bad, BadEntry)
    assert isinstance(good, Entry)


def test_rows_lead_to_files_and_stores_only(tmp_path: Path) -> None:
    with listening() as listener:
        rows = [
            f"simplecache::http://127.0.0.1:{listener.port}/x.mp4",
            f"ftp://127.0.0.1:{listener.port}/x.mp4",
            f"zip://x.mp4::http://127.0.0.1:{listener.port}/x.zip",
            f"sftp://127.0.0.1:{listener.port}/x",
            "reference://x",
            "data://x",
            "nosuch://x",
            f"github://user:{listener.port}@/x",
        ]
        found = list(list_sources(_manifest(tmp_path, "m.csv", "uri", *rows)))
    assert all(isinstance(one, BadEntry) and one.code == "unreadable" for one in found)
    assert listener.calls == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("huge.csv", "uri,label\na.mp4," + "x" * 200_000),
        ("bad.parquet", "PAR1xxxxPAR1"),
        ("empty.parquet", ""),
        ("empty.csv", ""),
        ("utf16.csv", "\ud800"),
        ("no-names.csv", "\x1b[31mcolumn\na"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_one_line(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SourceError) as raised:
        list_sources(_manifest(tmp_path, name, text))
    assert "\n" not in str(raised.value)
