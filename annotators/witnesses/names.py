"""Names of sounds for the witnesses: AudioSet classes for our vocabulary, and phrases to compare a claim with."""

import re
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

_WORD = re.compile(r"[a-z]+")
_FILLERS = frozenset({"a", "an", "the", "of", "and", "in", "on", "with", "or", "sound", "sounds", "noise", "s"})


class SoundNames(BaseModel):
    """`classes`: sound kind → AudioSet classes that behave like it. `decoys`: sounds of all sorts, as phrases."""

    model_config = ConfigDict(extra="forbid")

    classes: dict[str, list[str]]
    decoys: list[str]


@cache
def sound_names() -> SoundNames:
    """The file beside this module."""
    return SoundNames.model_validate(yaml.safe_load((files(__package__) / "names.yaml").read_text()))


def words_of(text: str) -> frozenset[str]:
    """The words that say something, in lower case and without a plural s."""
    words = (word if len(word) < 4 or word.endswith("ss") else word.removesuffix("s") for word in _WORD.findall(text.lower()))
    return frozenset(words) - _FILLERS


def matching_classes(subject: str, labels: dict[int, str]) -> list[int]:
    """The classes of a tagger that a subject may be: by the table for sound kinds, by their words for free words.

    A class matches free words if all words of one of its names are among them, or all of theirs are in its name: "dog bark"
    is Dog, and Bark.
    """
    if listed := sound_names().classes.get(subject):
        wanted = {name.lower() for name in listed}
        return [number for number, label in labels.items() if label.lower() in wanted]
    words = words_of(subject)
    found = []
    for number, label in labels.items():
        names = [words_of(name) for name in (label, *label.split(","))]
        if words and any(name and (name <= words or words <= name) for name in names):
            found.append(number)
    return found
