"""The command line: what it prints, where, and how it ends. A user's mistake is one line and exit code 2, never a traceback."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.results import MAX_TABLE_ROWS
from schemas.layout import Dataset
from tests.flows.bouncing_clip import CLIP_ID
from tests.flows.bouncing_dataset import FINGERPRINTS, make_dataset


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_dataset(tmp_path_factory.mktemp("dataset")).url


def audiocot(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))


def printed(*arguments: str) -> str:
    """stdout of a command that must succeed."""
    result = audiocot(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    """The one line of a command that must end with a user's mistake."""
    result = audiocot(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("audiocot: ")
    return line


def test_every_command_of_the_issue_is_there_and_explained() -> None:
    text = printed("--help")
    for command in ("demo", "build", "plan", "status", "query", "inspect", "recipe", "selfcheck", "doctor"):
        assert command in text
        assert printed(command, "--help").count(" --help") == 1
    for command in ("template", "validate", "render", "schema"):
        assert "Usage" in printed("recipe", command, "--help")
    assert "Exit codes: 0 done" in text


def test_the_program_imports_nothing_heavy_before_a_command_needs_it() -> None:
    heavy = ("prefect", "ray", "numpy", "duckdb", "pyarrow", "librosa", "matplotlib", "pydantic")
    code = f"import sys, flows.cli; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_version_is_that_of_the_package() -> None:
    assert printed("--version").startswith("audiocot 0.")


def test_a_mistake_in_a_real_process_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from flows.cli import main; main()", "status", "--root", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"audiocot: {tmp_path} is not an AudioCoT dataset")
    assert len(ended.stderr.splitlines()) == 1


def test_debug_shows_where_a_mistake_was_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert audiocot("--debug", "status", "--root", str(tmp_path)).exit_code == 2
    assert "Traceback" in caplog.text
    assert "layout.py" in caplog.text


def test_an_unknown_option_is_exit_code_2_with_the_usage() -> None:
    result = audiocot("status", "--rooot", "x")
    assert result.exit_code == 2
    assert "Usage" in result.stderr


def test_a_mistake_of_ours_is_exit_code_3_and_no_traceback(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Dataset, "open", broken)
    result = audiocot("status", "--root", root)
    assert result.exit_code == 3
    assert result.stderr == "audiocot: internal error, ZeroDivisionError: by zero (--debug shows where)\n"


def test_ctrl_c_is_exit_code_130_and_says_how_to_go_on(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Dataset, "open", interrupted)
    result = audiocot("status", "--root", root)
    assert result.exit_code == 130
    assert "run the same command again" in result.stderr


def test_a_reader_that_stops_reading_is_no_traceback(root: str) -> None:
    sql = "select * from range(200000)"
    code = "from flows.cli import main; main()"
    command = [sys.executable, "-c", code, "query", sql, "--root", root, "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_status_shows_the_closed_sum_and_the_failures(root: str) -> None:
    text = printed("status", "--root", root)
    (ingest,) = [line for line in text.splitlines() if line.startswith("ingest ") and "unreadable" in line and "✓" in line]
    assert ingest.split()[:3] == ["ingest", "2", "1"]
    assert "videos/broken [1].mp4" in text
    assert "no [media] in it" in text
    assert "last run" in text


def test_status_as_json_is_for_programs(root: str) -> None:
    told = json.loads(printed("status", "--root", root, "--json"))
    assert all(stage["adds_up"] for stage in told["stages"])
    assert told["failures"][0]["code"] == "unreadable"
    assert told["run"]["status"] == "done"
    assert told["damaged"] == []


def test_status_of_a_dataset_without_a_run_says_so(tmp_path: Path) -> None:
    Dataset.create(str(tmp_path / "new"))
    assert "has no run yet" in printed("status", "--root", str(tmp_path / "new"))


def test_a_query_is_a_table_by_default(root: str) -> None:
    text = printed("query", "select kind, count(*) as n, null as empty from sound_event group by 1 order by 1", "--root", root)
    assert [line.split() for line in text.splitlines()] == [
        ["kind", "n", "empty"], ["impact", "3", "·"], ["noise", "1", "·"], ["sweep", "1", "·"],
    ]  # fmt: skip


def test_a_long_table_is_cut_with_a_note_and_a_file_is_not(root: str, tmp_path: Path) -> None:
    result = audiocot("query", "select * from range(200)", "--root", root)
    assert len(result.stdout.splitlines()) == MAX_TABLE_ROWS + 1
    assert f"{MAX_TABLE_ROWS} of 200 rows shown" in result.stderr
    printed("query", "select * from range(200)", "--root", root, "--output", str(tmp_path / "all.txt"))
    assert len((tmp_path / "all.txt").read_text().splitlines()) == 201


def test_markup_in_data_is_shown_as_it_is(root: str) -> None:
    assert "[red]not red[/red]" in printed("query", "select '[red]not red[/red]' as \"[bold]a\"", "--root", root)


def test_csv_quotes_what_needs_quotes_and_keeps_every_digit(root: str) -> None:
    sql = "select 'a,\"b\"' as text, 0.1 + 0.2::double as number, null as nothing, [1, 2] as list, 'x\ny' as lines"
    (row,) = csv.DictReader(io.StringIO(printed("query", sql, "--root", root, "--format", "csv")))
    assert row == {"text": 'a,"b"', "number": row["number"], "nothing": "", "list": "[1, 2]", "lines": "x\ny"}
    assert float(row["number"]) == pytest.approx(0.3, abs=1e-15)


def test_json_is_an_array_of_objects_and_knows_no_nan(root: str) -> None:
    sql = "select 'nan'::double as a, {'b': [1.5]} as c, date '2026-01-02' as d, null as e"
    assert json.loads(printed("query", sql, "--root", root, "--format", "json")) == [
        {"a": None, "c": {"b": [1.5]}, "d": "2026-01-02", "e": None}
    ]
    assert json.loads(printed("query", "select 1 where false", "--root", root, "--format", "json")) == []


def test_parquet_goes_to_a_file_with_its_types(root: str, tmp_path: Path) -> None:
    target = tmp_path / "steps.parquet"
    printed("query", "select steps from cot", "--root", root, "--format", "parquet", "--output", str(target))
    assert pq.read_table(target).to_pylist()[0]["steps"][0]["aspect"] == "temporal"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["select * from claims"], "claims"),
        (["selec 1"], "syntax error"),
        (["drop table clip"], "one SELECT"),
        (["select 1; select 2"], "one SELECT"),
        (["copy clip to '/tmp/x.csv'"], "one SELECT"),
        (["select * from '/etc/passwd'"], "passwd"),
        (["select 1", "--format", "cvs"], "did you mean 'csv'"),
        (["select 1", "--format", "parquet"], "--output FILE.parquet"),
        (["select 1 as a, 2 as a", "--format", "json"], "a is there twice"),
        (["select 1", "--output", "/absent/folder/x"], "cannot be written"),
    ],
)
def test_a_query_that_fails_is_one_line(root: str, arguments: list[str], words: str) -> None:
    assert words in refused("query", *arguments, "--root", root)


def test_a_damaged_part_is_left_out_with_a_note(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    part = dataset.part_path("sound_event", "detect_events", FINGERPRINTS["detect_events"], 0)
    (tmp_path / part).write_bytes(b"PAR1 not")
    result = audiocot("query", "select count(*) as n from sound_event", "--root", dataset.url)
    assert result.stdout.split() == ["n", "0"]
    assert part in result.stderr


def test_inspect_tells_everything_and_draws_the_clip(root: str, tmp_path: Path) -> None:
    target = tmp_path / "clip.png"
    text = printed("inspect", CLIP_ID, "--root", root, "--output", str(target))
    for words in ("ball [1].mp4", "loudness", "s003", "red round region", "rising siren ($5)", "✗ c04", "repair"):
        assert words in text
    assert target.read_bytes().startswith(b"\x89PNG")
    assert target.stat().st_size > 50_000


def test_inspect_takes_the_beginning_of_an_id_and_gives_json(root: str) -> None:
    rows = json.loads(printed("inspect", CLIP_ID[:6], "--root", root, "--json"))
    assert rows["clip"][0]["clip_id"] == CLIP_ID
    assert len(rows["verdict"]) == 7


def test_an_unknown_clip_names_near_ones(root: str) -> None:
    assert CLIP_ID in refused("inspect", CLIP_ID.replace("_0_6000", "_0_7000"), "--root", root)
    assert "no clip" in refused("inspect", "'; drop table clip; --", "--root", root)


def test_recipes_are_printed_and_checked() -> None:
    assert "policy:" in printed("recipe", "template")
    assert "min_score: 0.7" in printed("recipe", "render", "--set", "policy.min_score=0.7")
    assert json.loads(printed("recipe", "schema"))["title"] == "Recipe"
    assert printed("recipe", "validate") == "cpu: valid\n"
    assert "did you mean 'policy'" in refused("recipe", "validate", "--set", "polcy=1")


@pytest.mark.parametrize("command", ["build", "plan"])
def test_a_build_with_a_mistake_is_one_line_before_anything_runs(command: str, tmp_path: Path) -> None:
    arguments = (command, "--source", str(tmp_path / "absent"), "--root", str(tmp_path / "root"), "--executor", "local")
    assert "unknown verifier backend" in refused(*arguments, "--set", "stages.verify.backend=nope")
    assert "absent" in refused(*arguments)
    assert not (tmp_path / "root" / "runs").exists()
