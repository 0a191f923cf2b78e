"""A whole build: everything is accounted for, nothing is done twice, and a change re-runs what depends on it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.accounting import account
from pipeline.build import Build
from pipeline.catalog import Catalog
from pipeline.progress import SilentProgress
from pipeline.runs import RunRecord, latest_run
from pipeline.scenes import render_scenes
from schemas.accounting import Failure
from schemas.errors import ReleaseError, RootError
from schemas.layout import Dataset
from schemas.reasoning import Verdict
from tests.pipeline.conftest import RECIPE, Built, build


def release_bytes(built: Built) -> dict[str, str]:
    """Name → SHA-256 of every shard of the release."""
    folder = Path(built.dataset.url) / "releases" / built.report.release / "shards"
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_every_listed_file_is_a_clip_a_duplicate_or_a_failure(built: Built) -> None:
    scan, ingest, *_ = built.report.accounts
    assert (scan.num_in, scan.num_done, dict(scan.filtered)) == (6, 5, {"duplicate": 1})
    assert (ingest.num_in, ingest.num_done, dict(ingest.failed)) == (5, 3, {"unreadable": 2})
    assert built.report.num_clips == 3


def test_the_sum_closes_for_every_stage(built: Built) -> None:
    assert [line.stage for line in built.report.accounts] == ["scan", *(planned.name for planned in built.plan.stages)]
    assert all(line.adds_up for line in built.report.accounts)
    assert all(line.num_in == 3 for line in built.report.accounts[2:])


def test_a_missing_failure_row_is_noticed(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    fingerprint = built.plan["ingest"].fingerprint
    for shard in dataset.shards_with_part("failure", "ingest", fingerprint):
        dataset.write_part(Failure, [], "ingest", fingerprint, shard)
    ingest = account(dataset, built.plan.fingerprints)[1]
    assert not ingest.adds_up
    assert "are not the counted failures" in ingest.problems[0]


def test_a_second_build_runs_no_cell_and_publishes_the_same_release(
    built: Built, copy_of: Callable[[Built], Dataset], source: Path
) -> None:
    again = build(source, Path(copy_of(built).url))
    assert again.report.cells_run == 0
    assert again.report.release == built.report.release


def test_the_executor_and_the_names_of_files_do_not_change_a_byte(built: Built, source: Path, tmp_path: Path) -> None:
    moved = tmp_path / "other names"
    moved.mkdir()
    for number, path in enumerate(sorted(path for path in source.rglob("*") if path.is_file())):
        (moved / f"{number}{path.suffix}").write_bytes(path.read_bytes())
    other = build(moved, tmp_path / "root", executor="ray")
    assert release_bytes(other) == release_bytes(built)


@pytest.mark.parametrize(
    ("change", "rerun"),
    [
        ({"policy": {"min_supported": 2}}, {"decide", "decide_objects", "decide_edits", "decide_questions"}),
        (
            {"stages": {"plant_decoys": {"params": {"seed": 1}}}},
            {"plant_decoys", "verify", "repair", "recheck", "decide"},
        ),
        ({"release": {"shard_mb": 100}}, set()),
    ],
)
def test_a_changed_parameter_reruns_exactly_what_depends_on_it(
    built: Built, copy_of: Callable[[Built], Dataset], source: Path, change: dict[str, object], rerun: set[str]
) -> None:
    dataset = copy_of(built)
    changed = build(source, Path(dataset.url), **change)
    differs = {name for name, value in changed.plan.fingerprints.items() if value != built.plan.fingerprints[name]}
    assert differs == rerun
    num_shards = len(dataset.shards_with_part("clip", "ingest", built.plan["ingest"].fingerprint))
    num_packed = len(list((Path(dataset.url) / "releases" / changed.report.release).rglob("*.tar")))
    assert changed.report.cells_run == len(rerun) * num_shards + num_packed


def test_new_files_are_added_and_old_ones_left_alone(
    built: Built, copy_of: Callable[[Built], Dataset], source: Path, scenes: Path, tmp_path: Path
) -> None:
    dataset = copy_of(built)
    before = {path: path.stat().st_mtime_ns for path in Path(dataset.url).rglob("*.parquet") if "releases" not in path.parts}
    more = tmp_path / "more"
    render_scenes(more, (204,))
    grown = build(more / "videos", Path(dataset.url))
    assert grown.report.num_clips == 4
    num_packed = len(list((Path(dataset.url) / "releases" / grown.report.release).rglob("*.tar")))
    assert grown.report.cells_run == len(grown.plan.stages) + num_packed
    assert all(path.stat().st_mtime_ns == written for path, written in before.items())


def test_the_run_record_says_what_was_done(built: Built) -> None:
    record = latest_run(built.dataset)
    assert record is not None
    assert record.status == "done"
    assert record.fingerprints == built.plan.fingerprints
    assert record.release == built.report.release
    assert {line["stage"] for line in record.accounting} == set(record.fingerprints)
    assert record.witness_rates[0]["witness"] == "instruments"
    assert record.witness_rates[0]["false_accepts"]["total"] > 0


def test_a_release_holds_its_own_build_whatever_was_finished_before(
    built: Built, copy_of: Callable[[Built], Dataset], source: Path
) -> None:
    """The last finished build was another recipe's: ours must not publish by its decisions."""
    dataset = copy_of(built)
    strict = build_settings(Recipe.model_validate(RECIPE | {"policy": {"min_steps": 50}}), source=str(source), executor="local")
    with Build(dataset, strict, SilentProgress()) as running:
        for phase, stages in PHASES.items():
            running.run_stages(phase, stages)
        running.pack()
        with pytest.raises(ReleaseError, match="empty release: of 3 clips, 3 rejected"):
            running.publish()


def test_a_build_that_died_does_not_hide_the_last_finished_one(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    RunRecord.begin("elsewhere", {}, dict.fromkeys(built.plan.fingerprints, "f" * 64)).write(dataset)
    with Catalog(dataset) as catalog:
        assert catalog.query("select count(*) as n from clip").to_pylist() == [{"n": 3}]


def test_rows_or_shards_that_got_lost_are_noticed(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    verify = built.plan["verify"]
    shard = min(dataset.shards_with_part("verdict", "verify", verify.fingerprint))
    rows = dataset.read_part(Verdict, "verify", verify.fingerprint, shard)
    report = dataset.read_report("verdict", "verify", verify.fingerprint, shard)
    dataset.write_part(Verdict, rows[1:], "verify", verify.fingerprint, shard, report=report)
    dataset.storage.remove(dataset.part_path("decision", "decide", built.plan["decide"].fingerprint, shard))
    lines = {line.stage: line for line in account(dataset, built.plan.fingerprints)}
    assert f"{len(rows) - 1} rows, {len(rows)} were reported" in lines["verify"].problems[0]
    assert "1 of 3 shards are not done" in lines["decide"].problems[0]
    assert lines["reason"].adds_up


def test_a_damaged_part_stops_the_next_build_with_what_to_do(
    built: Built, copy_of: Callable[[Built], Dataset], source: Path
) -> None:
    dataset = copy_of(built)
    victim = sorted(Path(dataset.url).glob("tables/claim/reason-*/*.parquet"))[0]
    victim.write_bytes(b"PAR1")
    with pytest.raises(RootError, match=r"reason-.*/part-000000.parquet in .* is damaged; `audiocot verify --repair`"):
        build(source, Path(dataset.url))
    for part in Path(dataset.url).glob(f"tables/*/{victim.parent.name}/{victim.name}"):
        part.unlink()
    assert build(source, Path(dataset.url)).report.cells_run == 1


def test_every_claim_has_a_verdict_and_every_chain_a_decision(built: Built) -> None:
    with Catalog(built.dataset) as catalog:
        unjudged = catalog.query("select count(*) as n from claim anti join verdict using (claim_id)").to_pylist()
        undecided = catalog.query("select count(*) as n from cot anti join decision using (cot_id)").to_pylist()
        chains = catalog.query(
            "select task, count(distinct cot_id) as chains, count(*) as claims from cot join claim using (cot_id) group by 1"
        )
    assert unjudged == undecided == [{"n": 0}]
    by_task = {row["task"]: row for row in chains.to_pylist()}
    assert set(by_task) >= {"base", "object", "edit"}
    assert by_task["base"]["chains"] == 3
    assert all(row["claims"] >= 3 * row["chains"] for row in by_task.values())
