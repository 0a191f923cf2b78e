"""Decoys: false as far as the evidence knows, the same every time, and worded like any claim."""

import pytest

from annotators.likeness import ALIKE
from annotators.wording import claim_text, worded
from pipeline.verification.decoys import CLEARANCE_S, plant_decoys
from pipeline.verification.makers import Makers
from schemas.evidence import HeardEvent
from schemas.reasoning import Claim, Decoy, Stated
from schemas.vocabulary import SoundKind
from tests.annotators.objects.chains.making import found, given_to, track
from tests.annotators.objects.chains.making import heard as sound

DURATION_S = 9.0


def claim(number: int, type: str, clip_id: str = "a", **fields: object) -> Claim:
    stated = worded(Stated.model_validate({"step_index": 0, "type": type, "basis": "heard", "text": "", **fields}))
    cot_id = f"{clip_id}/base"
    return Claim(**stated.model_dump(), clip_id=clip_id, model="m@1", claim_id=f"{cot_id}/c{number:02d}", cot_id=cot_id)


def heard(kind: SoundKind, start_s: float, end_s: float, kind_score: float = 0.9) -> HeardEvent:
    return HeardEvent(
        start_s=start_s, end_s=end_s, kind=kind, kind_score=kind_score, onsets_s=[start_s], peak_dbfs=-6, loudness_lufs=-18,
        loudness_slope_db_per_s=None, pitch_hz=None, pitch_start_hz=None, pitch_end_hz=None, harmonicity=None,
        centroid_hz=None, flatness=None, pan=None, pan_slope_per_s=None, repetition_hz=None, snr_db=20,
    )  # fmt: skip


OWN = [
    claim(0, "event", subject="impact", start_s=1.0, end_s=1.2),
    claim(1, "count", subject="impact", start_s=0.0, end_s=9.0, value=2),
    claim(2, "order", subject="impact", object="tone", relation="before", start_s=0.0, end_s=9.0),
    claim(3, "attribute", subject="tone", attribute="pan", relation="left", start_s=5.0, end_s=8.0),
    claim(4, "absence", subject="noise", start_s=0.0, end_s=9.0),
    claim(5, "event", subject="tone", start_s=5.0, end_s=8.0),
]
HEARD = [heard("impact", 1.0, 1.2), heard("impact", 3.0, 3.2, kind_score=0.2), heard("tone", 5.0, 8.0)]
OTHERS = [
    claim(0, "event", "b", subject="noise", start_s=2.0, end_s=4.0),
    claim(1, "event", "b", subject="impact", start_s=1.1, end_s=1.3),
    claim(2, "event", "b", subject="dog bark", start_s=6.0, end_s=7.0),
]


def planted(seed: int = 1, per_kind: int = 1, heard: list[HeardEvent] = HEARD) -> list[Decoy]:
    return plant_decoys("a", OWN, OTHERS, heard, DURATION_S, seed, per_kind)


def test_one_decoy_of_each_kind_is_planted_where_the_claims_allow_it() -> None:
    assert [decoy.decoy_kind for decoy in planted()] == ["moved", "miscounted", "swapped", "negated", "other_clip"]
    assert [decoy.claim_id for decoy in planted()] == [f"a/base/d{n:02d}" for n in range(5)]


def test_the_same_seed_gives_the_same_decoys_and_another_seed_others() -> None:
    assert planted(seed=1) == planted(seed=1)
    assert {decoy.text for decoy in planted(seed=1)} != {decoy.text for decoy in planted(seed=2)}
    shuffled = plant_decoys("a", OWN[::-1], OTHERS[::-1], HEARD[::-1], DURATION_S, 1)
    assert shuffled == planted(seed=1)


@pytest.mark.parametrize("seed", range(20))
def test_no_decoy_is_a_claim_of_the_clip_and_each_names_what_it_was_made_from(seed: int) -> None:
    made = planted(seed, per_kind=3)
    assert {decoy.text for decoy in made}.isdisjoint({own.text for own in OWN})
    assert {decoy.made_from for decoy in made} <= {row.claim_id for row in [*OWN, *OTHERS]}
    assert len({decoy.text for decoy in made}) == len(made)


@pytest.mark.parametrize("seed", range(20))
def test_an_event_is_moved_to_where_nothing_like_it_is_claimed_or_heard_not_even_doubtfully(seed: int) -> None:
    for decoy in planted(seed, per_kind=5):
        if decoy.decoy_kind != "moved":
            continue
        assert decoy.start_s is not None
        assert decoy.end_s is not None
        assert decoy.end_s <= DURATION_S
        for event in HEARD:
            if event.kind == decoy.subject or decoy.subject in ALIKE[event.kind]:
                assert decoy.end_s + CLEARANCE_S <= event.start_s or decoy.start_s - CLEARANCE_S >= event.end_s


def test_an_event_of_another_clip_is_used_only_where_it_would_be_false() -> None:
    strangers = [decoy for decoy in planted(per_kind=5) if decoy.decoy_kind == "other_clip"]
    assert [decoy.subject for decoy in strangers] == ["noise"]
    quiet_end = [event for event in HEARD if event.kind != "tone"]
    without_tone = [own for own in OWN if own.subject != "tone"]
    made = plant_decoys("a", without_tone, OTHERS, quiet_end, DURATION_S, 1, per_kind=5)
    assert {decoy.subject for decoy in made if decoy.decoy_kind == "other_clip"} == {"noise", "dog bark"}


def test_a_decoy_differs_from_its_claim_in_what_its_kind_says() -> None:
    by_id = {own.claim_id: own for own in OWN}
    for decoy in planted(per_kind=4):
        origin = by_id.get(decoy.made_from)
        if decoy.decoy_kind == "miscounted" and origin:
            assert decoy.value in (0.0, 1.0, 3.0, 4.0)
        if decoy.decoy_kind == "swapped" and origin:
            assert (decoy.subject, decoy.object) == (origin.object, origin.subject)
        if decoy.decoy_kind == "negated" and origin:
            assert (decoy.type, decoy.relation) in {("absence", None), ("event", None), ("attribute", "right")}


def test_decoys_are_worded_from_their_fields_like_claims() -> None:
    for decoy in planted(per_kind=4):
        assert decoy.text == claim_text(decoy)


def test_a_clip_without_claims_gets_no_decoys() -> None:
    assert plant_decoys("a", [], OTHERS, HEARD, DURATION_S, 1) == []


def of_chain(name: str, claims: list[Claim]) -> list[Claim]:
    """The claims as those of another chain."""
    ids = {row.claim_id: row.claim_id.replace("/base/", f"/{name}/") for row in claims}
    return [row.model_copy(update={"claim_id": ids[row.claim_id], "cot_id": f"{row.clip_id}/{name}"}) for row in claims]


@pytest.mark.parametrize("seed", range(10))
def test_a_decoy_belongs_to_the_chain_of_its_claim_and_has_a_number_of_its_own_there(seed: int) -> None:
    own = [*of_chain("object-o00", OWN[:3]), *of_chain("object-o01", OWN[3:])]
    made = plant_decoys("a", own, OTHERS, HEARD, DURATION_S, seed, 2)
    ids = [decoy.claim_id for decoy in made]
    assert len(set(ids)) == len(ids)
    for chain in ("a/object-o00", "a/object-o01"):
        of_it = [decoy for decoy in made if decoy.cot_id == chain]
        assert [decoy.claim_id for decoy in of_it] == [f"{chain}/d{n:02d}" for n in range(len(of_it))]
        assert all(decoy.made_from.startswith(f"{chain}/") for decoy in of_it if decoy.decoy_kind != "other_clip")


def test_decoys_of_another_clip_are_spread_over_the_chains() -> None:
    own = [*of_chain("object-o00", OWN[:3]), *of_chain("object-o01", OWN[3:])]
    chains = set()
    for seed in range(20):
        made = plant_decoys("a", own, OTHERS, HEARD, DURATION_S, seed)
        chains |= {decoy.cot_id for decoy in made if decoy.decoy_kind == "other_clip"}
    assert chains == {"a/object-o00", "a/object-o01"}


def test_a_sound_is_given_to_a_thing_that_surely_does_not_make_it() -> None:
    of = [claim(9, "source", subject="impact", object="t00", start_s=0.0, end_s=9.0)]
    things = [found("o00", -0.6, "t00"), found("o01", 0.6, "t01", state="silent")]
    hits = [sound(n, "impact", at, at + 0.2) for n, at in enumerate((1.0, 3.0))]
    makers = Makers(hits, things, [given_to(hit, "o00") for hit in hits], [track("t00"), track("t01")])
    (decoy,) = plant_decoys("a", of, [], HEARD, DURATION_S, 1, makers=makers)
    assert (decoy.decoy_kind, decoy.object, decoy.subject, decoy.made_from) == ("wrong_maker", "t01", "impact", "a/base/c09")
    assert decoy.text == claim_text(decoy)
    assert plant_decoys("a", of, [], HEARD, DURATION_S, 1) == []
