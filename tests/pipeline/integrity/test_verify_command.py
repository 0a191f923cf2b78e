"""`audiocot verify` as people call it: lines, exit codes, JSON, and a root that somebody else holds."""

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from flows.cli import app
from pipeline.lease import hold
from schemas.layout import Dataset
from tests.pipeline.conftest import Built

RUNNER = CliRunner()


def test_a_clean_dataset_ends_well_and_says_how_much_was_read(built: Built) -> None:
    ended = RUNNER.invoke(app, ["verify", "--root", built.dataset.url])
    assert ended.exit_code == 0
    assert ended.stdout == ""
    assert " files, " in ended.stderr
    assert "MB: 0 damaged" in ended.stderr


def test_damage_is_a_line_for_each_file_until_it_is_repaired(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    dataset = copy_of(built)
    path = dataset.part_path("cot", "reason", built.plan["reason"].fingerprint, 0)
    part = Path(dataset.url) / path
    part.write_bytes(part.read_bytes()[:-1])
    for _ in range(2):  # to look changes nothing
        ended = RUNNER.invoke(app, ["verify", "--root", dataset.url])
        assert ended.exit_code == 1
        assert ended.stdout == f"{path}: truncated (its seal does not fit)\n"
    with hold(dataset, "build"):
        ended = RUNNER.invoke(app, ["verify", "--repair", "--root", dataset.url])
    assert ended.exit_code == 2
    assert "is being written by `audiocot build`" in ended.stderr
    assert part.exists()
    ended = RUNNER.invoke(app, ["verify", "--repair", "--root", dataset.url, "--json"])
    assert ended.exit_code == 0
    told = json.loads(ended.stdout)
    assert [problem["path"] for problem in told["problems"]] == [path]
    assert told["repair"]["cells"] == [f"{path.split('/')[2]}/000000"]
    assert not part.exists()


def test_a_root_whose_identity_is_gone_can_be_repaired(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    dataset = copy_of(built)
    identity = Path(dataset.url) / "dataset.json"
    data = identity.read_bytes()
    identity.write_bytes(b"")
    ended = RUNNER.invoke(app, ["verify", "--root", dataset.url])
    assert ended.exit_code == 2
    assert "audiocot verify --repair" in ended.stderr
    assert RUNNER.invoke(app, ["verify", "--repair", "--root", dataset.url]).exit_code == 0
    assert identity.read_bytes() == data
