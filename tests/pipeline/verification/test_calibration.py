"""Calibrations: counted, written, read back, and what a file that is none of them gets told."""

from math import log
from pathlib import Path

import pytest

from pipeline.verification.calibration import (
    Reliability,
    WordCounts,
    Words,
    calibration_of,
    load_calibration,
    shipped_calibrations,
)
from pipeline.verification.witness_rates import word_counts
from schemas.errors import RecipeError
from tests.pipeline.verification.judged_rows import catalog_of, claim, dataset_of, decoy, verdict

COUNTS: WordCounts = {
    ("ears", "count", True, "supported"): 7,
    ("ears", "count", False, "refuted"): 3,
    ("ears", "event", True, "unverifiable"): 2,
    ("eyes", "event", False, "supported"): 1,
}


def test_one_is_added_to_every_count_so_that_nothing_is_impossible() -> None:
    counted = Reliability(on_true=Words(supported=7, refuted=0, unverifiable=0), on_false=Words(refuted=3))
    assert counted.on_true.probability("supported") == pytest.approx(8 / 10)
    assert counted.log_ratio("supported") == pytest.approx(log((8 / 10) / (1 / 6)))
    assert counted.log_ratio("refuted") == pytest.approx(log((1 / 10) / (4 / 6)))


def test_a_table_has_its_witnesses_and_types_in_order_and_survives_its_file(tmp_path: Path) -> None:
    table = calibration_of(COUNTS, "mine", "by hand")
    assert {witness: list(types) for witness, types in table.witnesses.items()} == {
        "ears": ["event", "count"],
        "eyes": ["event"],
    }
    assert table.witnesses["ears"]["count"] == Reliability(on_true=Words(supported=7), on_false=Words(refuted=3))
    file = tmp_path / "mine.yaml"
    file.write_text(table.to_yaml())
    assert load_calibration(str(file)) == table
    assert table.of("eyes", "event") is None, "it was asked false claims alone"
    assert table.of("ears", "order") is None


def test_names_and_origins_do_not_change_the_hash_and_counts_do() -> None:
    table = calibration_of(COUNTS, "mine", "by hand")
    assert calibration_of(COUNTS, "other", "elsewhere").content_hash == table.content_hash
    assert (
        calibration_of({**COUNTS, ("ears", "count", True, "supported"): 8}, "mine", "by hand").content_hash
        != table.content_hash
    )
    assert table.identity == f"mine@{table.content_hash[:8]}"


def test_a_built_dataset_is_counted_by_its_decoys_and_own_claims(tmp_path: Path) -> None:
    claims = [claim(0), claim(1), claim(2, "count")]
    judged = [
        *(verdict(f"a/base/c0{n}", "ears", "supported") for n in range(3)),
        verdict("a/base/d00", "ears", "refuted"),
        verdict("a/base/d01", "ears", "supported"),
    ]
    with catalog_of(dataset_of(tmp_path, claims, [decoy(0), decoy(1, "count")], judged)) as catalog:
        table = calibration_of(word_counts(catalog), "built", "a test")
    assert table.witnesses["ears"]["event"] == Reliability(on_true=Words(supported=2), on_false=Words(refuted=1))
    assert table.witnesses["ears"]["count"] == Reliability(on_true=Words(supported=1), on_false=Words(supported=1))


def test_every_shipped_calibration_is_one() -> None:
    for name in shipped_calibrations():
        assert load_calibration(name).name == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "is not a calibration table"),
        ("name: x\norigin: y\n", "witnesses Field required"),
        ("name: x\norigin: y\nwitnesses: {a: {loudness: {}}}", "witnesses.a.loudness"),
        ("name: x\norigin: y\nwitnesses: {a: {event: {on_true: {supported: -1}}}}", "on_true.supported"),
    ],
)
def test_a_file_that_is_no_calibration_is_told_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError) as error:
        load_calibration(str(file))
    assert told in str(error.value)
    assert "\n" not in str(error.value)
