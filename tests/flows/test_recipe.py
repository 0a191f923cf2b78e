"""Recipes: what is said stays, what is not said has a default, and every mistake is one line that helps."""

from pathlib import Path

import pytest
import yaml
from pydantic import Field

from annotators.base import Params
from annotators.registry import BACKENDS, backend_class
from flows.recipe import (
    SECTIONS,
    Recipe,
    load_recipe,
    params_model,
    presets,
    recipe_stages,
    stage_names,
)
from flows.recipe_docs import PAGE, with_table
from flows.recipe_keys import recipe_keys, recipe_schema, recipe_table, recipe_template, rendered_recipe
from pipeline.plan import make_plan
from pipeline.stages import STAGES
from schemas.errors import RecipeError

REPOSITORY = Path(__file__).resolve().parents[2]


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return str(path)


def complaint(path: str | None = None, *overrides: str) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_default_recipe_is_the_cpu_preset_and_says_what_the_classes_say() -> None:
    assert load_recipe() == load_recipe("cpu") == Recipe()


@pytest.mark.parametrize("name", sorted(presets()))
def test_every_preset_is_valid_and_has_the_name_of_its_file(name: str) -> None:
    assert load_recipe(name).name == name


def test_a_file_says_only_what_differs(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, "policy: {min_steps: 3}\nstages: {track: {params: {max_tracks: 4}}}\n"))
    assert recipe.policy.min_steps == 3
    assert recipe.policy.min_score == Recipe().policy.min_score
    assert recipe.stages["track"].params["max_tracks"] == 4
    assert recipe.stages["verify"] == Recipe().stages["verify"]


def test_an_empty_file_is_the_default_recipe(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, "# nothing\n")) == Recipe()


def test_overrides_are_typed_as_yaml_and_the_last_one_wins() -> None:
    recipe = load_recipe(None, ["name=big", "policy.min_score=0.7", "policy.needs_support=[source, count]", "name=bigger"])
    assert (recipe.name, recipe.policy.min_score, recipe.policy.needs_support) == ("bigger", 0.7, ("source", "count"))


def test_an_override_does_not_disturb_its_neighbours(tmp_path: Path) -> None:
    path = written(tmp_path, "policy: {min_steps: 3, max_words: 50}\n")
    policy = load_recipe(path, ["policy.min_steps=1"]).policy
    assert (policy.min_steps, policy.max_words) == (1, 50)


def test_the_template_of_a_recipe_reads_back_as_that_recipe(tmp_path: Path) -> None:
    changed = load_recipe(None, ["policy.min_score=0.75", "release.thresholds=[{measurement: snr, at_least: 3}]"])
    for recipe in (Recipe(), changed):
        assert load_recipe(written(tmp_path, recipe_template(recipe))) == recipe
        assert load_recipe(written(tmp_path, rendered_recipe(recipe))) == recipe


def test_the_template_has_every_key_with_what_it_means() -> None:
    keys = {key.path for key in recipe_keys(Recipe())}
    assert {
        ("policy", "min_score"),
        ("release", "shard_mb"),
        ("stages", "track", "params", "fps"),
        ("ingest", "window_s"),
    } <= keys
    undescribed = [key.path for key in recipe_keys(Recipe()) if not key.description and key.path[-1] != "params"]
    assert undescribed == []


def test_parameters_reach_the_backend_and_the_stage() -> None:
    overrides = ["stages.track.params.fps=20", "policy.min_steps=1", "ingest.window_s=5"]
    stages = {stage.name: stage for stage in recipe_stages(load_recipe(None, overrides))}
    assert list(stages) == [name for name in STAGES if name not in ("ground", "listen")]
    annotator = stages["track"].annotator
    assert annotator is not None
    assert annotator.params.model_dump()["fps"] == 20
    assert stages["decide"].params.model_dump()["min_steps"] == 1
    assert stages["ingest"].params.model_dump()["window_s"] == 5


def test_every_stage_with_a_role_has_a_default_backend_or_is_left_out() -> None:
    for stage in STAGES.values():
        if stage.role and stage.default_backend:
            assert issubclass(backend_class(stage.role, stage.default_backend).Params, Params)
    assert set(SECTIONS) <= set(STAGES)
    planned = {stage.name for stage in recipe_stages(Recipe())}
    assert set(STAGES) - planned == {"ground", "listen"}
    with_witness = {stage.name for stage in recipe_stages(load_recipe(None, ["stages.listen.backend=instruments"]))}
    assert with_witness == planned | {"listen"}


def test_parameters_of_a_stage_that_is_left_out_are_a_mistake_that_says_what_is_missing() -> None:
    assert "stages.listen.backend names a model" in complaint(None, "stages.listen.params={tolerance_s: 1}")


def test_a_stage_and_its_backend_with_a_parameter_of_the_same_name_are_a_mistake_in_the_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Clashing(Params):
        fps: float = Field(1.0, description="also a parameter of the tracker")

    monkeypatch.setattr(STAGES["track"], "Params", Clashing)
    with pytest.raises(ValueError, match="fps"):
        params_model("track", "motion")


def test_parameters_of_a_stage_and_of_its_backend_are_one_list_for_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Asking(Params):
        phrases: tuple[str, ...] = Field((), description="what to look for")

    monkeypatch.setattr(STAGES["track"], "Params", Asking)
    recipe = load_recipe(None, ["stages.track.params.phrases=[dog]", "stages.track.params.fps=20"])
    stage = next(stage for stage in recipe_stages(recipe) if stage.name == "track")
    assert stage.params == Asking(phrases=("dog",))
    assert stage.annotator is not None
    assert stage.annotator.params.model_dump()["fps"] == 20


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["polcy.min_score=1"], ["unknown key 'polcy'", "did you mean 'policy'", "release"]),
        (["policy.min_scor=1"], ["policy: unknown key 'min_scor'", "did you mean 'min_score'", "max_words"]),
        (["policy.min_score=3"], ["policy.min_score must be less than or equal to 1, got 3"]),
        (["stages.verfy.backend=x"], ["unknown stage 'verfy'", "did you mean 'verify'", "plant_decoys"]),
        (["stages.verify.backend=instrument"], ["stages.verify.backend", "'instrument'", "did you mean 'instruments'"]),
        (["stages.track.params.fsp=3"], ["stages.track.params: unknown key 'fsp'", "did you mean 'fps'", "max_tracks"]),
        (["stages.track.params.fps=fast"], ["stages.track.params.fps must be a valid number", "'fast'"]),
        (["stages.track=3"], ["stages.track must be a section of keys and values, got 3"]),
        (["stages.plant_decoys.backend=x"], ["takes no backend"]),
        (["stages.decide.params={}"], ["section 'policy'"]),
        (["release.thresholds=[{measuremen: a}]"], ["release.thresholds.0: unknown key 'measuremen'", "did you mean"]),
        (["release.thresholds=[{measurement: a}]"], ["needs at_least or at_most"]),
        (["name=Not A Name"], ["name must match pattern"]),
        (["name"], ["--set must look like a.b=value, got 'name'"]),
        (["a..b=1"], ["--set must look like a.b=value"]),
        (["name.first=x"], ["--set name.first=x: name is a value, not a section"]),
        (["name=[1"], ["--set name=[1, line 1"]),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_it(overrides: list[str], words: list[str]) -> None:
    said = complaint(None, *overrides)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a\npolicy: {min_steps: 1\n", "recipe.yaml, line 3"),
        (
            "policy:\n  min_steps: 1\n  max_words: 40\n  min_steps: 2\n",
            "recipe.yaml, line 4: the key 'min_steps' is given twice",
        ),
        ("- a\n- b\n", "recipe.yaml must be a mapping of keys to values, got ['a', 'b']"),
        ("name: \x00\n", "recipe.yaml is not valid YAML"),
        ("name: !!python/object:os.system {}\n", "recipe.yaml, line 1"),
        ("policy: {min_stepz: 1}\n", "recipe.yaml: policy: unknown key 'min_stepz'"),
    ],
)
def test_a_broken_file_is_one_line_that_says_where(tmp_path: Path, text: str, words: str) -> None:
    assert words in complaint(written(tmp_path, text))


def test_a_recipe_that_is_not_there_lists_the_presets(tmp_path: Path) -> None:
    said = complaint(str(tmp_path / "absent.yaml"))
    assert "absent.yaml" in said
    assert "cpu" in said


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_bytes(b"\xff\xfe\x00name")
    assert "cannot be read" in complaint(str(tmp_path / "recipe.yaml"))


def test_the_schema_knows_every_stage_backend_and_parameter() -> None:
    schema = recipe_schema()
    stages = schema["$defs"]["Stages"]
    assert stages["additionalProperties"] is False
    assert set(stages["properties"]) == set(stage_names())
    text = yaml.safe_dump(schema)
    for role in BACKENDS.values():
        for name in role:
            assert name in text
    assert "max_tracks" in text


def test_the_table_in_the_docs_is_that_of_the_classes() -> None:
    page = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    assert page == with_table(page, recipe_table(Recipe())), "run `make docs`"


def test_the_recipe_in_the_docs_is_valid(tmp_path: Path) -> None:
    page = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert load_recipe(written(tmp_path, example)).policy.min_steps == 3


JUDGED = {"plant_decoys", "verify", "repair", "recheck", "decide"}
OBJECTS = {"reason_objects", "plant_object_decoys", "verify_objects", "decide_objects"}
EDITS = {"plan_edits", "reason_edits", "plant_edit_decoys", "verify_edits", "decide_edits"}
QUESTIONS = {
    "write_questions", "ask_teacher", "plant_question_decoys", "verify_questions", "decide_questions", "probe_audio",
}  # fmt: skip


@pytest.mark.parametrize(
    ("override", "rerun"),
    [
        ("splits.val_frac=0.2", EDITS),
        ("tasks=[object]", set()),
        ("name=other", set()),
        ("sources_per_shard=3", set()),
        ("policy.min_score=0.7", {"decide", "decide_objects", "decide_edits", "decide_questions"}),
        ("stages.plant_decoys.params.seed=1", JUDGED),
        ("stages.reason.params.max_claims=12", {"reason"} | JUDGED | EDITS - {"plan_edits"}),
        ("stages.reason_objects.params.max_lost_s=1", OBJECTS),
        ("stages.find_objects.params.min_score=0.7", {"find_objects"} | OBJECTS | QUESTIONS),
        ("stages.verify.params.onset_s=0.2", JUDGED - {"plant_decoys"}),
        (
            "stages.track.params.fps=20",
            {"track", "caption_video", "reason", "find_objects"} | JUDGED | OBJECTS | QUESTIONS | EDITS - {"plan_edits"},
        ),
        ("stages.probe_audio.params.min_wrong=1", {"probe_audio"}),
        ("ingest.window_s=5", set(STAGES) - {"ground", "listen"}),
    ],
)
def test_a_change_runs_again_what_the_docs_say(override: str, rerun: set[str]) -> None:
    before = make_plan(recipe_stages(Recipe())).fingerprints
    after = make_plan(recipe_stages(load_recipe(None, [override]))).fingerprints
    assert {name for name in after if before[name] != after[name]} == rerun
