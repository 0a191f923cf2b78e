"""A release: complete, described by itself, split by source, and readable without this program."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
import webdataset
import yaml

from pipeline.catalog import Catalog
from pipeline.release.params import ReleaseParams, Threshold
from pipeline.release.publish import ReleasePlan, current_release, plan_release, publish
from pipeline.release.select import Selection, select_clips
from pipeline.splits import SplitParams, split_of
from schemas.errors import ReleaseError
from tests.pipeline.conftest import Built


@pytest.fixture(scope="module")
def folder(built: Built) -> Path:
    return Path(built.dataset.url) / "releases" / built.report.release


def test_the_shards_load_with_webdataset_alone(folder: Path, built: Built) -> None:
    shards = [str(path) for path in sorted((folder / "shards").iterdir())]
    samples = list(webdataset.WebDataset(shards, shardshuffle=False))
    assert len(samples) == built.report.num_released
    for sample in samples:
        facts = json.loads(sample["json"])
        assert facts["clip_id"] == sample["__key__"]
        sound, rate_hz = soundfile.read(io.BytesIO(sample["flac"]))
        assert (len(sound), rate_hz) == (facts["num_samples"], 44100)
        assert sample["mp4"][4:8] == b"ftyp"
        assert facts["cot"][0]["task"] == "base"
        for chain in facts["cot"]:
            assert chain["outcome"] in ("accept", "repair")
            assert chain["task"] != "edit"
            assert chain["steps"]
            assert chain["caption_cot"]
            assert all(claim["verdicts"] for claim in chain["claims"])


def test_an_editing_task_is_a_sample_of_its_own_that_needs_nothing_else(folder: Path, built: Built) -> None:
    shards = [str(path) for path in sorted((folder / "edits").iterdir())]
    samples = list(webdataset.WebDataset(shards, shardshuffle=False))
    with Catalog(built.dataset) as catalog:
        released = catalog.query("select count(*) as n from decision where cot_id like '%/edit-%' and outcome != 'reject'")
    assert 0 < len(samples) == released.to_pylist()[0]["n"]
    for sample in samples:
        facts, mask = json.loads(sample["json"]), json.loads(sample["mask.json"])
        sounds = [soundfile.read(io.BytesIO(sample[name]), dtype="int16")[0] for name in ("input.flac", "target.flac")]
        assert {len(sound) for sound in sounds} == {facts["num_samples"]}
        assert mask == [[span["first"], span["end"]] for span in facts["mask"]]
        differs = np.flatnonzero((sounds[0] != sounds[1]).any(axis=1))
        assert len(differs)
        assert all(any(first <= at < end for first, end in mask) for at in (differs[0], differs[-1]))
        assert facts["cot"]["steps"]
        assert facts["cot"]["caption_cot"]


def test_the_manifest_counts_and_checks_every_file(folder: Path, built: Built) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    clips = [shard["num_samples"] for shard in manifest["shards"] if shard["kind"] == "shards"]
    assert manifest["num_clips"] == built.report.num_released == sum(clips)
    listed = {entry["path"] for entry in manifest["shards"] + manifest["tables"]}
    assert listed == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in (".tar", ".parquet")}
    for entry in manifest["shards"] + manifest["tables"]:
        content = (folder / entry["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["num_bytes"], entry["sha256"])
    for entry in manifest["tables"]:
        assert pq.read_metadata(folder / entry["path"]).num_rows == entry["num_rows"]
    assert current_release(built.dataset) == folder.name


def test_the_tables_hold_the_released_clips_and_no_private_path(folder: Path, built: Built) -> None:
    claims = pq.read_table(folder / "tables" / "claim.parquet")
    clips = pq.read_table(folder / "tables" / "clip.parquet")
    assert set(claims["clip_id"].to_pylist()) == set(clips["clip_id"].to_pylist())
    assert len(clips) == built.report.num_released
    for path in folder.rglob("*"):
        if path.is_file():
            assert str(built.source).encode() not in path.read_bytes(), path


def test_the_card_says_what_a_reader_must_know(folder: Path, built: Built) -> None:
    text = (folder / "README.md").read_text()
    _, front, body = text.split("---\n", 2)
    assert yaml.safe_load(front)["configs"][0]["data_files"]
    for planned in built.plan.stages:
        assert planned.stage.model in body
    for words in (
        "min_score",
        "decoys accepted",
        "not stated",
        "in = done + filtered + failed",
        "wrong_media",
        "## Objects",
        "rewriting",
    ):
        assert words in body


def test_a_split_depends_on_the_source_only() -> None:
    params = SplitParams(val_frac=0.2, test_frac=0.1)
    splits = [split_of(f"source{number}", None, params) for number in range(2000)]
    assert splits == [split_of(f"source{number}", None, params) for number in range(2000)]
    assert 0.17 < splits.count("val") / 2000 < 0.23
    assert 0.08 < splits.count("test") / 2000 < 0.12


def test_clips_of_one_source_never_lie_in_two_splits(built: Built) -> None:
    with Catalog(built.dataset) as catalog:
        selection = select_clips(catalog, ReleaseParams(), SplitParams(val_frac=0.4, test_frac=0.3))
        source_of = {
            row["clip_id"]: row["source_id"] for row in catalog.query("select clip_id, source_id from clip").to_pylist()
        }
    splits: dict[str, set[str]] = {}
    for clip in selection.clips:
        splits.setdefault(source_of[clip.clip_id], set()).add(clip.split)
    assert all(len(found) == 1 for found in splits.values())


def test_thresholds_leave_clips_out_by_name_and_cost_no_model_call(built: Built) -> None:
    strict = ReleaseParams(thresholds=(Threshold(measurement="integrated_lufs", at_least=0.0),))
    with Catalog(built.dataset) as catalog:
        selection = select_clips(catalog, strict, SplitParams())
    assert selection.clips == []
    assert dict(selection.left_out) == {"integrated_lufs_too_low": built.report.num_released} | {
        reason: number for reason, number in selection.left_out.items() if reason == "rejected"
    }
    assert selection.adds_up


def test_accounts_that_do_not_add_up_are_not_published(built: Built) -> None:
    broken = list(built.report.accounts)
    broken[2].problems.append("a clip is missing")
    try:
        with (
            Catalog(built.dataset) as catalog,
            pytest.raises(ReleaseError, match="refusing to publish: detect_events does not add up"),
        ):
            release = plan_release(catalog, built.plan, ReleaseParams(shard_mb=1), SplitParams(), "other")
            publish(built.dataset, built.plan, release, catalog, broken, [], "policy", {})
    finally:
        broken[2].problems.clear()
    assert current_release(built.dataset) == built.report.release


def test_an_empty_release_is_refused_with_the_reasons(built: Built) -> None:
    empty = ReleasePlan("empty-00000000", Selection(), [])
    with Catalog(built.dataset) as catalog, pytest.raises(ReleaseError, match="refusing to publish an empty release"):
        publish(built.dataset, built.plan, empty, catalog, built.report.accounts, [], "policy", {})
