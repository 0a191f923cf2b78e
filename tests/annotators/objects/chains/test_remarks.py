"""What a chain may say about who makes a sound: nothing that could be false of some sound in the claim's span."""

from annotators.objects.chains.remarks import made_by, orders, source_claim
from annotators.template.salience import Group
from tests.annotators.objects.chains.making import DURATION_S, HITS, LEFT, MADE, RIGHT, case, found, heard


def span(of: object) -> tuple[float | None, float | None]:
    return getattr(of, "start_s", None), getattr(of, "end_s", None)


def test_a_kind_that_only_the_thing_makes_is_claimed_for_the_whole_clip() -> None:
    claim = source_claim(case(), LEFT, "impact")
    assert claim is not None
    assert (claim.type, claim.subject, claim.object, claim.basis) == ("source", "impact", "t00", "inferred")
    assert span(claim) == (0.0, DURATION_S)
    assert claim.text == "What moves in track t00 makes the hits between 0.0 s and 9.0 s."


def test_where_others_make_the_kind_too_the_claim_is_about_the_longest_stretch_without_them() -> None:
    for maker in ("o01", "off_screen", "unclear"):
        made = [MADE[0], MADE[1], (heard(8, "impact", 3.0, 3.1), maker), MADE[2]]
        assert span(source_claim(case(made=made), LEFT, "impact")) == (1.0, 2.1), maker


def test_a_lasting_sound_with_another_of_its_kind_over_it_is_nobody_s() -> None:
    tones = [(heard(0, "tone", 1.0, 6.0), "o00"), (heard(1, "tone", 3.0, 4.0), "o01")]
    assert source_claim(case(made=tones), LEFT, "tone") is None
    assert source_claim(case(made=tones), RIGHT, "tone") is None


def test_a_thing_is_named_by_the_track_that_follows_it_then() -> None:
    twice = found("o00", -0.6, "t00", "t05")
    lost = case(things=[twice, RIGHT])
    tracks = [track.model_copy(update=times) for track, times in zip(lost.clip.tracks, TIMES, strict=True)]
    early, late = (
        source_claim(case(made=made, things=[twice, RIGHT], tracks=tracks), twice, "impact")
        for made in ([(HITS[0], "o00")], [(HITS[2], "o00")])
    )
    assert early is not None
    assert late is not None
    assert (early.object, late.object) == ("t00", "t05")


TIMES = ({"end_s": 3.0}, {"start_s": 3.5}, {})


def test_a_thing_without_a_known_track_is_not_claimed_to_make_anything() -> None:
    assert source_claim(case(tracks=[]), LEFT, "impact") is None
    assert made_by(case(tracks=[]), Group("impact", HITS, True)) is None


def test_order_is_claimed_only_between_kinds_whose_first_sound_is_spoken_of() -> None:
    hits, tone = Group("impact", HITS, True), Group("tone", [MADE[3][0]], False)
    (said,) = orders(case(), [hits], [tone])
    assert [(claim.subject, claim.object, claim.relation) for claim in said.claims] == [("impact", "tone", "before")]
    earlier = [(heard(7, "tone", 0.2, 0.6, kind_score=0.1), "unclear"), *MADE]
    assert orders(case(made=earlier), [hits], [tone]) == []
