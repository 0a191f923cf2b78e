"""`decide`, `compare`, `calibrate` and `review` from the command line, on a little dataset built from rendered scenes."""

import csv
import json
from pathlib import Path

import pytest

from pipeline.scenes import render_scenes
from pipeline.verification.calibration import load_calibration
from tests.flows.test_cli import audiocot, printed, refused
from tests.pipeline.conftest import build


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_scenes(tmp_path_factory.mktemp("scenes"), (1201, 1202))


@pytest.fixture(scope="module")
def root(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(scenes / "videos", tmp_path_factory.mktemp("judging") / "dataset", tasks=()).dataset.url


def test_every_command_is_there_and_explained() -> None:
    text = printed("--help")
    for command in ("decide", "compare", "calibrate", "review"):
        assert command in text
        assert "Usage" in printed(command, "--help")
    for command in ("export", "import", "agreement"):
        assert "Usage" in printed("review", command, "--help")


def test_decide_tells_the_outcomes_of_another_policy_and_finds_them_done_the_second_time(root: str) -> None:
    strict = ("decide", "--root", root, "--policy", "min_supported=1000", "--json")
    first, second = (json.loads(printed(*strict)) for _ in range(2))
    assert first["cells_run"] > 0
    assert second["cells_run"] == 0
    assert (
        first["outcomes"]
        == second["outcomes"]
        == [{"task": "base", "accepted": 0, "repaired": 0, "rejected": 2, "kept_claims": 0}]
    )
    assert "min_supported=1000" in first["policy"]
    assert "rejected" in printed("decide", "--root", root)


def test_decide_takes_a_recipe_only_if_what_it_decides_on_is_there(root: str, tmp_path: Path) -> None:
    recipe = tmp_path / "other.yaml"
    recipe.write_text("tasks: []\nstages: {track: {params: {fps: 20}}}\n")
    assert "which this recipe has not done" in refused("decide", str(recipe), "--root", root)
    assert "unknown key 'min_scores'" in refused("decide", "--root", root, "--policy", "min_scores=1")


def test_compare_shows_both_policies_side_by_side(root: str) -> None:
    told = printed("compare", "--root", root, "current", "min_supported=1000 min_steps=1")
    assert "B: reject" in told
    assert "claims kept by A, 0 by B, 0 by both" in told
    plain = json.loads(printed("compare", "--root", root, "current", "ensemble=agreement", "--json"))
    assert plain["tasks"][0]["task"] == "base"
    assert sum(pair["chains"] for pair in plain["tasks"][0]["outcomes"]) == 2
    assert plain["a"]["policy"].startswith("claimwise(ensemble=calibrated")
    assert plain["b"]["decoys"]["total"] > 0
    assert "no such preset" in refused("compare", "--root", root, "current", "nothing")
    assert "cannot be read" in refused("compare", "--root", root, "current", "name='x")


def test_calibrate_counts_on_decoys_or_on_scenes_and_a_policy_takes_the_table(root: str, scenes: Path, tmp_path: Path) -> None:
    by_decoys, by_scenes = tmp_path / "decoys.yaml", tmp_path / "scenes.yaml"
    assert "instruments" in printed("calibrate", "--root", root, "--output", str(by_decoys))
    assert "instruments" in printed("calibrate", "--root", root, "--scenes", str(scenes), "--output", str(by_scenes))
    assert "seeds 1201 to 1202" in load_calibration(str(by_scenes)).origin
    assert load_calibration(str(by_decoys)).content_hash != load_calibration(str(by_scenes)).content_hash
    told = json.loads(printed("decide", "--root", root, "--policy", f"calibration={by_decoys}", "--json"))
    assert load_calibration(str(by_decoys)).identity in told["policy"]
    assert "has no truth" in refused("calibrate", "--root", root, "--scenes", str(tmp_path), "--output", str(by_scenes))


def test_a_sheet_goes_to_people_and_comes_back_as_agreement(root: str, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    assert audiocot("review", "export", "--root", root, "--output", str(sheet), "--frac", "0.5").exit_code == 0
    with sheet.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert len(rows) > 10
    fill(sheet, [row | {"verdict": "supported"} for row in rows])
    assert f"{len(rows)} judgements of anna added" in printed(
        "review", "import", str(sheet), "--root", root, "--reviewer", "anna"
    )
    told = json.loads(printed("review", "agreement", "--root", root, "--json"))
    assert told["reviewed"]["num_reviews"] == len(rows)
    assert told["reviewed"]["decoys_supported"]["fraction"] == 1.0, "who says yes to everything believes decoys too"
    assert {line["one"] for line in told["agreement"]} == {"instruments"}
    assert "kappa" in printed("review", "agreement", "--root", root)


def test_an_import_with_wrong_rows_names_them_and_adds_nothing(root: str, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    fill(
        sheet,
        [{"review_id": "nobody", "verdict": "refuted", "comment": ""}, {"review_id": "b", "verdict": "no", "comment": ""}],
    )
    before = printed("query", "select count(*) from review", "--root", root, "--format", "csv")
    ended = audiocot("review", "import", str(sheet), "--root", root, "--reviewer", "bob")
    assert ended.exit_code == 2
    assert ended.stderr.splitlines() == [
        "sheet.csv, line 3, column verdict: must be supported, refuted, unverifiable or empty, got 'no'",
        "sheet.csv, line 2, column review_id: no claim of this dataset is called nobody",
        f"audiocot: {sheet} has 2 rows that are wrong; nothing was imported",
    ]
    assert printed("query", "select count(*) from review", "--root", root, "--format", "csv") == before
    assert "--reviewer must be" in refused("review", "import", str(sheet), "--root", root, "--reviewer", "../x")


def fill(sheet: Path, rows: list[dict[str, str]]) -> None:
    with sheet.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.DictWriter(sink, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
