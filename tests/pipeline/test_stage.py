"""Stages: every clip that comes in is done, filtered or failed, and no clip costs another."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from annotators.base import Params
from pipeline.cell import Cell, CellReport
from pipeline.sample import Sample
from schemas.errors import Rejected
from schemas.evidence import Caption, Measurement
from schemas.layout import Dataset
from schemas.row import Row
from tests.pipeline.spelling import (
    ENDLESS,
    RAISES,
    REFUSES,
    UNASKABLE,
    UNLIKED,
    UNSUITABLE,
    CountLetters,
    Spell,
    Speller,
    clip,
    failures,
    ingested,
    plan_of,
    rows_of,
    run_cell,
)

EVERYTHING = ("ab", RAISES, "cd", UNSUITABLE, REFUSES, "ef", ENDLESS, UNASKABLE, "gh", UNLIKED, "ij")


def spelled(root: Path, *labels: str) -> tuple[Dataset, CellReport, Speller]:
    """Run `spell` over clips with these labels."""
    speller = Speller(Params())
    plan = plan_of(speller)
    dataset = ingested(str(root), plan, *labels)
    return dataset, run_cell(dataset, plan), speller


def texts(dataset: Dataset) -> list[str]:
    return [row.text for row in rows_of(dataset, plan_of(Speller(Params())), Caption) if isinstance(row, Caption)]


def failed(dataset: Dataset) -> dict[str, tuple[str, str]]:
    """clip → code and message."""
    found = failures(dataset, plan_of(Speller(Params())))
    return {clip_id: (failure.code, failure.message) for clip_id, failure in found.items()}


def test_an_answer_becomes_rows_with_their_origin(tmp_path: Path) -> None:
    dataset, report, _ = spelled(tmp_path, "ab", "cde")
    caption = rows_of(dataset, plan_of(Speller(Params())), Caption)[1]
    assert caption == Caption(
        clip_id="cde", model="speller@1", prompt_id=None, modality="audio", question="content", text="CDE"
    )
    assert (report.num_in, report.num_done, report.num_rows) == (2, 2, {"caption": 2, "measurement": 2})


def test_a_clip_on_which_the_model_raises_costs_no_other_clip_of_its_batch(tmp_path: Path) -> None:
    dataset, report, speller = spelled(tmp_path, "ab", RAISES, "cd", "ef")
    assert speller.batches == [3, 1, 1, 1, 1], "the batch that raised, each of its clips alone, the next batch"
    assert texts(dataset) == ["AB", "CD", "EF"]
    assert report.failed == {"annotator_error": 1}
    assert failed(dataset) == {RAISES: ("annotator_error", "ValueError: the word is too long and has a second line")}


def test_a_failure_row_says_who_failed_on_what(tmp_path: Path) -> None:
    dataset, _, speller = spelled(tmp_path, RAISES)
    (failure,) = failures(dataset, plan_of(speller)).values()
    assert (failure.stage, failure.model, failure.source_id) == ("spell", "speller@1", f"source-{RAISES}")


@pytest.mark.parametrize(
    ("label", "code", "message"),
    [
        (REFUSES, "truncated", "cut off"),
        (UNLIKED, "bad_span", "no such span"),
        (UNASKABLE, "annotator_error", "LookupError: nothing to ask"),
    ],
)
def test_whoever_refuses_a_clip_the_row_has_the_code_and_the_reason(
    tmp_path: Path, label: str, code: str, message: str
) -> None:
    dataset, report, _ = spelled(tmp_path, "ab", label, "cd")
    assert failed(dataset) == {label: (code, message)}
    assert report.failed == {code: 1}
    assert texts(dataset) == ["AB", "CD"]


def test_an_answer_that_makes_no_valid_rows_fails_only_its_clip_and_leaves_none(tmp_path: Path) -> None:
    dataset, report, _ = spelled(tmp_path, "ab", ENDLESS, "cd")
    assert report.num_rows == {"caption": 2, "measurement": 2}, "its caption, which is valid, is not there either"
    code, message = failed(dataset)[ENDLESS]
    assert code == "invalid_answer"
    assert message.startswith("ValidationError: 1 validation error for Measurement")


def test_what_does_not_apply_is_counted_by_reason_and_is_no_failure(tmp_path: Path) -> None:
    dataset, report, speller = spelled(tmp_path, UNSUITABLE, "ab")
    assert (report.num_in, report.num_done, report.filtered, report.failed) == (2, 1, {"no_word": 1}, {})
    assert failed(dataset) == {}
    assert speller.batches == [1]


def test_every_clip_is_done_filtered_or_failed(tmp_path: Path) -> None:
    _, report, _ = spelled(tmp_path, *EVERYTHING)
    assert (report.num_in, report.num_done) == (11, 5)
    assert report.filtered == {"no_word": 1}
    assert report.failed == {"annotator_error": 2, "invalid_answer": 1, "bad_span": 1, "truncated": 1}


def test_batches_give_what_single_clips_give(tmp_path: Path) -> None:
    class OneByOne(Speller):
        batch_size = 1

    batched, report, _ = spelled(tmp_path / "batched", *EVERYTHING)
    speller = OneByOne(Params())
    plan = plan_of(speller)
    single = ingested(str(tmp_path / "single"), plan, *EVERYTHING)
    alone = run_cell(single, plan)
    assert set(speller.batches) == {1}
    assert texts(single) == texts(batched)
    assert failed(single) == failed(batched)
    assert (alone.num_done, alone.filtered, alone.failed) == (report.num_done, report.filtered, report.failed)


def test_a_wrong_number_of_answers_is_never_given_to_the_wrong_clips(tmp_path: Path) -> None:
    class Forgetful(Speller):
        """Leaves out what it has no answer to, as no annotator may."""

        def annotate(self, batch: Sequence[str]) -> Sequence[str | Rejected]:
            return [word.upper() for word in batch if word != "cd"]

    speller = Forgetful(Params())
    plan = plan_of(speller)
    dataset = ingested(str(tmp_path), plan, "ab", "cd", "ef")
    run_cell(dataset, plan)
    assert [(row.clip_id, row.text) for row in rows_of(dataset, plan, Caption) if isinstance(row, Caption)] == [
        ("ab", "AB"),
        ("ef", "EF"),
    ]
    told = "ValueError: speller@1 must give one answer per question, gave 0 for 1"
    assert failed(dataset) == {"cd": ("annotator_error", told)}


def test_a_clip_that_failed_upstream_is_filtered_with_the_name_of_the_stage(tmp_path: Path) -> None:
    plan = plan_of(Speller(Params()))
    dataset = ingested(str(tmp_path), plan, "ab", REFUSES, UNSUITABLE, "cdc")
    run_cell(dataset, plan)
    report = run_cell(dataset, plan, "count_letters")
    assert (report.num_in, report.filtered, report.failed) == (4, {"failed_in_spell": 1}, {})
    counted = rows_of(dataset, plan, Measurement, "count_letters")
    values = {row.clip_id: row.value for row in counted if isinstance(row, Measurement)}
    assert values == {"ab": 2, UNSUITABLE: 0, "cdc": 2}, "a clip that was filtered upstream is asked, without rows"


def test_a_stage_without_a_model_says_its_own_version(tmp_path: Path) -> None:
    plan = plan_of(Speller(Params()))
    dataset = ingested(str(tmp_path), plan, "ab")
    run_cell(dataset, plan)
    run_cell(dataset, plan, "count_letters")
    (row,) = rows_of(dataset, plan, Measurement, "count_letters")
    assert isinstance(row, Measurement)
    assert row.model == "count_letters@1"


def test_a_clip_that_was_set_aside_is_a_failure_and_is_not_touched(tmp_path: Path) -> None:
    speller = Speller(Params())
    plan = plan_of(speller)
    dataset = ingested(str(tmp_path), plan, "ab", "cd")
    report = run_cell(dataset, plan, set_aside={"cd": Rejected("killed_worker", "spell: signal 9")})
    assert report.failed == {"killed_worker": 1}
    assert failed(dataset) == {"cd": ("killed_worker", "spell: signal 9")}
    assert speller.batches == [1]


def test_a_sum_that_does_not_close_is_never_committed(tmp_path: Path) -> None:
    class Careless(Spell):
        def run(self, cell: Cell) -> CellReport:
            cell.tally.num_done += 1
            return super().run(cell)

    plan = plan_of(Speller(Params()), Careless)
    dataset = ingested(str(tmp_path), plan, "ab")
    with pytest.raises(AssertionError, match="spell shard 0 does not add up"):
        run_cell(dataset, plan)
    assert not dataset.storage.exists("tables/caption")


def test_a_stage_that_writes_a_table_it_does_not_declare_is_never_committed(tmp_path: Path) -> None:
    class Wordy(Spell):
        def rows(self, sample: Sample, answer: str) -> Iterable[Row]:
            yield clip("another")

    plan = plan_of(Speller(Params()), Wordy)
    dataset = ingested(str(tmp_path), plan, "ab")
    with pytest.raises(AssertionError, match="spell wrote"):
        run_cell(dataset, plan)
    assert not dataset.storage.exists("tables/caption")


def test_a_stage_has_a_model_exactly_if_it_has_a_role() -> None:
    with pytest.raises(ValueError, match="stage spell has role audio_captioner, got annotator None"):
        Spell(Params())
    with pytest.raises(ValueError, match="stage count_letters has role None"):
        CountLetters(Params(), Speller(Params()))
