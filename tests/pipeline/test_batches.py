"""Stages whose replies come in batches: the same dataset as asked directly, at half the price, and killed builds go on."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.accounting import account
from pipeline.batches import batch_folder, waves
from pipeline.build import Build
from pipeline.catalog import Catalog
from pipeline.plan import Plan
from pipeline.progress import SilentProgress
from schemas.layout import Dataset
from tests.pipeline.conftest import RECIPE
from tests.serving.batch_api import BatchStandin

PROGRAM = Path(__file__).parents[1] / "annotators" / "serving" / "batch" / "program"
PRICES = "priced_on: 2026-11-21\nmodels:\n  tiny: {input: 1.0, cached: 1.0, output: 10.0}\n"
RUN = """
import json, sys
from pathlib import Path
from tests.pipeline.test_batches import annotate
annotate(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
"""


def annotate(source: Path, root: Path, recipe: dict[str, Any], executor: str = "local", **settings: Any) -> Plan:
    """A build as far as the chain of thought; answers that only fit their schema are not worth a release."""
    made = build_settings(Recipe.model_validate(RECIPE | recipe), source=str(source), executor=executor, **settings)
    with Build(Dataset.create(str(root)), made, SilentProgress()) as running:
        running.scan()
        for phase in ("ingest", "annotate"):
            running.run_stages(phase, PHASES[phase])
    return made.plan


@pytest.fixture
def server() -> Iterator[BatchStandin]:
    with BatchStandin() as standin:
        yield standin


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "unused")


def served(url: str, folder: Path, **params: Any) -> dict[str, Any]:
    """A recipe whose sounds are described and whose cases are reasoned about by a server."""
    (folder / "prices.yaml").write_text(PRICES)
    shared = {
        "model": "tiny", "base_url": url, "structured": "json_schema", "prices": str(folder / "prices.yaml"),
        "batch": "openai", "batch_poll_s": 0.01, **params,
    }  # fmt: skip
    chosen = {"backend": "openai", "params": shared}
    return {"stages": {"caption_audio": chosen, "reason": chosen}}


def plan_of(recipe: dict[str, Any]) -> Plan:
    return build_settings(Recipe.model_validate(RECIPE | recipe), source="nowhere").plan


def test_a_batched_stage_waits_for_all_that_it_reads_and_the_others_do_not_wait_for_it(tmp_path: Path) -> None:
    plan = plan_of(served("http://localhost:1/v1", tmp_path))
    annotate = [name for name in PHASES["annotate"] if name in plan.fingerprints]
    first, second, third = waves(plan, annotate)
    assert first.batched == ()
    assert not {"caption_audio", "reason"} & set(first.stages)
    assert second.batched == ("caption_audio",)
    assert third.batched == ("reason",)
    assert sorted(first.stages + second.stages + third.stages) == sorted(annotate)


def test_a_phase_without_batches_is_one_wave_in_its_order(tmp_path: Path) -> None:
    plan = plan_of(served("http://localhost:1/v1", tmp_path, batch="off"))
    (wave,) = waves(plan, PHASES["annotate"])
    assert wave.batched == ()
    assert wave.stages == tuple(planned.name for planned in plan.stages if planned.name in PHASES["annotate"])


def adds_up(root: Path, plan: Plan) -> bool:
    lines = {line.stage: line for line in account(Dataset.open(str(root)), plan.fingerprints)}
    return all(lines[name].adds_up for phase in ("ingest", "annotate") for name in PHASES[phase] if name in lines)


def rows(root: Path, plan: Plan, table: str) -> list[dict[str, Any]]:
    with Catalog(Dataset.open(str(root)), plan.fingerprints) as catalog:
        return [*catalog.query(f"select * from {table} order by all").to_pylist()]


def test_a_build_with_batches_has_the_rows_of_a_direct_one_and_pays_half_for_what_they_answer(
    server: BatchStandin, source: Path, tmp_path: Path
) -> None:
    direct = annotate(source, tmp_path / "direct", served(server.url, tmp_path, batch="off"))
    num_direct = len(server.served)
    batched = annotate(source, tmp_path / "batched", served(server.url, tmp_path))
    assert direct.fingerprints == batched.fingerprints, "how a question travels decides no answer"
    for table in ("caption", "cot", "claim", "failure"):
        assert rows(tmp_path / "direct", direct, table) == rows(tmp_path / "batched", batched, table)
    assert adds_up(tmp_path / "batched", batched)
    paid = rows(tmp_path / "batched", batched, "usage")
    full, half = (sum(cost(one.billed) for one in some) for some in (server.directly[num_direct:], server.in_batches))
    assert sum(row["usd"] for row in paid) == pytest.approx(full + half / 2, rel=1e-6)
    assert sum(row["num_calls"] for row in paid) == len(server.served) - num_direct
    assert list((tmp_path / "batched" / "batches").rglob("*.jsonl")) == []


def cost(billed: tuple[int, int] | None) -> float:
    prompt, completed = billed or (0, 0)
    return (prompt * 1.0 + completed * 10.0) / 1e6


def test_run_batch_is_given_re_asks_in_further_rounds_and_needs_no_server(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.syspath_prepend(str(PROGRAM))
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    params = {"model": "tiny", "batch": "vllm", "batch_poll_s": 0.05, "reasks": 1}
    plan = annotate(source, tmp_path / "root", {"stages": {"reason": {"backend": "openai", "params": params}}})
    first, second = batch_folder(Dataset.open(str(tmp_path / "root")), plan["reason"]).records()
    assert (len(first.asked), len(second.asked)) == (3, 3)
    failed = [row for row in rows(tmp_path / "root", plan, "failure") if row["stage"] == "reason"]
    assert [row["code"] for row in failed] == ["unparsable_json"] * 3, "its answers are sentences"
    assert all("after 1 re-asks" in row["message"] for row in failed)
    assert sum(row["num_calls"] for row in rows(tmp_path / "root", plan, "usage")) == 6


@pytest.mark.timeout(600)
def test_a_driver_that_is_killed_while_it_waits_goes_on_and_pays_nothing_twice(
    server: BatchStandin, source: Path, tmp_path: Path
) -> None:
    root, waiting = tmp_path / "root", served(server.url, tmp_path, batch_poll_s=3600.0)
    driver = subprocess.Popen([sys.executable, "-c", RUN, str(source), str(root), json.dumps(waiting)])
    deadline = time.monotonic() + 240
    while not (server.batches and server.num_looks):
        assert driver.poll() is None, "it waits for its batch"
        assert time.monotonic() < deadline
        time.sleep(0.1)
        if server.batches and list(root.glob("batches/caption_audio-*/*.json")):
            break
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert len(server.batches) == 1
    again = annotate(source, root, served(server.url, tmp_path), executor="ray", workers=1, budget_usd=1.0)
    assert len(server.batches) == 2, "one of each stage"
    assert adds_up(root, again)
    asked = [json.dumps(one.body, sort_keys=True) for one in server.in_batches]
    assert len(asked) == len(set(asked))
    billed = [one for one in server.served if one.billed and one.body["max_completion_tokens"] > 64]  # without probes
    assert sum(row["num_calls"] for row in rows(root, again, "usage") if row["clip_id"]) == len(billed)
