"""What clips are expected to cost: by the annotator's reckoning, and by rows of the ledger written here."""

from pathlib import Path
from typing import Any

import pytest

from flows.recipe import load_recipe, recipe_stages
from pipeline.estimates import UsualClip, stage_estimate, total, usual_clip
from pipeline.plan import Plan, make_plan
from schemas.accounting import Usage
from schemas.evidence import Caption
from schemas.layout import Dataset
from tests.pipeline.conftest import Built

USUAL = UsualClip(duration_s=8.0, video_frac=1.0)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(recipe_stages(load_recipe("openai", ["ingest.window_s=6"])))


def used(model: str, num_calls: int, clip_id: str | None, num_reused: int = 0, usd: float | None = 0.5) -> Usage:
    return Usage(
        stage="caption_audio", model=model, clip_id=clip_id, num_calls=num_calls, num_reused=num_reused,
        prompt_tokens=100 * num_calls, cached_tokens=0, completion_tokens=10 * num_calls, audio_s=8.0 * num_calls, seconds=1.0,
        usd=usd, priced_on=None,
    )  # fmt: skip


def written(root: Path, plan: Plan, rows: list[Usage], num_in: int, fingerprint: str | None = None) -> Dataset:
    """A dataset in which one cell of `caption_audio` is done."""
    dataset = Dataset.create(str(root))
    where = ("caption_audio", fingerprint or plan["caption_audio"].fingerprint, 0)
    dataset.write_part(Usage, rows, *where)
    dataset.write_part(Caption, [], *where, report={"num_in": num_in})
    return dataset


def test_a_clip_is_a_window_until_there_are_clips(plan: Plan, built: Built) -> None:
    assert usual_clip(None, plan) == UsualClip(6.0, 1.0)
    assert usual_clip(built.dataset, plan) == UsualClip(6.0, 1.0), "those clips were cut by another recipe"
    found = usual_clip(built.dataset, built.plan)
    assert 7.5 < found.duration_s < 13
    assert found.video_frac == 1.0


def test_a_local_model_has_no_estimate(plan: Plan) -> None:
    assert stage_estimate(None, plan["verify"], USUAL, 5) is None
    assert stage_estimate(None, plan["decide"], USUAL, 5) is None


def test_clips_without_a_picture_are_not_shown_to_anybody(plan: Plan) -> None:
    whole, half = (stage_estimate(None, plan["caption_video"], UsualClip(8.0, frac), 10) for frac in (1.0, 0.5))
    assert whole is not None
    assert half is not None
    assert (whole.calls.num_calls, half.calls.num_calls) == (20, 10)
    assert half.calls.usd == pytest.approx((whole.calls.usd or 0) / 2)


def expected(dataset: Dataset, plan: Plan, num_clips: int = 10) -> Any:
    return stage_estimate(dataset, plan["caption_audio"], USUAL, num_clips)


def test_the_mean_is_over_all_clips_that_came_in_and_leaves_out_probes(plan: Plan, tmp_path: Path) -> None:
    model = plan["caption_audio"].stage.model
    rows = [used(model, 3, "a"), used(model, 5, "b"), used(model, 70, None)]
    found = expected(written(tmp_path, plan, rows, num_in=4), plan)  # two of four were not asked about
    assert found.is_from_ledger
    assert found.calls.num_calls == pytest.approx(20)
    assert found.calls.prompt_tokens == pytest.approx(2000)
    assert found.calls.usd == pytest.approx(2.5)


def test_a_clip_whose_replies_were_there_says_how_much_is_asked_but_not_that_it_is_free(plan: Plan, tmp_path: Path) -> None:
    model = plan["caption_audio"].stage.model
    rows = [used(model, 2, "a", usd=0.5), used(model, 0, "b", num_reused=2, usd=0.0)]
    found = expected(written(tmp_path, plan, rows, num_in=2), plan)
    assert found.calls.num_calls == pytest.approx(20)
    assert found.calls.usd == pytest.approx(5.0)


def test_rows_of_another_model_tell_nothing_and_those_of_other_parameters_only_where_there_are_no_own(
    plan: Plan, tmp_path: Path
) -> None:
    model = plan["caption_audio"].stage.model
    assert not expected(written(tmp_path / "other", plan, [used("other@served", 9, "a")], 1), plan).is_from_ledger
    dataset = written(tmp_path / "same", plan, [used(model, 9, "a")], 1, fingerprint="f" * 64)
    assert expected(dataset, plan).calls.num_calls == pytest.approx(90)
    written(tmp_path / "same", plan, [used(model, 2, "a")], 1)
    assert expected(dataset, plan).calls.num_calls == pytest.approx(20)


def test_calls_that_had_no_price_are_reckoned_at_the_price_there_is_now(plan: Plan, tmp_path: Path) -> None:
    reckoned = stage_estimate(None, plan["caption_audio"], USUAL, 10)
    assert reckoned is not None
    rows = [used(plan["caption_audio"].stage.model, 2, "a", usd=None)]
    assert expected(written(tmp_path, plan, rows, 1), plan).calls.usd == pytest.approx(reckoned.calls.usd)


def test_a_total_leaves_out_the_money_of_models_without_a_price() -> None:
    plan = make_plan(recipe_stages(load_recipe("openai", ["stages.reason.params.model=unheard-of"])))
    found = [stage_estimate(None, plan[name], USUAL, 1) for name in ("reason", "listen")]
    calls = [one.calls for one in found if one]
    assert calls[0].usd is None
    assert total(calls).usd == calls[1].usd
    assert total(calls).num_calls == 25
    assert total(calls[:1]).usd is None
