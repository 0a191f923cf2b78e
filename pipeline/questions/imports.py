"""Questions of other data sets: AVQA and MUSIC-AVQA rows, from JSON, JSONL, CSV or Parquet at any URL.

AVQA (Yang et al., ACM MM 2022): `video_name`, `question_text`, `multi_choice` (a list), `answer` (its index from 0), and
optionally `id`, `question_relation` (View, Sound, Both) and `question_type`. MUSIC-AVQA (Li et al., CVPR 2022): `video_id`,
`question_content` with placeholders such as `<Object>` that `templ_values` fills in order, `anser` (as its authors spell it;
`answer` is taken too) and `type`, a list of two words. It has no choices: they are the answers that the file has to questions
of that type.

A file is read whole and refused whole: one bad row is a RecipeError that names it, because rows that are left out in silence
would change a benchmark. Rows that match no source are no mistake: most files speak of more videos than a folder has.
"""

import ast
import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotators.questions.parsing import MOST_CHOICES
from pipeline.locations import open_source, without_query
from schemas.errors import RecipeError

_PLACEHOLDER = re.compile(r"<[^<>]+>")


@dataclass(frozen=True)
class ImportedQuestion:
    """`video`: the stem of the file that it is about."""

    video: str
    origin: str
    kind: str
    text: str
    choices: tuple[str, ...]
    answer_index: int


@dataclass(frozen=True)
class ImportedFile:
    """All questions of a file, by the video they are about, and the hash of its bytes."""

    sha256: str
    by_video: dict[str, list[ImportedQuestion]]

    @property
    def num_questions(self) -> int:
        return sum(map(len, self.by_video.values()))


class _BadRow(Exception):
    """What is wrong with a row."""


def read_questions(url: str) -> ImportedFile:
    """Every question of a file. RecipeError if it cannot be read, is empty, or has a row that is no question."""
    shown = without_query(url)
    try:
        with open_source(url) as file:
            data = file.read()
        rows = _records(data, PurePosixPath(shown).suffix.lower())
    except (OSError, ValueError, pa.ArrowInvalid, csv.Error) as error:
        raise RecipeError(f"the questions in {shown} cannot be read: {error}") from None
    if not rows:
        raise RecipeError(f"the questions in {shown} have no rows")
    vocabulary = _vocabulary(rows)
    by_video: dict[str, list[ImportedQuestion]] = defaultdict(list)
    for number, row in enumerate(rows, start=1):
        if _is_withdrawn(row):
            continue
        try:
            question = _question(row, vocabulary)
        except _BadRow as error:
            raise RecipeError(f"row {number} of {shown} is no question: {error}") from None
        by_video[question.video].append(question)
    return ImportedFile(sha256(data).hexdigest(), dict(by_video))


@lru_cache(maxsize=1)
def same_questions(url: str, expected_sha256: str) -> ImportedFile:
    """Every question of a file that is known by its hash, read once in this process. RecipeError if it has changed."""
    found = read_questions(url)
    if found.sha256 != expected_sha256:
        raise changed(url, found.sha256, expected_sha256)
    return found


def changed(url: str, found: str, expected: str | None) -> RecipeError:
    """The error for a file that is not what a recipe was made with."""
    return RecipeError(f"the questions in {without_query(url)} have changed: their hash is {found}, not {expected}")


def _records(data: bytes, suffix: str) -> list[Any]:
    if suffix == ".parquet":
        records: list[Any] = pq.read_table(io.BytesIO(data)).to_pylist()
        return records
    text = data.decode("utf-8-sig")
    if suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    if suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if suffix == ".json":
        found = json.loads(text)
        if not isinstance(found, list):
            raise ValueError("a JSON file of questions is a list of objects")
        return found
    raise ValueError(f"a file of questions ends in .json, .jsonl, .csv or .parquet, got {suffix or 'no ending'}")


def _question(row: object, vocabulary: dict[str, list[str]]) -> ImportedQuestion:
    if not isinstance(row, dict):
        raise _BadRow("it is not an object")
    return _music_avqa(row, vocabulary) if "question_content" in row else _avqa(row)


def _avqa(row: dict[str, Any]) -> ImportedQuestion:
    choices = tuple(str(choice).strip() for choice in _list(row, "multi_choice"))
    try:
        answer = int(_filled(row, "answer"))
    except ValueError:
        raise _BadRow(f"answer must be an index, got {row['answer']!r}") from None
    relation, kind = (str(row.get(name) or "").strip() for name in ("question_relation", "question_type"))
    return _checked(
        "avqa", row, "video_name", "/".join(filter(None, (relation, kind))) or "unnamed", "question_text", choices, answer
    )


def _music_avqa(row: dict[str, Any], vocabulary: dict[str, list[str]]) -> ImportedQuestion:
    kind = _type(row)
    text = _filled(row, "question_content")
    num_open = len(_PLACEHOLDER.findall(text))
    values = [str(value) for value in _list(row, "templ_values")] if num_open else []
    if len(values) < num_open:
        raise _BadRow(f"question_content has {num_open} placeholders and templ_values {len(values)}")
    given = iter(values)  # what is left over belongs to no placeholder
    asked = _PLACEHOLDER.sub(lambda _: next(given), text)
    choices = tuple(vocabulary[kind])
    if len(choices) < 2:
        raise _BadRow(f"the file has one answer only to questions of its type {kind}, so that there is nothing to choose from")
    answer = choices.index(_answer(row))
    return _checked("music-avqa", row | {"question_content": asked}, "video_id", kind, "question_content", choices, answer)


def _checked(
    origin: str, row: dict[str, Any], video: str, kind: str, text: str, choices: tuple[str, ...], answer: int
) -> ImportedQuestion:
    if not 2 <= len(choices) <= MOST_CHOICES or not all(choices):
        raise _BadRow(f"it must have 2 to {MOST_CHOICES} choices that say something, got {len(choices)}: {list(choices)!r:.80}")
    if len(set(choices)) < len(choices):
        raise _BadRow(f"its choices must differ, got {list(choices)!r:.80}")
    if not 0 <= answer < len(choices):
        raise _BadRow(f"answer must be an index below {len(choices)}, got {answer}")
    name = PurePosixPath(_filled(row, video)).name
    stem = name.removesuffix(".mp4")
    return ImportedQuestion(stem, origin, kind, _filled(row, text), choices, answer)


def _vocabulary(rows: Sequence[Any]) -> dict[str, list[str]]:
    """The answers to each type of question of a file without choices, in alphabetic order."""
    answers: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if isinstance(row, dict) and "question_content" in row and not _is_withdrawn(row):
            try:
                answers[_type(row)].add(_answer(row))
            except _BadRow:
                continue  # told when the row is read
    return {kind: sorted(given) for kind, given in answers.items()}


def _is_withdrawn(row: object) -> bool:
    """Whether the authors of MUSIC-AVQA have struck it out (`question_deleted`)."""
    return isinstance(row, dict) and str(row.get("question_deleted") or 0) not in ("0", "False")


def _type(row: dict[str, Any]) -> str:
    return "/".join(str(word) for word in _list(row, "type"))


def _answer(row: dict[str, Any]) -> str:
    return _filled(row, "anser" if row.get("anser") not in (None, "") else "answer")


def _filled(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None or not str(value).strip():
        raise _BadRow(f"it has no {name} (it has: {', '.join(sorted(map(str, row))) or 'nothing'})")
    return str(value).strip()


def _list(row: dict[str, Any], name: str) -> list[Any]:
    """A list, or the text of one: MUSIC-AVQA and every CSV write lists as text."""
    value = row.get(name)
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            value = None
    if not isinstance(value, (list, tuple)):
        raise _BadRow(f"{name} must be a list, got {row.get(name)!r:.80}")
    return list(value)
