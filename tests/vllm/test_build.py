"""Whole builds through real servers that say noise: they survive it, account for it, and publish nothing it alone supports.

The captioners and the reasoner draw tokens at random; the listener believes every claim. One dataset, built three times with
other stages: what did not change is not asked again, so the later builds are short.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

pytest.importorskip("vllm")

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.accounting import account
from pipeline.build import Build, BuildReport
from pipeline.catalog import Catalog
from pipeline.plan import Plan
from pipeline.progress import SilentProgress
from pipeline.scenes import render_scenes
from schemas.errors import ReleaseError
from schemas.layout import Dataset
from tests.vllm.server import VllmServer

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(500)]
SEEDS = (401, 402, 403, 404)
INSTRUMENTS = "instruments"


@dataclass(frozen=True)
class Built:
    """`report` None: nothing was published, for the reason in `refusal`."""

    plan: Plan
    dataset: Dataset
    report: BuildReport | None
    refusal: str = ""

    def query(self, sql: str) -> list[dict[str, Any]]:
        with Catalog(self.dataset, self.plan.fingerprints) as catalog:
            rows: list[dict[str, Any]] = catalog.query(sql).to_pylist()
            return rows

    def backers(self) -> dict[str, set[str]]:
        """Claims that were kept in the release → the witnesses that support them."""
        assert self.report is not None
        tables = Path(self.dataset.url) / "releases" / self.report.release / "tables"
        kept = {claim for row in pq.read_table(tables / "decision.parquet").to_pylist() for claim in row["kept_claim_ids"]}
        support = [row for row in pq.read_table(tables / "verdict.parquet").to_pylist() if row["verdict"] == "supported"]
        return {claim: {row["witness"] for row in support if row["claim_id"] == claim} for claim in kept}


Run = Callable[[dict[str, Any]], Built]


@pytest.fixture(scope="module")
def run(audio_server: VllmServer, video_server: VllmServer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Builds with captions from both servers and these stages beside."""
    folder = tmp_path_factory.mktemp("builds")
    render_scenes(folder, SEEDS)
    dataset = Dataset.create(str(folder / "dataset"))
    captions = {
        "caption_audio": {"backend": "openai", "params": served(audio_server)},
        "caption_video": {"backend": "openai", "params": served(video_server)},
    }

    def build(stages: dict[str, Any]) -> Built:
        recipe = Recipe.model_validate({"name": "noise", "sources_per_shard": 2, "stages": captions | stages})
        settings = build_settings(recipe, source=str(folder / "videos"), executor="local")
        try:
            with Build(dataset, settings, SilentProgress()) as running:
                running.scan()
                for phase, names in PHASES.items():
                    running.run_stages(phase, names)
                running.pack()
                return Built(settings.plan, dataset, running.publish())
        except ReleaseError as error:
            return Built(settings.plan, dataset, None, str(error))

    return build


def served(server: VllmServer, **params: Any) -> dict[str, Any]:
    return {"model": server.model, "base_url": server.url, "temperature": 1.0} | params


def check_accounts(built: Built) -> None:
    """Every stage's sum is closed, and every failure is a row with a code; none of them is a bug of ours."""
    failed: Counter[str] = Counter()
    for line in account(built.dataset, built.plan.fingerprints):
        assert line.adds_up, line
        rows = built.query(f"select code, count(*) as n from failure where stage = '{line.stage}' group by code")
        assert {row["code"]: row["n"] for row in rows} == dict(line.failed)
        failed += line.failed
    assert set(failed) <= {"truncated", "empty_reply", "unparsable_json"}, failed


def calls(built: Built) -> dict[str, int]:
    """Replies that the servers billed or that an earlier build had paid for, by stage."""
    rows = built.query(
        "select stage, sum(num_calls) as billed, sum(num_reused) as reused, sum(prompt_tokens) as tokens "
        "from usage group by stage"
    )
    assert all(row["tokens"] > row["billed"] or row["billed"] == 0 for row in rows)
    return {row["stage"]: row["billed"] + row["reused"] for row in rows}


def test_a_build_of_noise_throughout_is_accounted_for_and_publishes_nothing(
    run: Run, audio_server: VllmServer, video_server: VllmServer
) -> None:
    built = run(
        {
            "reason": {"backend": "openai", "params": served(video_server, max_tokens=1500)},
            "listen": {"backend": "listener", "params": served(audio_server)},
        }
    )
    check_accounts(built)
    assert calls(built).keys() >= {"caption_audio", "caption_video", "reason"}
    assert built.query("select * from caption where modality = 'audio'"), "some noise has the form of a caption"
    assert built.query("select * from caption where modality = 'video'")
    assert built.query("select * from failure where stage = 'reason'"), "and none that of a chain tied to its evidence"
    assert built.report is None
    assert "refusing to publish an empty release" in built.refusal


def test_chains_supported_only_by_a_listener_who_believes_everything_are_not_published(
    run: Run, audio_server: VllmServer
) -> None:
    built = run({"verify": {"backend": "listener", "params": served(audio_server)}})
    check_accounts(built)
    assert calls(built)["verify"] > 0
    assert built.query("select * from verdict where verdict = 'supported' and not is_decoy"), "the listener affirms claims"
    assert built.query("select * from decision where outcome <> 'reject'"), "and chains were accepted on its word"
    assert built.report is None
    assert "untrusted_witness" in built.refusal


def test_beside_such_a_listener_the_instruments_still_publish_what_they_support(run: Run, audio_server: VllmServer) -> None:
    built = run({"listen": {"backend": "listener", "params": served(audio_server)}})
    check_accounts(built)
    assert calls(built)["listen"] > 0
    assert built.report is not None, built.refusal
    assert built.report.num_released > 0
    backers = built.backers()
    assert backers
    assert all(INSTRUMENTS in witnesses for witnesses in backers.values())
    assert {rates.witness for rates in built.report.witnesses} == {INSTRUMENTS, audio_server.model}
