"""Of which things it is surely false that they make a sound: never of one that may."""

from collections.abc import Sequence

import pytest

from pipeline.verification.makers import NO_MAKERS, Makers
from schemas.evidence import SoundEvent
from schemas.objects import FoundObject
from schemas.reasoning import Stated
from tests.annotators.objects.chains.making import (
    DURATION_S,
    HITS,
    LEFT,
    MADE,
    NOISE,
    RIGHT,
    STILL,
    found,
    given_to,
    heard,
    track,
)

HITS_OF_LEFT = Stated(
    step_index=0, type="source", basis="inferred", text="", subject="impact", object="t00", start_s=0.0, end_s=DURATION_S
)
THINGS = [LEFT, RIGHT, STILL]


def makers(
    given: Sequence[tuple[SoundEvent, str]] = MADE, things: Sequence[FoundObject] = THINGS, score: float = 0.9
) -> Makers:
    tracks = [track(name) for thing in things for name in thing.track_ids]
    return Makers([event for event, _ in given], things, [given_to(event, who, score) for event, who in given], tracks)


def wrong(known: Makers, claim: Stated = HITS_OF_LEFT, own: list[Stated] | None = None) -> list[str]:
    return list(known.wrong_tracks(claim, own or [claim]))


def test_a_silent_thing_and_one_that_makes_other_sounds_surely_do_not_make_it() -> None:
    assert wrong(makers()) == ["t01", "t02"]
    assert wrong(makers(), HITS_OF_LEFT.model_copy(update={"subject": "tone", "object": "t01"})) == ["t00", "t02"]


@pytest.mark.parametrize("state", ["unclear", "sounding"])
def test_a_thing_of_which_nothing_is_known_may_be_the_maker(state: str) -> None:
    assert wrong(makers(things=[LEFT, found("o02", 0.0, "t02", state=state)])) == []


def test_a_thing_that_is_only_probably_silent_may_be_the_maker() -> None:
    assert wrong(makers(things=[LEFT, found("o02", 0.0, "t02", state="silent", state_score=0.6)])) == []


def test_where_one_of_the_sounds_may_be_anybody_s_nothing_is_sure() -> None:
    assert wrong(makers([*MADE[:3], (heard(9, "impact", 4.5, 4.6), "unclear"), *MADE[3:]])) == []
    assert wrong(makers(score=0.6)) == []
    ring = (heard(9, "ring", 4.5, 5.6), "unclear")  # may be taken for a hit
    assert wrong(makers([*MADE[:3], ring, *MADE[3:]])) == []


def test_a_thing_that_makes_one_of_the_sounds_is_no_wrong_maker() -> None:
    both = [*MADE[:2], (HITS[2], "o01"), *MADE[3:]]
    assert wrong(makers(both)) == ["t02"]
    until_then = HITS_OF_LEFT.model_copy(update={"end_s": 3.0})
    assert wrong(makers([*both[:3], (NOISE, "o01")]), until_then) == ["t01", "t02"]


def test_free_words_may_mean_any_sound() -> None:
    free = HITS_OF_LEFT.model_copy(update={"subject": "ball bounce"})
    assert wrong(makers(), free) == ["t02"]


def test_what_the_clip_s_own_chains_say_is_no_decoy() -> None:
    said = HITS_OF_LEFT.model_copy(update={"object": "t02"})
    assert wrong(makers(), own=[HITS_OF_LEFT, said]) == ["t01"]


def test_where_nothing_is_known_nothing_is_wrong() -> None:
    assert wrong(NO_MAKERS) == []
