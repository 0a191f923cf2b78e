"""The template for object chains: what it says of one thing among others, and that it says nothing else."""

from dataclasses import replace

import pytest

from annotators.objects.chains.roles import ObjectCase
from annotators.objects.chains.template import ObjectTemplate, ObjectTemplateParams
from annotators.wording import claim_text
from schemas.reasoning import Reasoned, Stated
from tests.annotators.objects.chains.making import MADE, case, heard


def reasoned(of: ObjectCase, **params: object) -> Reasoned:
    return ObjectTemplate(ObjectTemplateParams.model_validate(params)).annotate([of])[0]


def described(made: Reasoned) -> list[Stated]:
    return [claim for claim in made.claims if not made.steps[claim.step_index].is_avoidance]


def avoided(made: Reasoned) -> list[Stated]:
    return [claim for claim in made.claims if made.steps[claim.step_index].is_avoidance]


def test_the_chain_tells_what_when_how_where_who_and_what_to_avoid() -> None:
    made = reasoned(case())
    assert [step.text for step in made.steps] == [
        "The left red round region is seen from 0.0 s to 9.0 s, and hits are heard.",
        "Three hits come at 1.0 s, 2.0 s and 4.0 s; the hits begin before the tone.",
        "The hit at 1.0 s reaches -18 LUFS and is neither bright nor dull (spectral centre near 2500 Hz).",
        "The hit at 1.0 s is on the left.",
        "The left red round region makes the hits: nothing else in sight goes with them so well.",
        "Avoid the tone from 5.0 s to 7.0 s and the noise from 7.5 s to 8.5 s.",
        "Avoid the tone that the right red round region makes.",
    ]
    assert [step.aspect for step in made.steps[:5]] == ["semantic", "temporal", "aesthetic", "spatial", "spatial"]
    assert [step.is_avoidance for step in made.steps] == [False] * 5 + [True] * 2


def test_own_sounds_are_claimed_in_the_description_and_others_only_in_the_avoidance() -> None:
    made = reasoned(case())
    own = {claim.subject for claim in described(made) if claim.type in ("event", "count", "attribute", "source")}
    assert own == {"impact"}
    assert {claim.subject for claim in avoided(made)} == {"tone", "noise"}
    assert [claim.value for claim in made.claims if claim.type == "count"] == [3.0]


def test_who_makes_a_sound_is_claimed_in_steps_of_its_own() -> None:
    made = reasoned(case())
    sources = [claim for claim in made.claims if claim.type == "source"]
    assert [(claim.subject, claim.object) for claim in sources] == [("impact", "t00"), ("tone", "t01")]
    for source in sources:
        assert [claim for claim in made.claims if claim.step_index == source.step_index] == [source]
    assert not any("makes" in step.text for at, step in enumerate(made.steps) if at not in {s.step_index for s in sources})


def test_another_thing_is_named_as_a_maker_only_where_that_is_sure() -> None:
    of = case()
    unsure = [one.model_copy(update={"score": 0.8}) if one.object_id == "o01" else one for one in of.makers]
    for makers, subjects in ((of.makers, {"impact", "tone"}), (unsure, {"impact"})):
        made = reasoned(replace(of, makers=makers))
        assert {claim.subject for claim in made.claims if claim.type == "source"} == subjects
    assert "tone" in {claim.subject for claim in avoided(reasoned(replace(of, makers=unsure)))}


def test_a_kind_that_others_make_too_is_not_counted() -> None:
    made = reasoned(case(made=[*MADE[:3], (heard(9, "impact", 4.5, 4.6), "o01")]))
    assert [claim for claim in described(made) if claim.type == "count"] == []
    assert "hits come at 1.0 s, 2.0 s and 4.0 s" in made.steps[1].text.lower()
    assert "Avoid the other hit at 4.5 s." in [step.text for step in made.steps]
    assert made.caption_cot.endswith("Avoid the other hit at 4.5 s.")


def test_a_thing_alone_in_its_clip_avoids_kinds_that_are_absent() -> None:
    made = reasoned(case(made=MADE[:3]))
    assert {claim.type for claim in avoided(made)} == {"absence"}
    assert {claim.subject for claim in avoided(made)}.isdisjoint({"impact", "ring", "roll", "chirp"})


def test_a_thing_whose_sounds_are_all_doubtful_is_told_by_its_clearest_kind() -> None:
    faint = [heard(n, "impact", at, at + 0.1, kind_score=0.2, snr_db=3.0) for n, at in enumerate((1.0, 2.0))]
    made = reasoned(case(made=[(event, "o00") for event in faint]))
    assert {claim.subject for claim in described(made) if claim.type == "event"} == {"impact"}


def test_a_thing_that_makes_nothing_is_the_caller_s_mistake() -> None:
    with pytest.raises(ValueError, match="o02 makes none"):
        reasoned(case("o02"))


@pytest.mark.parametrize("object_id", ["o00", "o01"])
def test_the_instruction_is_for_this_sound_alone_and_as_long_as_released_ones(object_id: str) -> None:
    made = reasoned(case(object_id))
    side = {"o00": "left", "o01": "right"}[object_id]
    assert made.caption_cot.startswith(f"Generate the sound of the {side} red round region alone: ")
    assert "Avoid" in made.caption_cot
    assert 27 <= len(made.caption_cot.split()) <= 68


def test_claims_are_worded_from_their_fields_and_lie_within_the_clip() -> None:
    for of in (case(), case("o01")):
        made = reasoned(of)
        assert {claim.step_index for claim in made.claims} == set(range(len(made.steps)))
        for claim in made.claims:
            assert claim.type == "inference" or claim.text == claim_text(claim)
            assert 0 <= (claim.start_s or 0) <= (claim.end_s or 0) <= of.clip.duration_s


def test_no_more_is_claimed_than_the_budget_allows_and_the_avoidance_is_kept() -> None:
    made = reasoned(case(), max_claims=4)
    assert len(described(made)) <= 4
    assert avoided(made)


def test_the_same_case_gives_the_same_chain() -> None:
    assert reasoned(case()) == reasoned(case())
