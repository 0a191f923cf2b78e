"""Which heard events are taken for one maker's."""

from annotators.objects.sounds import made_sounds
from schemas.evidence import SoundEvent
from tests.annotators.objects.making import event


def ids(*events: SoundEvent) -> list[list[str]]:
    return [[one.event_id for one in sound.events] for sound in made_sounds(events)]


def test_hits_of_one_timbre_and_place_are_one_sound() -> None:
    assert ids(event(0, "impact", 1, pan=0.4), event(1, "impact", 2, pan=0.2), event(2, "impact", 3, pan=0.0)) == [
        ["s000", "s001", "s002"]
    ]


def test_another_kind_timbre_pitch_or_place_is_another_sound() -> None:
    first = event(0, "impact", 1, pan=0.4)
    assert len(ids(first, event(1, "ring", 2, pan=0.4))) == 2
    assert len(ids(first, event(1, "impact", 2, pan=0.4, centroid_hz=2000))) == 2
    assert len(ids(first, event(1, "impact", 2, pan=-0.4))) == 2
    assert len(ids(event(0, "tone", 1, 2, pitch_hz=440), event(1, "tone", 3, 4, pitch_hz=660))) == 2


def test_two_makers_that_take_turns_are_two_sounds() -> None:
    turns = [event(n, "impact", n, pan=0.6 if n % 2 else -0.6) for n in range(6)]
    assert ids(*turns) == [["s000", "s002", "s004"], ["s001", "s003", "s005"]]


def test_a_long_pause_does_not_join_sounds_from_both_sides() -> None:
    assert len(ids(event(0, "impact", 1, pan=0.0), event(1, "impact", 6, pan=-0.9))) == 2
    assert len(ids(event(0, "impact", 1, pan=0.0), event(1, "impact", 3, pan=-0.5))) == 1


def test_lasting_sounds_at_the_same_time_have_two_makers() -> None:
    assert len(ids(event(0, "tone", 1, 5, pitch_hz=440), event(1, "tone", 3, 6, pitch_hz=440))) == 2
