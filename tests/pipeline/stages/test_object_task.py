"""The object task in a built dataset: its rows belong together, and its witness tells true claims from planted ones."""

from collections import Counter

from schemas.objects import SceneObject
from schemas.reasoning import Claim, Cot, Decision, Decoy, Verdict
from tests.pipeline.conftest import Built
from tests.pipeline.stages.test_find_objects import rows


def chains(built: Built) -> dict[str, Cot]:
    return {cot.cot_id: cot for cot in rows(built, Cot) if cot.task == "object"}


def test_every_chain_is_about_one_sounding_object_of_its_clip(built: Built) -> None:
    sounding = {(thing.clip_id, thing.object_id) for thing in rows(built, SceneObject) if thing.state == "sounding"}
    about = [(cot.clip_id, cot.subject_id) for cot in chains(built).values()]
    assert about
    assert len(set(about)) == len(about)
    assert set(about) <= sounding
    assert {cot.cot_id for cot in chains(built).values()} == {f"{clip_id}/object-{name}" for clip_id, name in about}


def test_every_claim_and_decoy_is_judged_once_and_every_chain_decided(built: Built) -> None:
    made = chains(built)
    claims = [claim.claim_id for claim in rows(built, Claim) if claim.cot_id in made]
    decoys = [decoy.claim_id for decoy in rows(built, Decoy) if decoy.cot_id in made]
    judged = Counter(verdict.claim_id for verdict in rows(built, Verdict) if verdict.claim_id.rpartition("/")[0] in made)
    assert claims
    assert decoys
    assert judged == Counter(claims + decoys)
    assert sorted(made) == sorted(decision.cot_id for decision in rows(built, Decision) if decision.cot_id in made)


def test_nothing_is_read_of_the_base_task(built: Built) -> None:
    """A failure or another prompt in the base task costs this one nothing."""
    for name in ("reason_objects", "plant_object_decoys", "verify_objects", "decide_objects"):
        assert set(built.plan[name].upstream).isdisjoint({"reason", "plant_decoys", "verify", "repair", "recheck", "decide"})


def test_what_is_claimed_is_hardly_ever_refuted_and_what_is_planted_nearly_always(built: Built) -> None:
    made = chains(built)
    words: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for verdict in rows(built, Verdict):
        if verdict.claim_id.rpartition("/")[0] in made:
            words[verdict.is_decoy][verdict.verdict] += 1
    assert words[False]["refuted"] <= 0.05 * words[False].total()
    assert words[False]["supported"] >= 0.7 * words[False].total()
    assert words[True]["supported"] == 0
    assert words[True]["refuted"] >= 0.8 * words[True].total()
