"""What is planned again after a change: the stages that it concerns and those that read them, and no others.

A plan costs nothing, so every parameter of every stage and backend is tried, every prompt, and every other kind of change.
That a build then runs exactly the cells that are planned is shown in `test_incremental_builds`.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from annotators import prompts
from annotators.base import Params
from annotators.registry import backend_class
from flows.recipe import Recipe, StageRecipe, backend_names, params_model, recipe_stages, stage_names
from pipeline.plan import make_plan
from pipeline.stages import STAGES
from schemas.errors import RecipeError
from tests.pipeline.dependence import differing, with_readers

OPTIONAL = {"ground": {"backend": "grounded_sam2"}, "listen": {"backend": "listener"}}
RUN_ANYWHERE = {  # parameters that say where or how fast: whoever adds one meets this list
    "api_key_env", "base_url", "batch", "batch_mb", "batch_poll_s", "batch_requests", "batch_size", "batch_tries",
    "batch_vllm_args", "clips_per_batch", "device", "eager", "gpu_memory_frac", "gpus", "max_in_flight", "max_retries",
    "memory_gb", "nli_batch_size", "nli_device", "num_gpus", "patience_s", "requests_per_minute", "timeout_s",
    "tokens_per_minute",
}  # fmt: skip
OF_FILES = {"imported", "imported_sha256", "calibration", "prices"}  # names of files: tried with files
ONE_VALUE = {("grounded_sam2", "attention"), ("clap", "attention"), ("blind_qwen_omni", "is_asked")}  # there is no other
SECTIONS: dict[str, set[str]] = {
    "ingest": {"ingest"},
    "policy": {"decide", "decide_objects", "decide_edits", "decide_questions"},
    "splits": {"plan_edits"},
    "release": set(),
}  # sections of a recipe, and the stages they are about
ASKERS = {
    "audio_content.v1": {"caption_audio": "openai"},
    "audio_temporal.v1": {"caption_audio": "openai"},
    "video_content.v1": {"caption_video": "openai"},
    "video_temporal.v1": {"caption_video": "openai"},
    "reason.v1": {"reason": "openai"},
    "reason_object.v1": {"reason_objects": "openai"},
    "reason_edit.v1": {"reason_edits": "openai"},
    "repair.v1": {"repair": "openai"},
    "teach.v1": {"ask_teacher": "openai"},
    "answer.v1": {"probe_audio": "openai"},
    "listen.v1": {"listen": "listener", "verify_questions": "listener"},
}  # prompt → the stages that ask by it


def recipe(**given: Any) -> Recipe:
    return Recipe.model_validate({"stages": OPTIONAL} | given)


def with_backends(backends: Mapping[str, str]) -> Recipe:
    return recipe(stages=OPTIONAL | {name: {"backend": backend} for name, backend in backends.items()})


def with_stage(whole: Recipe, name: str, backend: str | None, /, **params: Any) -> Recipe:
    full = params_model(name, backend).model_validate(params).model_dump(mode="json")
    return whole.model_copy(update={"stages": whole.stages | {name: StageRecipe(backend=backend, params=full)}})


def with_section(whole: Recipe, name: str, /, **params: Any) -> Recipe:
    return whole.model_copy(update={name: type(getattr(whole, name)).model_validate(params)})


def fingerprints(of: Recipe) -> dict[str, str]:
    return {planned.name: planned.fingerprint for planned in make_plan(recipe_stages(of)).stages}


def near(value: Any) -> list[Any]:
    """Values of the same kind; none where that says nothing about what is allowed."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value * 0.9, value - 1, value + 0.01]
    if isinstance(value, dict):
        return [value | {key: one} for key, given in value.items() for one in near(given)]
    if isinstance(value, list) and value:
        return [[one, *value[1:]] for one in near(value[0])]
    return []


def another(kind: type[Params], field: str) -> Any:
    """A value that the parameter may have and does not have by default."""
    value = kind().model_dump(mode="json")[field]
    choices = get_args(kind.model_fields[field].annotation)
    for one in near(value) or [*choices, [], ["x"], "x", "http://host:8000/v1", "MY_KEY", 1, 0.5, {"x": 1}]:
        try:
            if kind.model_validate({field: one}).model_dump(mode="json")[field] != value:
                return one
        except (ValidationError, RecipeError):
            continue
    raise AssertionError(f"{field} is {value!r}, and no other value of it was found: say here what it may be")


def stages_with_backends() -> Iterator[tuple[str, str | None]]:
    """Every stage as it is by default, and every other backend at the first stage that can have it."""
    seen: set[tuple[str | None, str | None]] = set()
    for name in stage_names():
        role = STAGES[name].role
        for backend in backend_names(name) or [None]:
            if backend == STAGES[name].default_backend or (role, backend) not in seen:
                seen.add((role, backend))
                yield name, backend


@pytest.mark.parametrize(("name", "backend"), stages_with_backends())
def test_each_parameter_of_a_stage_and_its_model_decides_for_it_and_its_readers(name: str, backend: str | None) -> None:
    whole, kind = recipe(), params_model(name, backend)
    before = fingerprints(with_stage(whole, name, backend))
    for field in kind.model_fields.keys() - OF_FILES:
        if (backend, field) in ONE_VALUE:
            continue
        after = fingerprints(with_stage(whole, name, backend, **{field: another(kind, field)}))
        about = set() if field in RUN_ANYWHERE else {name}
        assert differing(before, after) == with_readers(about, after), field


@pytest.mark.parametrize("section", SECTIONS)
def test_each_parameter_of_a_section_decides_for_its_stages_and_their_readers(section: str) -> None:
    whole = recipe()
    kind, before = type(getattr(whole, section)), fingerprints(whole)
    for field in kind.model_fields.keys() - OF_FILES - {"thresholds"}:
        after = fingerprints(with_section(whole, section, **{field: another(kind, field)}))
        assert differing(before, after) == with_readers(SECTIONS[section], after), field


@pytest.mark.parametrize("changed", [{"name": "other"}, {"sources_per_shard": 3}, {"release": {"thresholds": []}}], ids=str)
def test_what_a_recipe_is_called_and_how_it_is_cut_decides_for_no_stage(changed: dict[str, Any]) -> None:
    assert fingerprints(recipe(**changed)) == fingerprints(recipe())


@pytest.mark.parametrize("name", STAGES)
def test_a_new_version_of_a_stage_concerns_it_and_its_readers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprints(recipe())
    monkeypatch.setattr(STAGES[name], "version", 99)
    inheriting = {other for other, stage in STAGES.items() if issubclass(stage, STAGES[name]) and stage.version == 99}
    after = fingerprints(recipe())
    assert differing(before, after) == with_readers(inheriting, after)


@pytest.mark.parametrize(
    ("role", "backend"), sorted({(s.role, s.default_backend) for s in STAGES.values() if s.default_backend})
)
def test_a_new_version_of_an_annotator_concerns_the_stages_that_ask_it(
    role: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprints(recipe())
    monkeypatch.setattr(backend_class(role, backend), "version", 99)
    after = fingerprints(recipe())
    asking = {name for name, stage in STAGES.items() if (stage.role, stage.default_backend) == (role, backend)}
    assert differing(before, after) == with_readers(asking, after)


@pytest.fixture
def prompt_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The prompts of the program, where they may be changed."""
    for file in files("annotators.prompts").iterdir():
        if file.name.endswith(".md"):
            (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(prompts, "files", lambda _: tmp_path)
    prompts.prompt.cache_clear()
    yield tmp_path
    prompts.prompt.cache_clear()


def test_every_prompt_is_among_those_that_are_changed_here(prompt_folder: Path) -> None:
    assert {path.name.removesuffix(".md") for path in prompt_folder.iterdir()} == set(ASKERS)


@pytest.mark.parametrize("prompt", ASKERS)
def test_a_prompt_with_one_word_more_concerns_the_stages_that_ask_by_it(prompt: str, prompt_folder: Path) -> None:
    backends = {stage: backend for asking in ASKERS.values() for stage, backend in asking.items()}
    before = fingerprints(with_backends(backends))
    with (prompt_folder / f"{prompt}.md").open("a") as text:
        text.write("\nPlease.")
    prompts.prompt.cache_clear()
    after = fingerprints(with_backends(backends))
    assert differing(before, after) == with_readers(ASKERS[prompt], after)


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_stage_that_joins_concerns_itself_and_those_that_read_what_it_adds(name: str) -> None:
    before = fingerprints(recipe(stages={other: given for other, given in OPTIONAL.items() if other != name}))
    after = fingerprints(recipe())
    assert differing(before, after) == with_readers({name}, after)


@pytest.mark.parametrize("task", ["object", "edit", "question"])
def test_a_task_that_is_left_out_costs_the_others_nothing(task: str) -> None:
    others = [other for other in ("object", "edit", "question") if other != task]
    without = fingerprints(recipe(tasks=others))
    assert differing(fingerprints(recipe()), without) == set()
    assert {STAGES[name].task for name in without} == {None, "base", *others}


def test_questions_that_are_imported_decide_by_what_they_are(tmp_path: Path) -> None:
    def asked(name: str, question: str) -> dict[str, str]:
        rows = [
            {"video_id": video, "question_id": 0, "type": '["Audio", "Counting"]', "anser": answer, "templ_values": "[]"}
            | {"question_content": question}
            for video, answer in (("a", "one"), ("b", "two"))
        ]
        (tmp_path / name).write_text(json.dumps(rows))
        params = {"imported": str(tmp_path / name)}
        return fingerprints(recipe(stages=OPTIONAL | {"write_questions": {"params": params}}))

    before = asked("one.json", "How many musical instruments were heard throughout the video?")
    assert asked("two.json", "How many musical instruments were heard throughout the video?") == before
    after = asked("one.json", "How many voices were heard throughout the video?")
    assert differing(before, after) == with_readers({"write_questions"}, after)


def test_other_prices_decide_nothing(tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text((files("annotators.serving") / "prices.yaml").read_text(encoding="utf-8"))
    whole = recipe()
    assert fingerprints(with_stage(whole, "reason", "openai", prices=str(prices))) == fingerprints(
        with_stage(whole, "reason", "openai")
    )


def test_a_calibration_decides_by_what_it_says(tmp_path: Path) -> None:
    def decided(name: str, old: str, new: str) -> dict[str, str]:
        path = tmp_path / name
        path.write_text(shipped.replace(old, new))
        return fingerprints(recipe(policy={"calibration": str(path)}))

    shipped = (files("pipeline.verification") / "calibrations" / "scenes.yaml").read_text(encoding="utf-8")
    before = fingerprints(recipe())
    assert decided("elsewhere.yaml", "", "") == before
    after = decided("recounted.yaml", "refuted: 1", "refuted: 7")
    assert differing(before, after) == with_readers(SECTIONS["policy"], after)
