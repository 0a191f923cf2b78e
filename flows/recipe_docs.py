"""Keeps the table of keys in docs/recipes.md as the classes have it: `python -m flows.recipe_docs`, run by `make docs`."""

from pathlib import Path

from flows.recipe import Recipe
from flows.recipe_keys import recipe_table

PAGE = Path("docs/recipes.md")
BEGIN, END = "<!-- keys -->\n", "<!-- end of keys -->"


def with_table(page: str, table: str) -> str:
    """The page with its table replaced. ValueError if its marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} must have the marks {BEGIN.strip()} and {END}")
    return before + begin + table + end + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), recipe_table(Recipe())), encoding="utf-8")
