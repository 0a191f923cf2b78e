"""Every backend that a recipe can name exists, fits its role and says who it is."""

import pytest

from annotators.base import Annotator, Params
from annotators.registry import BACKENDS, backend_class
from pipeline.plan import make_plan
from pipeline.stages import STAGES
from schemas.errors import RecipeError
from schemas.tables import TABLES

ALL = [(role, name) for role, names in BACKENDS.items() for name in names]


@pytest.mark.parametrize(("role", "name"), ALL)
def test_a_backend_can_be_made_and_names_its_model_with_a_revision(role: str, name: str) -> None:
    kind = backend_class(role, name)
    assert issubclass(kind, Annotator)
    assert issubclass(kind.Params, Params)
    model = kind(kind.Params()).model
    assert model.count("@") == 1
    assert all(model.split("@"))


@pytest.mark.parametrize(("role", "name"), ALL)
def test_every_parameter_of_a_backend_has_a_description(role: str, name: str) -> None:
    for field, info in backend_class(role, name).Params.model_fields.items():
        assert info.description, f"{role} {name}: {field}"


def test_every_stage_with_a_role_has_a_backend() -> None:
    assert {stage.role for stage in STAGES.values() if stage.role} == set(BACKENDS)


def test_an_unknown_role_or_backend_is_named_with_the_known_ones() -> None:
    with pytest.raises(RecipeError, match=r"unknown role 'poet' \(known: answerer, "):
        backend_class("poet", "x")
    with pytest.raises(RecipeError, match=r"unknown tracker backend 'moton'; did you mean 'motion'\?"):
        backend_class("tracker", "moton")


def test_stages_read_only_what_earlier_stages_write() -> None:
    stages = []
    for stage in STAGES.values():
        annotator = None
        if stage.role:
            kind = backend_class(stage.role, next(iter(BACKENDS[stage.role])))
            annotator = kind(kind.Params())
        stages.append(stage(stage.Params(), annotator))
    plan = make_plan(stages)
    assert plan["caption_audio"].upstream == ("ingest", "detect_events")
    assert set(plan["reason"].upstream) == {"ingest", "detect_events", "track", "caption_audio", "caption_video"}
    assert {table.table for stage in STAGES.values() for table in stage.produces} <= set(TABLES)
