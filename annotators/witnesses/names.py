"""Names of sounds for the witnesses: AudioSet classes for our vocabulary, and phrases to compare a claim with."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

_WORD = re.compile(r"[a-z]+")
_FILLERS = frozenset({"a", "an", "the", "of", "and", "in", "on", "with", "or", "sound", "noise", "s"})


class SoundNames(BaseModel):
    """`classes`: sound kind → AudioSet classes that behave like it. `decoys`: phrase → the sound kinds it may be."""

    model_config = ConfigDict(extra="forbid")

    classes: dict[str, list[str]]
    decoys: dict[str, list[str]]


@cache
def sound_names() -> SoundNames:
    """The file beside this module."""
    return SoundNames.model_validate(yaml.safe_load((files(__package__) / "names.yaml").read_text()))


def words_of(text: str) -> tuple[str, ...]:
    """The words that say something, in lower case and without a plural's s or an -ing, so that barks and barking are bark."""
    stems = (_stem(word) for word in _WORD.findall(text.lower()))
    return tuple(stem for stem in stems if stem not in _FILLERS)


def _stem(word: str) -> str:
    if len(word) >= 6 and word.endswith("ing"):  # not ring, sing and wing
        return word.removesuffix("ing")
    return word if len(word) < 4 or word.endswith("ss") else word.removesuffix("s")


def decoys_for(subject: str) -> list[str]:
    """The phrases that are surely of another sound: not of the subject's kind, and without a word in common with it."""
    words = set(words_of(subject))
    return [
        phrase for phrase, kinds in sound_names().decoys.items() if subject not in kinds and not words & set(words_of(phrase))
    ]


def matching_classes(subject: str, labels: Mapping[int, str]) -> list[list[int]]:
    """The classes of a tagger that a subject is about: it sounds if of each list at least one does.

    A sound kind is any of the classes that the table has for it. Free words are any class of that name or a special case of
    it, which in English ends with it ("church bell" is a bell, "fire alarm" is not a fire). If there is none, they are all of
    the most special classes that they are made of: "door bell" is a door and a bell.
    """
    if listed := sound_names().classes.get(subject):
        wanted = {name.lower() for name in listed}
        found = [number for number, label in labels.items() if label.lower() in wanted]
        return [found] if found else []
    words = words_of(subject)
    names = [(number, words_of(name)) for number, label in labels.items() for name in label.split(",")]
    if special := {number for number, name in names if words and name[-len(words) :] == words}:
        return [sorted(special)]
    parts = {number: frozenset(name) for number, name in names if name and set(name) <= set(words)}
    return [[number] for number, part in parts.items() if not any(part < other for other in parts.values())]
