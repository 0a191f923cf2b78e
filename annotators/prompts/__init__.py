"""The prompts, in one place: one Markdown file each, named `<task>.v<number>.md`.

A prompt's id is `<task>.v<number>@<hash of its text>`, so a text that was edited without a new number still has a new id,
every row says which text asked for it, and every changed text re-runs what it asked. Placeholders are `{name}`; a template
and what it is filled with never mix: braces in the values stay as they are.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class Prompt:
    """`id` goes into rows and fingerprints."""

    id: str
    template: str

    def fill(self, **values: str) -> str:
        """The text with every placeholder replaced. KeyError for one that was not given, ValueError for one too many."""
        if extra := set(values) - set(_PLACEHOLDER.findall(self.template)):
            raise ValueError(f"prompt {self.id} has no placeholder {sorted(extra)[0]!r}")
        return _PLACEHOLDER.sub(lambda match: values[match[1]], self.template)


@cache
def prompt(name: str) -> Prompt:
    """The prompt in `<name>.md`."""
    text = (files(__name__) / f"{name}.md").read_text(encoding="utf-8").strip()
    return Prompt(f"{name}@{hashlib.sha256(text.encode()).hexdigest()[:8]}", text)
