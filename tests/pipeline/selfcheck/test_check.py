"""The self-check of a built dataset: every scene is measured, and a build that does not know its scenes cannot pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from annotators.base import Params
from annotators.instruments.verifier import InstrumentVerifier
from annotators.roles import Inquiry
from flows.recipe import Recipe, recipe_stages
from pipeline.plan import Plan, make_plan
from pipeline.progress import SilentProgress
from pipeline.scenes import SceneTruth, load_truth
from pipeline.selfcheck.check import SelfCheckReport, selfcheck
from pipeline.selfcheck.figures import Figure
from pipeline.stages.verify import Verify
from schemas.errors import AudiocotError, Rejected
from schemas.reasoning import Judged
from schemas.vocabulary import ClaimType, VerdictWord
from tests.pipeline.conftest import RECIPE, Built

OPPOSITE: dict[VerdictWord, VerdictWord] = {"supported": "refuted", "refuted": "supported", "unverifiable": "unverifiable"}


class Liar(InstrumentVerifier):
    """Measures like the build's own verifier and says the opposite."""

    def annotate(self, batch: Sequence[Inquiry]) -> list[list[Judged]]:
        return [
            [judged.model_copy(update={"verdict": OPPOSITE[judged.verdict]}) for judged in answer]
            for answer in super().annotate(batch)
        ]


class Silent(InstrumentVerifier):
    """Refuses every clip."""

    def annotate(self, batch: Sequence[Inquiry]) -> list[Any]:
        return [Rejected("truncated", "cut off") for _ in batch]


def plan_with(verifier: type[InstrumentVerifier]) -> Plan:
    """The plan of the session's build with another verifier under the same name."""
    stages = recipe_stages(Recipe.model_validate(RECIPE))
    own = next(stage.annotator for stage in stages if stage.name == "verify")
    assert own is not None
    return make_plan([Verify(Params(), verifier(own.params)) if stage.name == "verify" else stage for stage in stages])


@pytest.fixture(scope="session")
def truths(scenes: Path) -> list[SceneTruth]:
    """What is true of the scenes, under the names that their files have in the session's source."""
    names = ("a", "with spaces & ünïcode", "c.x.y")
    return [scene.model_copy(update={"scene": name}) for scene, name in zip(load_truth(scenes), names, strict=True)]


@pytest.fixture(scope="session")
def report(built: Built, truths: list[SceneTruth]) -> SelfCheckReport:
    return selfcheck(built.dataset, built.plan, truths, SilentProgress())


def by_name(report: SelfCheckReport) -> dict[str, Figure]:
    return {figure.name: figure for figure in report.figures}


def test_every_scene_is_measured_in_everything(report: SelfCheckReport, truths: list[SceneTruth]) -> None:
    assert report.num_scenes == len(truths) == 3
    unmeasured = {figure.name for figure in report.figures if figure.value is None}
    of_traps = {figure.name for figure in report.figures if "silent" in figure.name or "trap" in figure.name}
    assert unmeasured <= of_traps, "three seeds do not have every trap"
    assert {kind for kind, _, _ in report.by_type} == set(get_args(ClaimType)) - {"inference"}


def test_the_embedded_models_know_these_scenes(report: SelfCheckReport) -> None:
    figures = by_name(report)
    assert figures["planted false claims refuted"].is_met
    assert figures["true claims wrongly refuted"].is_met
    assert figures["all events, F1"].is_met


def test_the_check_passes_only_if_every_figure_is_met(report: SelfCheckReport) -> None:
    assert report.is_passed is all(figure.is_met for figure in report.figures)
    worse = SelfCheckReport(3, [*report.figures, Figure("impossible", 0.5, "", at_least=0.6)], [], [])
    assert not worse.is_passed


def test_a_verifier_that_lies_does_not_pass(built: Built, truths: list[SceneTruth], report: SelfCheckReport) -> None:
    plan = plan_with(Liar)
    assert plan.fingerprints == built.plan.fingerprints
    lied = selfcheck(built.dataset, plan, truths, SilentProgress())
    assert not lied.is_passed
    honest, false = by_name(report), by_name(lied)
    assert not false["planted false claims refuted"].is_met
    assert not false["true claims wrongly refuted"].is_met
    assert false["planted false claims supported"].value == honest["planted false claims refuted"].value
    assert false["true claims wrongly refuted"].value == honest["true claims supported"].value
    assert len(lied.mistakes) > len(report.mistakes)


def test_truth_of_another_scene_does_not_pass(built: Built, truths: list[SceneTruth]) -> None:
    first, second, third = truths
    mixed_up = [second.model_copy(update={"scene": first.scene}), first.model_copy(update={"scene": second.scene}), third]
    equal_lengths = [one.model_copy(update={"duration_s": two.duration_s}) for one, two in zip(mixed_up, truths, strict=True)]
    figures = by_name(selfcheck(built.dataset, built.plan, equal_lengths, SilentProgress()))
    assert not figures["all events, F1"].is_met


def test_a_scene_that_is_not_in_the_dataset_is_told(built: Built, truths: list[SceneTruth]) -> None:
    absent = truths[0].model_copy(update={"scene": "scene-000999"})
    with pytest.raises(AudiocotError, match=r"1 scenes are not in .*, the first is scene-000999; build from all of them"):
        selfcheck(built.dataset, built.plan, [absent], SilentProgress())


def test_a_scene_that_was_cut_is_told(built: Built, truths: list[SceneTruth]) -> None:
    longer = truths[0].model_copy(update={"duration_s": truths[0].duration_s + 5})
    with pytest.raises(AudiocotError, match=r"a scene must be one whole clip, a was cut; raise ingest.window_s"):
        selfcheck(built.dataset, built.plan, [longer], SilentProgress())


def test_a_verifier_that_refuses_is_told_and_not_left_out(built: Built, truths: list[SceneTruth]) -> None:
    with pytest.raises(AudiocotError, match=r"the verifier refused .*: truncated: cut off"):
        selfcheck(built.dataset, plan_with(Silent), truths, SilentProgress())


def test_clips_that_are_no_scenes_are_left_out(built: Built, truths: list[SceneTruth]) -> None:
    assert selfcheck(built.dataset, built.plan, truths[:1], SilentProgress()).num_scenes == 1
