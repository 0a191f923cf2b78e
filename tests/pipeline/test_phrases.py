"""What is looked for in a picture: the things that a sentence names, and nothing else of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.phrases import MAX_WORDS, noun_phrases


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("A dog and a red car are near the door.", ["dog", "red car", "door"]),
        ("Two black cats follow a mouse", ["black cats", "mouse"]),
        ("The bell, then the drum; then the bell again.", ["bell", "drum"]),
        ("A small shiny old brass bell is heard.", ["old brass bell"]),
        ("dog barking", ["dog barking"]),
        ("The drummer's stick hits a hi-hat", ["drummer's stick hits", "hi-hat"]),
        ("At 3.5 s a ball, 12 px wide, stops at the top left.", ["ball", "wide"]),
        ("It is there, and then it is not.", []),
        ("…  12:30 — 100 %", []),
        ("", []),
    ],
)
def test_a_sentence_names_the_words_between_its_function_words(text: str, phrases: list[str]) -> None:
    assert noun_phrases(text) == phrases


def test_upper_case_and_line_ends_make_no_difference() -> None:
    assert noun_phrases("A RED\nCar and\ta Dog") == noun_phrases("a red car and a dog") == ["red car", "dog"]


def test_letters_of_any_alphabet_make_words() -> None:
    assert noun_phrases("un café noir, ein Straßenlärm") == ["un café noir", "ein straßenlärm"]
    assert noun_phrases("собака и машина") == ["собака и машина"], "function words of other languages are not known"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_whatever_the_text_phrases_are_its_own_words_few_and_each_is_there_once(text: str) -> None:
    phrases = noun_phrases(text)
    assert len(set(phrases)) == len(phrases)
    for phrase in phrases:
        words = phrase.split()
        assert 1 <= len(words) <= MAX_WORDS
        assert all(word[0].isalpha() and word in text.lower() for word in words)
        assert not re.search(r"[\d.,;:!?]", phrase)
