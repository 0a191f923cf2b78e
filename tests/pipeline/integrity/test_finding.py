"""Verify finds every damaged file of every kind: flipped bits, cut ends, files that are gone; and nothing where nothing is."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annotators.chat.structured import RawReply
from annotators.serving.prices import Tokens
from annotators.serving.replies import PaidReply, ReplyStore
from pipeline.integrity.finding import inspect_files
from pipeline.integrity.problems import Problem
from pipeline.verification.reviewing import commit_reviews
from schemas.layout import Dataset
from schemas.reviews import Review
from tests.pipeline.conftest import Built

KINDS = {  # a pattern of files, and how many of them are harmed
    "identity": ("dataset.json", 1),
    "listing": ("tables/listing/*/part-*.parquet", 1),
    "scan failures": ("tables/failure/scan-*/part-*.parquet", 1),
    "mark": ("tables/cot/reason-*/part-*.parquet", 2),
    "failures": ("tables/failure/verify-*/part-*.parquet", 1),
    "part": ("tables/measurement/*/part-*.parquet", 2),
    "clips": ("clips/*/shard-*.tar", 2),
    "spare": ("spare/tables/listing/*/part-*.parquet", 1),
    "run": ("runs/*.json", 1),
    "reply": ("replies/*/*.json", 1),
    "review": ("tables/review/*/part-*.parquet", 1),
    "release shard": ("releases/*/shards/*.tar", 2),
    "release table": ("releases/*/tables/*.parquet", 3),
    "card": ("releases/*/README.md", 1),
    "manifest": ("releases/*/manifest.json", 1),
    "current": ("releases/CURRENT", 1),
}
MISSED_WHEN_GONE = {"identity": "a root without it is not opened at all", "reply": "nothing refers to one, it is asked again"}


@pytest.fixture(scope="module")
def dataset(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The built dataset with a paid reply and a review, which no build without servers and people makes."""
    root = tmp_path_factory.mktemp("harmed") / "root"
    shutil.copytree(built.dataset.url, root)
    dataset = Dataset.open(str(root))
    reply = PaidReply(RawReply(("a bell",), ("stop",)), Tokens(10, 0, 2), 0.5, "caption_audio-00000000/000000")
    ReplyStore(dataset.storage).put("ab" * 32, reply)
    review = Review(
        clip_id="a", model="human@ann", prompt_id=None, claim_id="a/1", text="a bell rings", reviewer="ann", batch=0,
        verdict="supported", comment=None, is_decoy=False, stratum="event/supported/claim",
    )  # fmt: skip
    commit_reviews(dataset, [review], 0)
    return dataset


def harmed(dataset: Dataset, kind: str) -> Iterator[tuple[str, Path, bytes]]:
    """Some files of a kind with what is in them; each is put back after its turn."""
    pattern, number = KINDS[kind]
    root = Path(dataset.url)
    found = sorted(root.glob(pattern))
    assert found, f"the dataset has no {kind}"
    for path in random.Random(kind).sample(found, min(number, len(found))):
        data = path.read_bytes()
        try:
            yield path.relative_to(root).as_posix(), path, data
        finally:
            path.write_bytes(data)


def problem_of(dataset: Dataset, path: str) -> Problem | None:
    return next((problem for problem in inspect_files(dataset).damage if problem.path == path), None)


def test_a_clean_dataset_has_no_problem(dataset: Dataset) -> None:
    found = inspect_files(dataset)
    assert found.problems == []
    assert len(found.files) > 150


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_found_wherever_it_is(dataset: Dataset, kind: str) -> None:
    chance = random.Random(kind)
    for path, file, data in harmed(dataset, kind):
        for place in {0, len(data) // 2, len(data) - 1, *(chance.randrange(len(data)) for _ in range(2))}:
            changed = bytearray(data)
            changed[place] ^= 1 << chance.randrange(8)
            file.write_bytes(changed)
            problem = problem_of(dataset, path)
            assert problem is not None, f"byte {place} of {path}"
            assert problem.kind in ("changed", "truncated")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_cut_is_found(dataset: Dataset, kind: str) -> None:
    for path, file, data in harmed(dataset, kind):
        for end in (0, len(data) // 2, len(data) - 1):
            file.write_bytes(data[:end])
            assert problem_of(dataset, path) is not None, f"{path} cut to {end} bytes"


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - MISSED_WHEN_GONE))
def test_a_file_that_is_gone_is_found(dataset: Dataset, kind: str) -> None:
    for path, file, _ in harmed(dataset, kind):
        file.unlink()
        damage = inspect_files(dataset).damage
        if kind == "run":
            assert [one.told for one in damage] == ["the record of the run that published it is gone"]
        else:
            assert [(one.path, one.kind) for one in damage] == [(path, "missing")]


def test_what_is_said_of_a_cut_file_tells_how_much_is_left(dataset: Dataset) -> None:
    for path, file, data in harmed(dataset, "clips"):
        file.write_bytes(data[:1000])
        assert problem_of(dataset, path) == Problem(path, "truncated", f"it has 1000 bytes, {len(data)} were written")


def test_what_a_killed_writer_left_is_told_and_is_no_damage(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    dataset = copy_of(built)
    half = "tables/cot/reason-00000000/.part-000000.parquet.0123abcd.tmp"
    unmarked = "tables/measurement/detect_events-00000000/part-000000.parquet"
    for path in (half, unmarked):
        dataset.storage.write(path, b"PAR1")
    found = inspect_files(dataset)
    assert {(problem.path, problem.kind) for problem in found.problems} == {(half, "unfinished"), (unmarked, "unfinished")}
    assert found.damage == []


def test_a_part_that_no_mark_knows_and_a_strange_file_are_told(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    """A part that an earlier, killed try of a cell left beside those of the one that was finished would be taken for its."""
    dataset = copy_of(built)
    unknown = dataset.part_path("usage", "reason", built.plan["reason"].fingerprint, 0)
    for path in (unknown, "notes.txt"):
        dataset.storage.write(path, b"PAR1")
    assert [(problem.path, problem.kind) for problem in inspect_files(dataset).damage] == [
        ("notes.txt", "unlisted"),
        (unknown, "unlisted"),
    ]


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    dataset = copy_of(built)
    part = next(Path(dataset.url).glob("tables/source/*/part-*.parquet"))
    part.unlink()
    part.symlink_to(part.name)  # a loop: every read of it fails
    found = inspect_files(dataset)
    path = part.relative_to(dataset.url).as_posix()
    assert [(problem.path, problem.kind) for problem in found.damage] in ([(path, "unreadable")], [(path, "missing")])
