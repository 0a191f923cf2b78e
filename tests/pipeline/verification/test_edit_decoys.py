"""Decoys about editing tasks: false of the sound that they name, because the task itself makes them so."""

import pytest

from annotators.edits.sounds import EditSounds, sounds_of
from annotators.wording import claim_text, worded
from pipeline.verification.decoys import CLEARANCE_S
from pipeline.verification.edit_decoys import plant_edit_decoys
from schemas.edits import Edit
from schemas.reasoning import Claim, Decoy, Stated
from tests.annotators.edits.cases import DURATION_S, clip, edit, heard

OWN = clip(heard("impact", 0.5, 0.6), heard("tone", 7.6, 8.8), floor_dbfs=-62)
LENT = clip(heard("ring", 2.6, 3.3), clip_id="b")


def claim(number: int, type: str, media: str | None, clip_id: str = "a", **fields: object) -> Claim:
    given = {"step_index": 0, "type": type, "basis": "heard", "text": "", "media": media, **fields}
    cot_id = f"{clip_id}/edit-addition"
    stated = worded(Stated.model_validate(given))
    return Claim(**stated.model_dump(), clip_id=clip_id, model="m@1", claim_id=f"{cot_id}/c{number:02d}", cot_id=cot_id)


ADDED = claim(0, "event", "target", subject="ring", start_s=4.6, end_s=5.3)
HIT_BEFORE = claim(1, "event", "input", subject="impact", start_s=0.5, end_s=0.6)
HIT_AFTER = claim(2, "event", "target", subject="impact", start_s=0.5, end_s=0.6)
COUNT = claim(3, "count", "target", subject="ring", start_s=3.0, end_s=7.0, value=1)
LACK = claim(4, "absence", "input", subject="ring", start_s=3.0, end_s=7.0)
LEVEL = claim(5, "inference", None, subject=None)
CLAIMS = [ADDED, HIT_BEFORE, HIT_AFTER, COUNT, LACK, LEVEL]


def addition() -> tuple[Edit, EditSounds]:
    task = edit("addition", 3.0, 7.0)
    return task, sounds_of(task, OWN, LENT)


def planted(claims: list[Claim] | None = None, seed: int = 1, per_kind: int = 1) -> list[Decoy]:
    task, sounds = addition()
    others = [claim(0, "event", "input", "b", subject="noise", start_s=2.0, end_s=3.0)]
    return plant_edit_decoys(task, CLAIMS if claims is None else claims, others, sounds, seed, per_kind)


def test_decoys_of_a_chain_are_numbered_through_and_about_one_of_its_sounds_each() -> None:
    decoys = planted(per_kind=2)
    assert [decoy.claim_id for decoy in decoys] == [f"a/edit-addition/d{number:02d}" for number in range(len(decoys))]
    assert {decoy.decoy_kind for decoy in decoys} == {"moved", "miscounted", "negated", "other_clip", "wrong_media"}
    for decoy in decoys:
        assert decoy.media in ("input", "target")
        assert decoy.text == claim_text(decoy)
        assert (decoy.clip_id, decoy.cot_id) == ("a", "a/edit-addition")


def test_there_are_so_many_of_each_kind_for_both_sounds_together() -> None:
    kinds = [decoy.decoy_kind for decoy in planted(per_kind=1)]
    assert len(kinds) == len(set(kinds))


def test_what_was_added_is_false_of_the_input_and_its_absence_of_the_target() -> None:
    wrong = [decoy for decoy in planted(per_kind=8) if decoy.decoy_kind == "wrong_media"]
    assert sorted((decoy.media, decoy.type, decoy.subject, decoy.made_from[-3:]) for decoy in wrong) == [
        ("input", "event", "ring", "c00"), ("target", "absence", "ring", "c04"),
    ]  # fmt: skip


STARTS_S = (2.5, 3.1, 4.0, 6.85, 7.3)


@pytest.mark.parametrize(("end_s", "expected"), [(9.0, {4.0, 6.85, 7.3}), (7.0, {4.0})])
def test_what_was_silenced_is_false_of_the_input_unless_the_end_of_the_silence_is_near(
    end_s: float, expected: set[float]
) -> None:
    own = clip(*(heard("impact", at, at + 0.1) for at in STARTS_S))
    task = edit("extension" if end_s == DURATION_S else "inpainting", 3.0, end_s)
    claims = [
        claim(number, "event", "target", subject="impact", start_s=at, end_s=at + 0.1) for number, at in enumerate(STARTS_S)
    ]
    decoys = plant_edit_decoys(task, claims, [], sounds_of(task, own, None), 1, per_kind=8)
    said = {decoy.start_s for decoy in decoys if decoy.decoy_kind == "wrong_media"}
    assert said == expected


def test_no_event_is_planted_where_anything_told_or_doubted_of_that_sound_comes_near() -> None:
    _, sounds = addition()
    for decoy in planted(per_kind=8):
        assert decoy.media is not None
        if decoy.type == "event" and decoy.start_s is not None and decoy.end_s is not None:
            near = [
                event
                for event in sounds.heard(decoy.media)
                if event.kind == decoy.subject
                and event.start_s < decoy.end_s + CLEARANCE_S
                and event.end_s > decoy.start_s - CLEARANCE_S
            ]
            assert near == []
            assert decoy.end_s <= DURATION_S


def test_a_chain_without_claims_gets_no_decoys_and_the_same_seed_gives_the_same_ones() -> None:
    assert planted(claims=[]) == []
    assert planted(seed=3) == planted(seed=3)
    assert {decoy.text for seed in range(5) for decoy in planted(seed=seed)} > {decoy.text for decoy in planted(seed=0)}
