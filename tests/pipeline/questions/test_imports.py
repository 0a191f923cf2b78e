"""Rows of AVQA and MUSIC-AVQA, from every kind of file, and what is wrong with those that are no questions."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.questions.imports import ImportedQuestion, read_questions
from schemas.errors import RecipeError

AVQA: dict[str, Any] = {
    "id": 183, "video_name": "-HG3Omg_89c_000030", "video_id": 341, "question_text": "What happened in the video?",
    "multi_choice": ["motorboat", "Yacht consignment", "Sailboat set sail", "Consignment car"], "answer": 1,
    "question_relation": "View", "question_type": "Happening",
}  # fmt: skip
MUSIC: list[dict[str, Any]] = [
    {
        "video_id": "00000272", "question_id": 0, "type": '["Audio", "Counting"]', "anser": "two", "templ_values": "[]",
        "question_content": "How many musical instruments were heard throughout the video?",
    },
    {
        "video_id": "00000273", "question_id": 1, "type": '["Audio", "Counting"]', "anser": "one", "templ_values": "[]",
        "question_content": "How many musical instruments were heard throughout the video?",
    },
    {
        "video_id": "00000272", "question_id": 2, "type": '["Visual", "Location"]', "anser": "left",
        "templ_values": '["ukulele", "left"]', "question_content": "Is the <Object> on the <LR> of the picture?",
    },
    {
        "video_id": "00000272", "question_id": 3, "type": '["Visual", "Location"]', "anser": "right",
        "templ_values": '["cello", "right"]', "question_content": "Is the <Object> on the <LR> of the picture?",
    },
]  # fmt: skip


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    match path.suffix:
        case ".json":
            path.write_text(json.dumps(rows))
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        case ".csv":
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    return str(path)


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".parquet"])
def test_avqa_rows_are_read_from_every_kind_of_file(tmp_path: Path, suffix: str) -> None:
    found = read_questions(written(tmp_path / f"avqa{suffix}", [AVQA, AVQA | {"answer": 0}]))
    one, other = found.by_video["-HG3Omg_89c_000030"]
    assert one == ImportedQuestion(
        "-HG3Omg_89c_000030", "avqa", "View/Happening", "What happened in the video?", tuple(AVQA["multi_choice"]), 1
    )
    assert other.answer_index == 0
    assert found.num_questions == 2


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".parquet"])
def test_music_avqa_rows_have_their_templates_filled_and_the_answers_of_their_type_as_choices(
    tmp_path: Path, suffix: str
) -> None:
    found = read_questions(written(tmp_path / f"music{suffix}", MUSIC))
    first, second, third = found.by_video["00000272"]
    assert (first.origin, first.kind, first.choices, first.answer_index) == ("music-avqa", "Audio/Counting", ("one", "two"), 1)
    assert second.text == "Is the ukulele on the left of the picture?"
    assert (second.choices, second.answer_index, third.answer_index) == (("left", "right"), 0, 1)
    assert found.by_video["00000273"][0].answer_index == 0


def test_rows_that_their_authors_have_struck_out_are_no_questions(tmp_path: Path) -> None:
    rows = [row | {"question_deleted": 0} for row in MUSIC] + [MUSIC[0] | {"question_deleted": 1, "anser": "nine"}]
    for suffix in (".json", ".csv"):
        found = read_questions(written(tmp_path / f"music{suffix}", rows))
        assert found.num_questions == 4
        assert found.by_video["00000272"][0].choices == ("one", "two")


def test_the_hash_is_of_the_bytes_alone(tmp_path: Path) -> None:
    one = read_questions(written(tmp_path / "a.json", [AVQA]))
    same = read_questions(written(tmp_path / "b.json", [AVQA]))
    other = read_questions(written(tmp_path / "c.json", [AVQA | {"answer": 2}]))
    assert one.sha256 == same.sha256 != other.sha256


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ({"answer": 4}, "answer must be an index below 4, got 4"),
        ({"answer": -1}, "answer must be an index below 4"),
        ({"answer": "B"}, "answer must be an index, got 'B'"),
        ({"answer": None}, "it has no answer (it has: answer, id, "),
        ({"multi_choice": ["a"]}, "2 to 26 choices that say something, got 1"),
        ({"multi_choice": ["a", ""]}, "2 to 26 choices that say something"),
        ({"multi_choice": ["a"] * 27}, "2 to 26 choices that say something, got 27"),
        ({"multi_choice": ["a", "a"]}, "its choices must differ"),
        ({"multi_choice": "a or b"}, "multi_choice must be a list, got 'a or b'"),
        ({"video_name": " "}, "it has no video_name"),
        ({"question_text": None}, "it has no question_text"),
    ],
)
def test_a_bad_row_is_named_with_what_is_wrong_with_it(tmp_path: Path, row: dict[str, Any], mistake: str) -> None:
    url = written(tmp_path / "avqa.json", [AVQA, AVQA | row])
    with pytest.raises(RecipeError) as caught:
        read_questions(url)
    assert f"row 2 of {url} is no question: " in str(caught.value)
    assert mistake in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ({"templ_values": '["ukulele"]'}, "question_content has 2 placeholders and templ_values 1"),
        ({"templ_values": "ukulele"}, "templ_values must be a list"),
        ({"type": '["Visual", "Existential"]'}, "one answer only to questions of its type Visual/Existential"),
        ({"type": "Visual"}, "type must be a list"),
        ({"anser": ""}, "it has no answer"),
    ],
)
def test_a_bad_row_of_music_avqa_is_named_too(tmp_path: Path, row: dict[str, Any], mistake: str) -> None:
    url = written(tmp_path / "music.json", [*MUSIC, MUSIC[2] | row])
    with pytest.raises(RecipeError, match="row 5 of ") as caught:
        read_questions(url)
    assert mistake in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "mistake"),
    [
        ("x.json", "[]", "have no rows"),
        ("x.json", '{"a": 1}', "is a list of objects"),
        ("x.json", "[1]", "row 1 of .* it is not an object"),
        ("x.json", "[", "cannot be read"),
        ("x.jsonl", "{}\n{", "cannot be read"),
        ("x.parquet", "PAR", "cannot be read"),
        ("x.txt", "hello", r"ends in .json, .jsonl, .csv or .parquet, got .txt"),
    ],
)
def test_a_file_that_holds_no_questions_is_an_error_of_one_line(tmp_path: Path, name: str, text: str, mistake: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RecipeError, match=mistake):
        read_questions(str(tmp_path / name))
    with pytest.raises(RecipeError, match="cannot be read"):
        read_questions(str(tmp_path / "absent.json"))
