"""The tables: their Arrow schemas are golden files, so that a change of a table is a decision and not an accident."""

from pathlib import Path

import pyarrow as pa
import pytest

from schemas.arrow import arrow_schema, arrow_type, from_arrow, to_arrow
from schemas.docs import tables_page
from schemas.evidence import HeardEvent, SoundEvent, TrackBox
from schemas.media import Clip
from schemas.tables import TABLES

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_arrow_schema_of_a_table_is_the_golden_one(name: str, request: pytest.FixtureRequest) -> None:
    made = arrow_schema(TABLES[name]).to_string() + "\n"
    golden = GOLDEN / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(made)
    assert golden.read_text() == made, "if the change is meant: pytest tests/schemas --update-golden, then make docs"


def test_every_golden_schema_belongs_to_a_table() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(TABLES)


def test_the_page_of_the_tables_is_what_the_classes_say() -> None:
    assert (ROOT / "docs/tables.md").read_text() == tables_page() + "\n", "run: make docs"


def a_sound_event() -> SoundEvent:
    return SoundEvent(
        clip_id="c", model="m@1", event_id="s000", start_s=0.5, end_s=1.0, kind="impact", kind_score=0.9, onsets_s=[0.5],
        peak_dbfs=-3.0, loudness_lufs=None, loudness_slope_db_per_s=None, pitch_hz=None, pitch_start_hz=None,
        pitch_end_hz=None, harmonicity=None, centroid_hz=None, flatness=None, pan=-0.25, pan_slope_per_s=None,
        repetition_hz=None, snr_db=None,
    )  # fmt: skip


def test_rows_survive_arrow_and_back() -> None:
    row = a_sound_event()
    assert from_arrow(SoundEvent, to_arrow(SoundEvent, [row])) == [row]


def test_no_rows_make_an_empty_table_with_the_full_schema() -> None:
    table = to_arrow(Clip, [])
    assert table.num_rows == 0
    assert table.schema == arrow_schema(Clip)


def test_a_row_with_an_unknown_field_or_an_infinite_number_is_refused() -> None:
    record = a_sound_event().model_dump()
    with pytest.raises(ValueError, match="Extra inputs"):
        SoundEvent(**record, colour="red")
    with pytest.raises(ValueError, match="finite"):
        SoundEvent(**(record | {"peak_dbfs": float("-inf")}))


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    record = a_sound_event().model_dump(include=set(HeardEvent.model_fields))
    with pytest.raises(ValueError, match="ends at or after its start"):
        HeardEvent(**(record | {"end_s": 0.1}))


def test_types_map_to_arrow_with_their_nullability() -> None:
    assert arrow_type(float | None) == (pa.float64(), True)
    assert arrow_type(list[str])[0] == pa.list_(pa.field("item", pa.string(), nullable=False))
    kind, _ = arrow_type(TrackBox)
    assert kind.field("mask_rle").nullable
    assert not kind.field("score").nullable


def test_a_type_that_arrow_cannot_hold_is_a_mistake_in_the_class() -> None:
    with pytest.raises(TypeError, match="no Arrow type"):
        arrow_type(dict[str, int])
    with pytest.raises(TypeError, match="one type or None"):
        arrow_type(int | str)
