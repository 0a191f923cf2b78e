"""The little Markdown that a card needs. What stands in it may be of strangers (licences, names, labels) and stays text."""

import re
from collections.abc import Iterable, Mapping, Sequence

from schemas.visible import visible

_MARKUP = re.compile(r"[\\`<>\[\]|&]")  # code, HTML, links and pictures, cells, entities


def plain(text: object) -> str:
    """Text that is shown as it is: no markup of it works, and it is one line."""
    return _MARKUP.sub(r"\\\g<0>", visible(" ".join(str(text).split())))


def markdown_table(header: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A table; whatever is in its cells is shown as it is."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row in rows:
        lines.append("| " + " | ".join(map(plain, row)) + " |")
    return "\n".join(lines)


def counted(counts: Mapping[str, int]) -> str:
    """ "name 3, other 1", sorted by name."""
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items())) or "–"
