"""Claims planted from the truth of a scene: true ones follow from it, false ones contradict it."""

from collections.abc import Sequence

import pytest

from annotators.wording import claim_text
from pipeline.scenes import SceneTruth, ThingTruth, TruthEvent
from pipeline.selfcheck.truth_claims import CLEARANCE_S, PlantedClaim, truth_claims
from schemas.vocabulary import SoundKind


def event(start_s: float, end_s: float, **fields: object) -> TruthEvent:
    given: dict[str, object] = {
        "onset_s": start_s, "onsets_s": [start_s], "rms_dbfs": -20, "loudness_lufs": -20.4, "peak_dbfs": -6, "snr_db": 20,
        "is_audible": True, "is_seen": True, "distance_m": 3, "pan": 0.0, "pan_end": 0.0, "pitch_hz": None,
        "pitch_start_hz": None, "pitch_end_hz": None, "pitch_min_hz": None, "pitch_max_hz": None,
    }  # fmt: skip
    return TruthEvent.model_validate({"start_s": start_s, "end_s": end_s, **given, **fields})


def thing(
    object_id: str, kind: SoundKind | None, events: Sequence[TruthEvent] = (), is_silent_mover: bool = False
) -> ThingTruth:
    return ThingTruth(
        object_id=object_id, looks="ball", shape="round", color="red", sound_class=None, kind=kind,
        is_silent_mover=is_silent_mover, is_on_screen=True, lookalike_of=None, events=list(events), boxes=[],
    )  # fmt: skip


def scene(*things: ThingTruth) -> SceneTruth:
    return SceneTruth(
        scene="scene-003000", seed=3000, duration_s=9.0, fps=25, num_frames=225, width_px=320, height_px=240,
        sample_rate_hz=44100, ambience="none", ambience_dbfs=-60, traps=[], things=list(things),
    )  # fmt: skip


HITS = thing("o0", "impact", [event(1.0, 1.2, pan=-0.5, pan_end=-0.5), event(2.0, 2.2), event(3.0, 3.1)])
GLIDE = thing(
    "o1", "sweep",
    [event(5.0, 8.0, pitch_hz=600, pitch_start_hz=400, pitch_end_hz=800, pitch_min_hz=400, pitch_max_hz=800)],
)  # fmt: skip
SILENT = thing("o2", None, is_silent_mover=True)


@pytest.fixture(scope="module")
def planted() -> list[PlantedClaim]:
    return truth_claims(scene(HITS, GLIDE, SILENT), {"o0": "t03", "o2": "t01"})


def of(planted: list[PlantedClaim], type: str, is_true: bool) -> list[PlantedClaim]:
    return [one for one in planted if one.claim.type == type and one.is_true == is_true]


def test_every_type_that_a_measurement_can_decide_has_true_and_false_claims(planted: list[PlantedClaim]) -> None:
    for type in ("event", "count", "order", "attribute", "source", "absence"):
        assert of(planted, type, True), type
        assert of(planted, type, False), type


def test_counts_are_off_by_one_and_two(planted: list[PlantedClaim]) -> None:
    assert [one.claim.value for one in of(planted, "count", True)] == [3.0, 1.0]
    impacts = [one.claim.value for one in of(planted, "count", False) if one.claim.subject == "impact"]
    assert impacts == [1.0, 2.0, 4.0, 5.0]


def test_moved_events_are_clear_of_everything_like_them(planted: list[PlantedClaim]) -> None:
    moved = [one.claim for one in of(planted, "event", False) if one.why.startswith("moved") and one.claim.subject == "impact"]
    assert moved
    for claim in moved:
        assert claim.start_s is not None
        assert claim.end_s is not None
        for truth in HITS.events:
            assert claim.start_s >= truth.end_s + CLEARANCE_S - 0.1 or claim.end_s <= truth.start_s - CLEARANCE_S + 0.1


def test_order_side_and_glide_come_in_opposite_pairs(planted: list[PlantedClaim]) -> None:
    before = of(planted, "order", True)[0].claim
    assert (before.subject, before.object) == ("impact", "sweep")
    assert (of(planted, "order", False)[0].claim.subject, of(planted, "order", False)[0].claim.object) == ("sweep", "impact")
    sides = {(one.claim.relation, one.is_true) for one in planted if one.claim.attribute == "pan"}
    assert sides == {("left", True), ("right", False)}
    trends = {(one.claim.relation, one.is_true) for one in planted if one.claim.attribute == "pitch"}
    assert trends == {("rises", True), ("falls", False)}


def test_the_silent_mover_makes_nothing_and_untracked_things_are_left_out(planted: list[PlantedClaim]) -> None:
    assert {(one.claim.object, one.claim.subject) for one in of(planted, "source", True)} == {("t03", "impact")}
    assert {(one.claim.object, one.claim.subject) for one in of(planted, "source", False)} == {
        ("t01", "impact"),
        ("t01", "sweep"),
    }


def test_what_cannot_be_heard_is_not_spoken_of() -> None:
    masked = thing("o0", "impact", [event(1.0, 1.2), event(2.0, 2.2, is_audible=False, snr_db=-20)])
    made = truth_claims(scene(masked), {})
    assert of(made, "count", True) == []
    assert [one.claim.start_s for one in of(made, "event", True)] == [1.0]


def test_true_and_false_claims_are_worded_alike_and_none_is_both(planted: list[PlantedClaim]) -> None:
    assert all(one.claim.text == claim_text(one.claim) for one in planted)
    true, false = ({one.claim.text for one in planted if one.is_true == is_true} for is_true in (True, False))
    assert true.isdisjoint(false)
