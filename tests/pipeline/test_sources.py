import json
import os
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.sources import BadEntry, Entry, list_sources
from schemas.errors import SourceError


def _file(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _good(spec: Path | str, **options: str) -> list[Entry]:
    entries = list(list_sources(str(spec), **options))
    assert all(isinstance(entry, Entry) for entry in entries), entries
    return [entry for entry in entries if isinstance(entry, Entry)]


def test_a_folder_lists_every_file_below_it_by_name_and_no_hidden_ones(tmp_path: Path) -> None:
    for name in ["b.mp4", "a/z.txt", "a.mp4/inside.wav", ".hidden", ".git/x.mp4", "-dash.mp4", "a/tab\there.wav"]:
        _file(tmp_path / name)
    names = [os.path.relpath(entry.uri, tmp_path) for entry in _good(tmp_path)]
    assert names == ["-dash.mp4", "a/tab\there.wav", "a/z.txt", "a.mp4/inside.wav", "b.mp4"]


def test_an_entry_knows_size_and_time_of_its_file(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.wav", b"12345")
    os.utime(path, ns=(7, 1_000_000_007))
    assert _good(path) == [Entry(str(path), "a.wav", 5, 1_000_000_007)]


def test_what_is_no_regular_file_is_listed_as_bad(tmp_path: Path) -> None:
    _file(tmp_path / "good.wav")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere")
    bad = {os.path.basename(e.uri): e.code for e in list_sources(str(tmp_path)) if isinstance(e, BadEntry)}
    assert bad == {"pipe.mp4": "unreadable", "gone.mp4": "vanished"}


def test_links_to_files_and_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    _file(tmp_path / "real" / "a.wav")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    names = [os.path.relpath(entry.uri, tmp_path) for entry in _good(tmp_path)]
    assert names == ["link/a.wav", "real/a.wav"]


def test_a_name_that_is_not_utf8_is_bad_and_can_be_written_down(tmp_path: Path) -> None:
    _file(tmp_path / "good.wav")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav"))).write_bytes(b"x")
    (bad,) = [entry for entry in list_sources(str(tmp_path)) if isinstance(entry, BadEntry)]
    assert bad.code == "unreadable"
    bad.uri.encode()


@pytest.mark.parametrize("name", ["a[1].wav", "a*.wav", "a::b.wav", "a:b.wav"])
def test_names_with_a_meaning_elsewhere_are_plain_names(tmp_path: Path, name: str) -> None:
    path = _file(tmp_path / name)
    assert [entry.uri for entry in _good(path)] == [str(path)]


def test_nothing_to_build_from_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    for spec, message in [("absent", "does not exist"), ("empty", "without files")]:
        with pytest.raises(SourceError, match=message) as caught:
            list_sources(str(tmp_path / spec))
        assert "\n" not in str(caught.value)


def test_a_remote_folder_is_listed(tmp_path: Path) -> None:
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe({"/remote_sources/b.wav": b"bb", "/remote_sources/in/a.wav": b"a", "/remote_sources/.h": b""})
    found = _good("memory://remote_sources")
    assert [(entry.name, entry.num_bytes) for entry in found] == [("b.wav", 2), ("a.wav", 1)]
    assert fsspec.open(found[1].uri, "rb").open().read() == b"a"


def _manifest(folder: Path, kind: str, rows: list[dict[str, object]]) -> Path:
    path = folder / f"list.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        delimiter = "\t" if kind == "tsv" else ","
        lines = [delimiter.join(rows[0]), *(delimiter.join(str(v) for v in row.values()) for row in rows)]
        path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_a_manifest_gives_files_spans_and_labels(tmp_path: Path, kind: str) -> None:
    _file(tmp_path / "media" / "a.wav", b"123")
    row = {"Path": "media/a.wav", "start": 1.5, "end_s": 4, "caption": "a dog", "split": "test", "license": "CC0"}
    (entry,) = _good(_manifest(tmp_path, kind, [row]))
    assert (entry.uri, entry.name, entry.num_bytes) == (str(tmp_path / "media" / "a.wav"), "a.wav", 3)
    assert (entry.start_s, entry.end_s, entry.label, entry.split, entry.license) == (1.5, 4.0, "a dog", "test", "CC0")


def test_bad_rows_of_a_manifest_do_not_stop_the_others(tmp_path: Path) -> None:
    _file(tmp_path / "a.wav")
    rows = [
        {"uri": "a.wav", "start": ""},
        {"uri": "gone.wav", "start": ""},
        {"uri": "", "start": ""},
        {"uri": "a.wav", "start": "soon"},
        {"uri": "a.wav", "start": "nan"},
    ]
    entries = list(list_sources(str(_manifest(tmp_path, "csv", rows))))
    codes = [entry.code if isinstance(entry, BadEntry) else "good" for entry in entries]
    assert codes == ["good", "vanished", "unreadable", "bad_span", "bad_span"]


def test_a_broken_line_of_json_is_one_bad_entry(tmp_path: Path) -> None:
    _file(tmp_path / "a.wav")
    path = tmp_path / "list.jsonl"
    path.write_text('{"audio": "a.wav"}\n{"audio": \n[1]\n')
    codes = [getattr(entry, "code", "good") for entry in list_sources(str(path))]
    assert codes == ["good", "unreadable", "unreadable"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"name,label\nx,y\n", "no column of uri, path, file, audio, video"),
        ("a.csv", b"", "no rows"),
        ("a.csv", b"\xff\xfe\x00", "cannot be read"),
        ("a.parquet", b"no parquet", "cannot be read"),
        ("a.jsonl", b"not json\n", "no column"),
    ],
)
def test_an_unusable_manifest_is_one_clear_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = _file(tmp_path / name, content)
    with pytest.raises(SourceError, match=message) as caught:
        list_sources(str(path))
    assert "\n" not in str(caught.value)


def test_vggsounds_list_finds_its_media_under_all_their_names(tmp_path: Path) -> None:
    _file(tmp_path / "aaaaaaaaaaa_000015.mp4")
    _file(tmp_path / "-bbbbbbbbb__30000_40000.mp4")
    _file(tmp_path / "vggsound_ccccccccccc_0_10000.mp4")
    path = tmp_path / "vggsound.csv"
    path.write_text(
        'aaaaaaaaaaa,15,"dog barking, howling",train\n-bbbbbbbbb_,30,rain,test\nccccccccccc,0,bell,test\nddddddddddd,1,x,test\n'
    )
    *found, gone = list(list_sources(str(path)))
    assert [(entry.name, entry.label, entry.split) for entry in found if isinstance(entry, Entry)] == [
        ("aaaaaaaaaaa_000015.mp4", "dog barking, howling", "train"),
        ("-bbbbbbbbb__30000_40000.mp4", "rain", "test"),
        ("vggsound_ccccccccccc_0_10000.mp4", "bell", "test"),
    ]
    assert isinstance(gone, BadEntry)
    assert gone.code == "vanished"


def test_vggsounds_test_list_and_another_media_folder(tmp_path: Path) -> None:
    _file(tmp_path / "media" / "aaaaaaaaaaa_000015.mp4")
    path = tmp_path / "test.csv"
    path.write_text("aaaaaaaaaaa_000015.mp4,playing harp\n")
    (entry,) = _good(path, media_dir=str(tmp_path / "media"))
    assert (entry.name, entry.label, entry.start_s) == ("aaaaaaaaaaa_000015.mp4", "playing harp", None)
