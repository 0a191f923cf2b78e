"""What a plan says a build will cost, against what the ledger says it did, through a real server on a real socket."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from annotators.base import CallEstimate
from flows.build import PHASES, build_settings
from flows.cli import app
from flows.plan import PlanReport, plan_build
from flows.recipe import Recipe
from pipeline.build import Build, BuildReport
from pipeline.catalog import Catalog
from pipeline.progress import SilentProgress
from pipeline.release.publish import current_release
from pipeline.runs import latest_run
from pipeline.scenes import render_scenes
from pipeline.spent import Spent
from pipeline.usage import UsageLine, usage_lines
from schemas.layout import Dataset
from tests.serving.standin import Standin, asked_schema

SEEDS = (501, 502, 503, 504)
SERVED = ("caption_audio", "caption_video", "reason", "listen")
PRICES = """
priced_on: 2026-11-21
models:
  hears: {input: 1.0, cached: 1.0, output: 4.0, audio_input: 20.0}
  sees: {input: 0.5, cached: 0.5, output: 2.0}
  thinks: {input: 0.2, cached: 0.1, output: 0.8}
"""
ANYTHING_GOES = {  # what is said here is of no interest
    "policy": {"unverifiable_steps": "keep", "min_steps": 1, "min_supported": 0, "max_refuted_frac": 1.0},
    "release": {"max_false_share": 1.0},
}
CAPTION = "A hard object falls onto the floor and bounces, each hit a little softer than the one before it. " * 4


def usual(body: dict[str, Any]) -> str:
    """A reply as long as prompts ask for: a caption, a chain of four steps, or twenty words and a word on a claim."""
    schema = asked_schema(body)
    if schema is None:
        return CAPTION
    if "answer" in schema["properties"]:
        heard = "A short and hard hit is heard there, then a bounce that dies away slowly, with no voice or music in it."
        (statement,) = re.findall(r"^Statement: (.*)$", body["messages"][-1]["content"][-1]["text"], re.MULTILINE)
        return json.dumps({"heard": heard, "answer": "no" if re.search(r"\b([Nn]o|not|other)\b", statement) else "yes"})
    case = body["messages"][1]["content"][0]["text"]
    (duration_s,) = re.findall(r"^Clip of ([\d.]+) s", case)
    return json.dumps(chain(float(duration_s)))


def chain(duration_s: float) -> dict[str, Any]:
    """Four steps with ten claims, two of them about what is seen."""
    claims = [
        claim("event", "impact", start_s=0.5, end_s=0.9),
        claim("event", "ring", start_s=1.0, end_s=2.0),
        claim("event", "roll", start_s=2.0, end_s=round(duration_s - 1, 1)),
        claim("count", "impact", relation="equals", value=3),
        claim("order", "impact", object="roll", relation="before"),
        claim("attribute", "ring", attribute="pitch", relation="falls"),
        claim("attribute", "impact", attribute="pan", relation="left"),
        claim("absence", "chirp", start_s=0.0, end_s=duration_s),
        claim("event", "tone", basis="seen", start_s=0.0, end_s=1.0),
        claim("inference", "impact", basis="seen"),
    ]
    sentence = "An object of the kind that is seen in the picture hits the wooden floor and bounces until it comes to rest."
    steps = [
        {"text": sentence, "aspect": "temporal", "is_avoidance": False, "claims": claims[first : first + 3]}
        for first in range(0, len(claims), 3)
    ]
    return {"steps": steps, "caption_cot": " ".join(["Generate the sound of an object that falls and bounces."] * 5)}


def claim(type: str, subject: str, basis: str = "heard", **said: Any) -> dict[str, Any]:
    fields = dict.fromkeys(("object", "start_s", "end_s", "attribute", "relation", "value"))
    evidence = ["A0", "A1"] if basis == "heard" else ["V0", "V1"]
    text = f"A sound of the kind {subject} is heard in this part of the recording, as the evidence says."
    return {"evidence": evidence, "type": type, "basis": basis, "subject": subject, "text": text} | fields | said


@dataclass(frozen=True)
class Flown:
    """Plans before and after a build, and what the build used."""

    recipe: Recipe
    source: Path
    dataset: Dataset
    before: PlanReport
    report: BuildReport
    lines: list[UsageLine]
    server: Standin


def recipe_for(server: Standin, prices: Path) -> Recipe:
    def served(backend: str, model: str) -> dict[str, Any]:
        params = {"model": model, "base_url": server.url, "structured": "json_schema", "prices": str(prices)}
        return {"backend": backend, "params": params}

    stages = {
        "caption_audio": served("openai", "hears"),
        "caption_video": served("openai", "sees"),
        "reason": served("openai", "thinks"),
        "listen": served("listener", "hears"),
    }
    return Recipe.model_validate({"name": "cost", "sources_per_shard": 3, "stages": stages} | ANYTHING_GOES)


def build(recipe: Recipe, source: Path, dataset: Dataset) -> BuildReport:
    settings = build_settings(recipe, source=str(source), executor="local")
    with Build(dataset, settings, SilentProgress()) as running:
        running.scan()
        for phase, stages in PHASES.items():
            running.run_stages(phase, stages)
        running.pack()
        return running.publish()


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flown]:
    folder = tmp_path_factory.mktemp("cost")
    source = render_scenes(folder, SEEDS) / "videos"
    prices = folder / "prices.yaml"
    prices.write_text(PRICES)
    with Standin(answer=usual) as server:
        recipe = recipe_for(server, prices)
        before = plan_build(recipe, source=str(source), root=str(folder / "dataset"))
        dataset = Dataset.create(str(folder / "dataset"))
        report = build(recipe, source, dataset)
        with Catalog(dataset) as catalog:
            lines = usage_lines(catalog)
        yield Flown(recipe, source, dataset, before, report, lines, server)


def planned(flown: Flown, stages: dict[str, Any] | None = None) -> PlanReport:
    """A plan on what was built, with parameters of some stages changed."""
    given = flown.recipe.model_dump(mode="json")
    for stage, params in (stages or {}).items():
        given["stages"][stage]["params"] |= params
    return plan_build(Recipe.model_validate(given), source=str(flown.source), root=flown.dataset.url)


def served(report: PlanReport) -> dict[str, CallEstimate]:
    return {row.stage: row.served for row in report.rows if row.served}


def ledger(flown: Flown) -> dict[str, Spent]:
    return {line.stage: line.spent for line in flown.lines}


def assert_near(expected: CallEstimate, spent: Spent, share: float) -> None:
    for name in ("num_calls", "prompt_tokens", "completion_tokens", "audio_s", "usd"):
        assert getattr(expected, name) == pytest.approx(getattr(spent, name), rel=share), name


@pytest.mark.parametrize("stage", SERVED)
def test_an_estimate_made_before_the_build_is_within_a_fifth_of_the_ledger(flown: Flown, stage: str) -> None:
    assert set(served(flown.before)) == set(ledger(flown)) == set(SERVED)
    assert_near(served(flown.before)[stage], ledger(flown)[stage], 0.2)


def test_the_sum_is_within_a_fifth_of_what_the_server_billed(flown: Flown) -> None:
    spent = sum(ledger(flown).values(), Spent())
    assert (spent.num_calls, spent.prompt_tokens, spent.completion_tokens) == flown.server.billed
    assert flown.before.total is not None
    assert_near(flown.before.total, spent, 0.2)
    assert spent.num_unpriced == 0
    assert flown.before.without_price == []


def test_nothing_is_left_to_pay_once_all_is_done(flown: Flown) -> None:
    after = planned(flown)
    assert after.total == CallEstimate(0, 0, 0, 0, 0)


def test_what_clips_took_is_what_a_clip_is_expected_to_take(flown: Flown) -> None:
    with Catalog(flown.dataset) as catalog:
        rows = catalog.query(
            "select sum(num_calls) as n, sum(prompt_tokens) as p, sum(completion_tokens) as c, sum(audio_s) as s, "
            "sum(usd) as usd from usage where stage = 'caption_audio' and clip_id is not null"
        ).to_pylist()
    again = planned(flown, {"caption_audio": {"temperature": 0.5}})
    (row,) = (row for row in again.rows if row.stage == "caption_audio")
    assert row.is_from_ledger
    assert row.served is not None
    found = (row.served.num_calls, row.served.prompt_tokens, row.served.completion_tokens, row.served.audio_s, row.served.usd)
    assert found == pytest.approx([float(value) for value in rows[0].values()])
    assert row.model_calls == 2 * len(SEEDS)


def test_another_model_is_reckoned_anew_and_without_a_price_that_is_said(flown: Flown) -> None:
    other = planned(flown, {"reason": {"model": "unheard-of"}})
    (row,) = (row for row in other.rows if row.stage == "reason")
    assert not row.is_from_ledger
    assert row.served is not None
    assert row.served.usd is None
    assert other.without_price == ["unheard-of@served"]
    assert other.total is not None
    assert other.total.usd == pytest.approx(served(other)["listen"].usd), "the others have a price"


def run(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_prints_the_costs_and_their_sum(flown: Flown, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(flown.recipe.model_dump_json())
    where = (str(recipe), "--source", str(flown.source), "--root", str(tmp_path / "new"))
    text = run("plan", *where)
    assert "prompt tokens" in text
    assert re.search(r"^listen .* ~96 ", text, re.MULTILINE)
    assert "served models: about 116 calls" in text
    assert "no price" not in text
    unpriced = run("plan", *where, "--set", "stages.reason.params.model=unheard-of")
    assert "no price for unheard-of@served" in unpriced
    report = json.loads(run("plan", *where, "--json"))
    assert report["total"] == pytest.approx({**vars(flown.before.total)})
    costs = {row["stage"]: row["served"] for row in report["rows"]}
    assert costs["verify"] is None
    assert costs["listen"]["num_calls"] == 96


def test_a_plan_without_served_models_says_nothing_about_money(flown: Flown, tmp_path: Path) -> None:
    text = run("plan", "--source", str(flown.source), "--root", str(tmp_path / "new"))
    assert "USD" not in text
    assert "served models" not in text


def test_status_shows_what_every_stage_used(flown: Flown) -> None:
    told = json.loads(run("status", "--root", flown.dataset.url, "--json"))
    assert [line["stage"] for line in told["usage"]] == list(SERVED)
    assert sum(line["num_calls"] for line in told["usage"]) == flown.server.billed[0]
    text = run("status", "--root", flown.dataset.url)
    assert re.search(r"^listen +hears@served +\d+ ", text, re.MULTILINE)
    assert re.search(rf"^all +{flown.server.billed[0]} ", text, re.MULTILINE)


def test_the_card_shows_what_every_stage_used(flown: Flown) -> None:
    card = flown.dataset.storage.read(f"releases/{current_release(flown.dataset)}/README.md").decode()
    assert "## Usage" in card
    spent = ledger(flown)["reason"]
    assert f"| reason | thinks@served | {spent.num_calls} | 0 | {spent.prompt_tokens} |" in card


def test_a_run_records_what_it_paid_itself(flown: Flown) -> None:
    first = latest_run(flown.dataset)
    assert first is not None
    assert first.usage.num_calls == flown.server.billed[0]
    assert first.usage.usd == pytest.approx(sum(spent.usd for spent in ledger(flown).values()))
    build(flown.recipe, flown.source, flown.dataset)
    second = latest_run(flown.dataset)
    assert second is not None
    assert second.usage == Spent()
