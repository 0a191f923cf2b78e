"""Which classes and phrases a subject is, and is not, about."""

import pytest

from annotators.witnesses.names import decoys_for, matching_classes, sound_names, words_of
from schemas.vocabulary import SOUND_KINDS

LABELS = dict(
    enumerate(
        (
            "Speech", "Male speech, man speaking", "Dog", "Bark", "Door", "Doorbell", "Bell", "Church bell", "Car", "Engine",
            "Police car (siren)", "Siren", "Fire", "Fire alarm", "Alarm", "Wind", "Wind instrument, woodwind instrument",
            "Rain", "Chirp, tweet", "Knock", "Drum roll", "Frying (food)", "Noise", "Silence",
        )
    )
)  # fmt: skip


def named(subject: str) -> list[set[str]]:
    return [{LABELS[number] for number in part} for part in matching_classes(subject, LABELS)]


@pytest.mark.parametrize(
    ("subject", "parts"),
    [
        ("dogs", [{"Dog"}]),
        ("the sound of rain", [{"Rain"}]),
        ("a man speaking", [{"Male speech, man speaking"}]),
        ("speech", [{"Speech", "Male speech, man speaking"}]),
        ("bell", [{"Bell", "Church bell"}]),
        ("alarm", [{"Alarm", "Fire alarm"}]),
        ("fire", [{"Fire"}]),
        ("wind", [{"Wind"}]),
        ("loud church bell", [{"Church bell"}]),
        ("food frying", [{"Frying (food)"}]),
        ("dog bark", [{"Dog"}, {"Bark"}]),
        ("barking dog", [{"Dog"}, {"Bark"}]),
        ("door bell", [{"Door"}, {"Bell"}]),
        ("car engine", [{"Car"}, {"Engine"}]),
        ("police car siren", [{"Police car (siren)"}]),
        ("zebra", []),
        ("", []),
        ("noise of a", []),
    ],
)
def test_a_subject_is_a_class_a_special_case_of_one_or_made_of_several(subject: str, parts: list[set[str]]) -> None:
    assert sorted(map(sorted, named(subject))) == sorted(map(sorted, parts))


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        ("impact", {"Knock", "Door"}), ("ring", {"Bell", "Church bell", "Doorbell"}), ("roll", {"Drum roll"}),
        ("tone", {"Engine"}), ("sweep", {"Siren", "Police car (siren)"}), ("chirp", {"Chirp, tweet"}),
        ("noise", {"Noise", "Wind", "Rain", "Fire", "Frying (food)"}),
    ],
)  # fmt: skip
def test_a_kind_of_sound_is_any_of_the_classes_in_the_table(kind: str, classes: set[str]) -> None:
    assert named(kind) == [classes]
    assert matching_classes(kind, {0: "Speech"}) == []


def test_words_are_compared_without_their_endings() -> None:
    assert words_of("The dogs' barking, on GLASS") == ("dog", "bark", "glass")
    assert words_of("a ringing ring") == ("ring", "ring")


def test_the_table_names_every_kind_of_sound_and_only_those() -> None:
    names = sound_names()
    assert set(names.classes) == set(SOUND_KINDS)
    assert {kind for kinds in names.decoys.values() for kind in kinds} == set(SOUND_KINDS)
    assert all(map(words_of, names.decoys))


@pytest.mark.parametrize("kind", SOUND_KINDS)
def test_a_kind_is_compared_with_many_sounds_of_other_kinds_only(kind: str) -> None:
    names = sound_names()
    decoys = decoys_for(kind)
    assert len(decoys) >= 25
    assert not any(kind in names.decoys[phrase] for phrase in decoys)


def test_a_subject_is_not_compared_with_itself_in_other_words() -> None:
    assert set(sound_names().decoys) - set(decoys_for("barking of a dog")) == {"a dog barking"}
    assert set(sound_names().decoys) - set(decoys_for("bells")) == {"a bell ringing"}
    assert decoys_for("zebra") == list(sound_names().decoys)
