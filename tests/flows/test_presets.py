"""The recipes that come with the program validate and plan on a machine with no GPU, no weights, no key and no network."""

from pathlib import Path

import pytest

from flows.plan import plan_build
from flows.recipe import load_recipe, presets, recipe_stages
from pipeline.plan import make_plan
from pipeline.pools import make_pools


def test_there_is_one_for_each_way_of_working() -> None:
    assert set(presets()) == {"cpu", "openai", "gpu-vllm"}


@pytest.mark.parametrize("name", sorted(presets()))
def test_a_preset_plans_without_what_it_needs_to_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.wav").write_bytes(b"RIFF")
    recipe = load_recipe(name)
    assert recipe.name == name
    report = plan_build(recipe, source=str(tmp_path / "videos"), root=str(tmp_path / "root"))
    assert report.num_entries == 1
    assert not (tmp_path / "root").exists()


def test_the_gpu_preset_has_a_pool_for_each_big_model_and_the_others_have_none() -> None:
    pools = {name: [pool.name for pool in make_pools(make_plan(recipe_stages(load_recipe(name))))] for name in presets()}
    assert pools == {
        "cpu": ["cpu"],
        "openai": ["cpu"],
        "gpu-vllm": [
            "cpu", "caption_audio", "caption_video", "reason", "ground", "listen", "repair", "reason_objects", "reason_edits",
            "ask_teacher", "probe_audio",
        ],
    }  # fmt: skip
