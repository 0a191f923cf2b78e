"""A shard through the in-process backend: a real cell, from clips on disk to rows, failures and an account that adds up."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("vllm")

from flows.build import build_settings
from flows.recipe import Recipe
from pipeline.accounting import account
from pipeline.build import Build, listed_shards
from pipeline.catalog import Catalog
from pipeline.progress import SilentProgress
from pipeline.scenes import render_scenes
from schemas.layout import Dataset
from tests.annotators.engine.engines import MARKS, ON_CPU, engine_processes
from tests.checkpoints import qwen2_audio

pytestmark = MARKS
SEEDS = (301, 302, 303, 304, 305, 306)


@pytest.mark.timeout(500)
def test_a_shard_is_captioned_by_an_engine_in_the_worker(tmp_path: Path) -> None:
    """Dummy weights make every token about as likely as any other, so that some replies end in time and some do not."""
    checkpoint = qwen2_audio.make(tmp_path / "tiny")
    params: dict[str, Any] = ON_CPU | {"model": str(checkpoint), "load_format": "dummy", "temperature": 1.0, "max_tokens": 1000}
    recipe = Recipe.model_validate({"name": "engine", "stages": {"caption_audio": {"backend": "vllm", "params": params}}})
    render_scenes(tmp_path / "scenes", SEEDS)
    settings = build_settings(recipe, source=str(tmp_path / "scenes" / "videos"), executor="local")
    dataset = Dataset.create(str(tmp_path / "dataset"))
    before = engine_processes()  # of the servers that other tests here share
    with Build(dataset, settings, SilentProgress()) as build:
        build.scan()
        build.run_stages("ingest", ("ingest",))
        build.run_stages("annotate", ("detect_events", "caption_audio"))
    assert listed_shards(dataset) == [0]
    assert engine_processes() == before, "the build closes its engine"
    (line,) = (line for line in account(dataset, settings.plan.fingerprints) if line.stage == "caption_audio")
    assert line.num_in >= len(SEEDS)
    assert line.adds_up
    assert line.num_done > 0
    assert set(line.failed) <= {"truncated", "empty_reply"}
    with Catalog(dataset, settings.plan.fingerprints) as catalog:
        captions = catalog.query("select clip_id, text, model, prompt_id from caption where modality = 'audio'").to_pylist()
        failures = catalog.query("select clip_id, code, model from failure where stage = 'caption_audio'").to_pylist()
    assert len(captions) == 2 * line.num_done, "two questions about every clip"
    assert all(row["model"].startswith("tiny@") and row["text"].strip() for row in captions)
    assert len(failures) == sum(line.failed.values())
    assert not {row["clip_id"] for row in captions} & {row["clip_id"] for row in failures}
