"""docs/tables.md, made from the classes: `python -m schemas.docs > docs/tables.md`.

The descriptions are the class docstrings and the comments beside the fields, so the page cannot say something else than the
code. A test compares the page with what this module makes.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from schemas import vocabulary
from schemas.arrow import arrow_schema
from schemas.errors import FAILURE_CODES
from schemas.tables import TABLES

_FIELD = re.compile(r"^    (\w+): [^#\n]*#\s*(.+)$", re.MULTILINE)
_HEADER = """# Tables

*Generated from the classes in `schemas` by `make docs`; do not edit.*

Every table is a DuckDB view in `audiocot query --root URL "SQL"`, and a folder of Parquet parts on disk. The views show the
current generation of each stage; `history.<table>` shows all generations with `origin.stage` and `origin.fingerprint`, and
`clip_shard` says which shard holds a clip's media. Times are seconds from the clip's start, spans are half-open."""


def tables_page() -> str:
    """The whole page as Markdown."""
    parts = [_HEADER]
    for name, row in sorted(TABLES.items()):
        comments = _comments(row)
        lines = [f"## {name}", inspect.cleandoc(row.__doc__ or ""), "| field | type | null | meaning |\n|---|---|---|---|"]
        fields = [
            f"| `{field.name}` | {_type(str(field.type))} | {'yes' * field.nullable} | {comments.get(field.name, '')} |"
            for field in arrow_schema(row)
        ]
        parts.append("\n\n".join(lines) + "\n" + "\n".join(fields))
    parts.append("## Vocabulary")
    for title, words in _vocabulary():
        parts.append(f"### {title}\n\n| word | means |\n|---|---|\n" + "\n".join(f"| `{k}` | {v} |" for k, v in words.items()))
    return "\n\n".join(parts)


def _comments(row: type[BaseModel]) -> dict[str, str]:
    """Field name → the comment beside it, from the class and its bases."""
    found: dict[str, str] = {}
    for base in reversed(row.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= {name: comment.replace("|", "·") for name, comment in _FIELD.findall(inspect.getsource(base))}
    return found


def _type(arrow: str) -> str:
    """Arrow's name of a type, without the noise of list items."""
    return arrow.replace("item: ", "").replace(" not null", "").replace("|", "·")


def _vocabulary() -> Iterator[tuple[str, Mapping[Any, str]]]:
    yield "Sounds (`sound_event.kind`, `claim.subject`)", vocabulary.SOUND_KINDS
    yield "Motion (`motion_event.kind`)", vocabulary.MOTION_KINDS
    yield "Claims (`claim.type`)", vocabulary.CLAIM_TYPES
    yield "Relations (`claim.relation`)", vocabulary.RELATIONS
    yield "Failure codes (`failure.code`)", FAILURE_CODES


if __name__ == "__main__":
    print(tables_page())
