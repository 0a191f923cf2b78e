"""Planted hallucinations are told apart by kind, and verdicts are counted where scenes set traps."""

from pipeline.selfcheck.figures import Figure
from pipeline.selfcheck.hallucinations import HALLUCINATIONS, HallucinationScore, hallucination
from pipeline.selfcheck.truth_claims import truth_claims
from schemas.reasoning import Judged
from schemas.vocabulary import VerdictWord
from tests.pipeline.selfcheck.test_truth_claims import GLIDE, HITS, SILENT, scene

SCENE = scene(HITS, GLIDE, SILENT).model_copy(update={"traps": ["silent_mover"]})
PLANTED = truth_claims(SCENE, {"o0": "t03", "o2": "t01"})
FALSE = [one for one in PLANTED if not one.is_true]


def figures(on_true: VerdictWord, on_false: VerdictWord) -> dict[str, Figure]:
    score = HallucinationScore()
    words = [on_true if one.is_true else on_false for one in PLANTED]
    score.add(SCENE, PLANTED, [Judged(verdict=word, score=0.5, reason="because", evidence=[]) for word in words])
    return {figure.name: figure for figure in score.figures()}


def test_every_kind_of_hallucination_is_planted_and_nothing_true_is_one() -> None:
    assert {hallucination(one, SCENE) for one in FALSE} >= set(HALLUCINATIONS)
    assert {hallucination(one, SCENE) for one in PLANTED if one.is_true} == {None}


def test_an_event_that_sounds_at_another_time_is_shifted_and_one_that_never_sounds_is_absent() -> None:
    kinds = {one.claim.subject: hallucination(one, SCENE) for one in FALSE if one.claim.type == "event"}
    assert kinds["impact"] == "shifted time"
    assert kinds["chirp"] == "absent event"


def test_a_witness_that_refutes_them_all_passes_and_one_that_cannot_tell_does_not() -> None:
    known, unsure = figures("supported", "refuted"), figures("supported", "unverifiable")
    assert known["planted hallucinations refuted"].value == 1.0
    assert known["planted hallucinations refuted"].is_met
    assert not unsure["planted hallucinations refuted"].is_met
    assert unsure["the same, wrong count"].value == 0.0


def test_false_accepts_and_false_rejects_are_counted_where_the_trap_is_with_their_interval() -> None:
    fooled = figures("refuted", "supported")
    accepts, rejects = (fooled[f"false {name} with the trap silent_mover"] for name in ("accepts", "rejects"))
    assert (accepts.value, rejects.value) == (1.0, 1.0)
    assert accepts.counted.startswith(f"{len(FALSE)} of {len(FALSE)}, ")
    assert accepts.counted.endswith("% to 100.0%")
    assert fooled["false accepts with the trap overlap"].value is None
    assert fooled["false accepts with the trap overlap"].counted == "0 of 0"
