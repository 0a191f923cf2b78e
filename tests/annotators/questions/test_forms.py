"""The forms of questions: what is worded is read back as what was meant, and nothing else is."""

import pytest

from annotators.questions import forms
from annotators.questions.forms import UNSEEN, Worded, read_query
from annotators.wording import claim_text
from schemas.vocabulary import SOUND_KINDS, SoundKind

TRACKS = {"red ball": "t00", "blue box": "t01"}
WORDED = [
    forms.ask_which(["impact", "tone"]),
    forms.ask_count("ring", [0, 3, 12, 40]),
    forms.ask_order([("impact", "tone", "noise"), ("tone", "impact", "noise")]),
    forms.ask_when("chirp", [0.0, 2.5, 11.1]),
    forms.ask_where("sweep"),
    forms.ask_loudness("noise"),
    forms.ask_maker("roll", ["red ball", "blue box"]),
]


@pytest.mark.parametrize("worded", WORDED, ids=lambda worded: worded.kind)
def test_every_form_is_read_back_as_its_own_kind_with_a_meaning_of_its_own_for_each_choice(worded: Worded) -> None:
    query = read_query(worded.text, worded.choices, TRACKS)
    assert query is not None
    assert query.kind == worded.kind
    meanings = [(tuple(map(claim_text, meaning.claims)), meaning.is_denied) for meaning in query.meanings]
    assert len(set(meanings)) == len(worded.choices)


@pytest.mark.parametrize("kind", SOUND_KINDS)
def test_every_kind_of_sound_can_be_asked_about(kind: SoundKind) -> None:
    for worded in (
        forms.ask_count(kind, [1, 4]),
        forms.ask_when(kind, [1.0]),
        forms.ask_where(kind),
        forms.ask_maker(kind, []),
    ):
        query = read_query(worded.text, worded.choices, {})
        assert query is not None
        assert query.subject == kind


def test_choices_mean_the_claims_of_the_vocabulary() -> None:
    count = read_query("How many hits are heard?", ["three"], {})
    order = read_query("In which order do these sounds begin?", ["a hit, then a tone, then a noise"], {})
    which = read_query("Which of these sounds is heard?", ["a chirp"], {})
    maker = read_query("What makes the hits?", ["the red ball", UNSEEN], TRACKS)
    assert count
    assert order
    assert which
    assert maker
    assert [claim_text(claim) for claim in count.meanings[0].claims] == ["Exactly three hits are heard."]
    assert [(claim.subject, claim.object) for claim in order.meanings[0].claims] == [("impact", "tone"), ("tone", "noise")]
    assert (which.meanings[0].claims[0].type, which.meanings[0].is_denied) == ("absence", True)
    assert [claim.object for claim in maker.meanings[0].claims] == ["t00"]
    assert ([claim.object for claim in maker.meanings[1].claims], maker.meanings[1].is_denied) == (["t00", "t01"], True)


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("How many dogs bark?", ["one", "two"]),
        ("How many dogs are heard?", ["one", "two"]),
        ("How many hits are heard?", ["one", "a few"]),
        ("When does the first hit begin?", ["at 1.0 s", "later"]),
        ("What makes the hits?", ["the green box", UNSEEN]),
        ("In which order do these sounds begin?", ["a hit", "a tone"]),
        ("", []),
    ],
)
def test_a_question_of_no_form_is_not_understood(text: str, choices: list[str]) -> None:
    assert read_query(text, choices, TRACKS) is None
