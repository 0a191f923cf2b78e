from pathlib import Path

import pytest

from pipeline.scenes.truth import SOUND_CLASSES, TRAPS, SceneTruth, load_truth, save_truth, truth_path
from schemas.arrow import arrow_schema
from schemas.vocabulary import SOUND_KINDS


def scene(seed: int, duration_s: float = 8.0) -> SceneTruth:
    return SceneTruth(
        scene=f"scene-{seed:06d}",
        seed=seed,
        duration_s=duration_s,
        fps=25,
        num_frames=200,
        width_px=320,
        height_px=240,
        sample_rate_hz=44_100,
        ambience="pink_noise",
        ambience_dbfs=-50.0,
        traps=[],
        things=[],
    )


def test_scenes_come_back_by_seed_and_a_seed_rendered_again_replaces_its_row(tmp_path: Path) -> None:
    save_truth(tmp_path, [scene(2), scene(1)])
    save_truth(tmp_path, [scene(3), scene(1, duration_s=9.0)])
    assert [(row.seed, row.duration_s) for row in load_truth(tmp_path)] == [(1, 9.0), (2, 8.0), (3, 8.0)]
    assert [p.name for p in truth_path(tmp_path).parent.iterdir()] == ["truth.parquet"]


def test_a_folder_without_scenes_has_no_truth(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_truth(tmp_path)


def test_every_sound_class_has_a_kind_of_the_shared_vocabulary_and_every_kind_has_a_class() -> None:
    assert set(SOUND_CLASSES.values()) == set(SOUND_KINDS)


def test_a_scene_row_has_an_arrow_schema_with_nested_things() -> None:
    fields = arrow_schema(SceneTruth)
    assert fields.field("things").type.value_type.field("events").type.value_type.field("is_audible")
    assert set(TRAPS) == {"silent_mover", "off_screen", "overlap", "lookalike"}
