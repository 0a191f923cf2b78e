"""The little Markdown that a card needs."""

from collections.abc import Iterable, Mapping, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A table; bars and line breaks in cells stay data."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row in rows:
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |")
    return "\n".join(lines)


def counted(counts: Mapping[str, int]) -> str:
    """ "name 3, other 1", sorted by name."""
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items())) or "–"
