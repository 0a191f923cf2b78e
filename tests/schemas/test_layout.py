"""A dataset on disk: identity, parts and their reports."""

from pathlib import Path

import pytest

from schemas.accounting import Failure
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.media import Clip

FINGERPRINT = "0123456789abcdef"


def a_failure(code: str = "unreadable") -> Failure:
    return Failure(stage="ingest", code=code, message="no", source_id="s")


def test_a_new_root_becomes_a_dataset_and_is_found_again(tmp_path: Path) -> None:
    made = Dataset.create(str(tmp_path / "root"))
    assert Dataset.open(made.url).identity == made.identity
    assert Dataset.create(made.url).identity == made.identity


def test_parts_and_reports_are_read_back(tmp_path: Path) -> None:
    dataset = Dataset.create(str(tmp_path / "root"))
    dataset.write_part(Failure, [a_failure()], "ingest", FINGERPRINT, 42, report={"num_in": 1})
    assert dataset.read_part(Failure, "ingest", FINGERPRINT, 42) == [a_failure()]
    assert dataset.read_report("failure", "ingest", FINGERPRINT, 42) == {"num_in": 1}
    assert dataset.shards_with_part("failure", "ingest", FINGERPRINT) == {42}
    assert dataset.shards_with_part("failure", "ingest", "f" * 16) == set()


def test_an_empty_part_says_done(tmp_path: Path) -> None:
    dataset = Dataset.create(str(tmp_path / "root"))
    dataset.write_part(Clip, [], "ingest", FINGERPRINT, 0, report={})
    assert dataset.shards_with_part("clip", "ingest", FINGERPRINT) == {0}
    assert dataset.read_part(Clip, "ingest", FINGERPRINT, 0) == []


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(RootError, match=r"not empty and not an AudioCoT dataset \(it has 'thesis.docx'\)"):
        Dataset.create(str(tmp_path))


def test_a_file_is_no_root(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RootError, match="is a file"):
        Dataset.create(str(tmp_path / "file"))
    with pytest.raises(RootError, match="is a file"):
        Dataset.open(str(tmp_path / "file"))


def test_an_absent_root_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(RootError, match=r"has no dataset\.json; make one with `audiocot build`"):
        Dataset.open(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"name": "someone else\'s"}'])
def test_a_foreign_dataset_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(RootError, match="is not ours"):
        Dataset.open(str(tmp_path))


def test_a_dataset_of_another_schema_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text('{"audiocot_schema": 99}')
    with pytest.raises(RootError, match="schema version 99, this program reads 2"):
        Dataset.open(str(tmp_path))
