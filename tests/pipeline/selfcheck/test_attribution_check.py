"""Makers against the truth: what is right, what is wrong, and what is neither."""

from collections.abc import Sequence

from pipeline.scenes import SceneTruth, ThingTruth
from pipeline.scenes.truth import TruthBox
from pipeline.selfcheck.attribution_check import AttributionScore
from pipeline.selfcheck.figures import Figure
from schemas.objects import Attributed, FoundObject
from tests.annotators.objects.making import Box, event, track
from tests.pipeline.selfcheck import test_truth_claims as truth

BELL_BOX: Box = (10, 10, 50, 50)
TWIN_BOX: Box = (110, 10, 150, 50)
TRACKS = [track("t00", 0, 9, BELL_BOX), track("t01", 0, 9, TWIN_BOX)]
HEARD = [event(0, "ring", 1.0, 2.0), event(1, "ring", 4.0, 5.0), event(2, "noise", 6.0, 8.0)]


def boxed(thing: ThingTruth, box: Box | None, **fields: object) -> ThingTruth:
    boxes = [TruthBox(time_s=n / 10, box_xyxy_px=list(box), moved_px=1) for n in range(90)] if box else []
    return thing.model_copy(update={"boxes": boxes, "is_on_screen": box is not None, **fields})


def scene(**bell: object) -> SceneTruth:
    """A bell that rings twice, its silent twin, and rain from off screen."""
    rings = [truth.event(1.0, 2.0), truth.event(4.0, 5.0, **bell)]
    return truth.scene(
        boxed(truth.thing("bell", "ring", rings), BELL_BOX),
        boxed(truth.thing("twin", None, is_silent_mover=True), TWIN_BOX, lookalike_of="bell"),
        boxed(truth.thing("rain", "noise", [truth.event(6.0, 8.0, is_seen=False)]), None),
    ).model_copy(update={"traps": ["off_screen", "lookalike"]})


def found(object_id: str, track_id: str) -> FoundObject:
    return FoundObject(
        object_id=object_id, track_ids=[track_id], phrase="a bell", visible=[], path=[], mean_area_frac=0.1, pan_mean=0,
        pan_travel=0, coverage_frac=1, lost_s=0, consistency_iou=None, state="unclear", state_score=0.5,
    )  # fmt: skip


def given(*makers: str) -> list[Attributed]:
    return [
        Attributed(event_id=f"s{n:03d}", maker="object", object_id=maker, score=1, evidence=[])
        if maker not in ("off_screen", "unclear")
        else Attributed.model_validate({"event_id": f"s{n:03d}", "maker": maker, "object_id": None, "score": 1, "evidence": []})
        for n, maker in enumerate(makers)
    ]


def score(makers: Sequence[str], truth: SceneTruth | None = None) -> AttributionScore:
    collected = AttributionScore()
    collected.add(truth or scene(), HEARD, TRACKS, [found("o00", "t00"), found("o01", "t01")], given(*makers))
    return collected


def values(collected: AttributionScore) -> dict[str, float | None]:
    return {figure.name: figure.value for figure in collected.figures()}


def test_who_knows_all_makers_has_the_best_figures() -> None:
    best = score(("o00", "o00", "off_screen"))
    assert all(figure.is_met for figure in best.figures())
    assert values(best)["sounds given to their makers, F1"] == 1.0
    assert values(best)["sounds from off screen named so"] == 1.0
    assert values(best)["of these, silent twins of sounding things"] == 0.0
    assert best.mistakes == []


def test_a_sound_given_to_the_twin_is_a_miss_and_a_mistake() -> None:
    wrong = score(("o00", "o01", "off_screen"))
    assert (wrong.pairs.num_hits, wrong.pairs.num_truth, wrong.pairs.num_found) == (1, 2, 2)
    assert values(wrong)["of these, silent twins of sounding things"] == 1.0
    assert wrong.mistakes == ["scene-003000: s001 (ring) is of o00, was given to o01"]


def test_an_unclear_maker_is_a_miss_and_no_mistake_of_precision() -> None:
    careful = score(("o00", "unclear", "unclear"))
    assert (careful.pairs.num_hits, careful.pairs.num_truth, careful.pairs.num_found) == (1, 2, 1)
    assert values(careful)["sounds from off screen named so"] == 0.0
    assert values(careful)["sounds from off screen given to a thing"] == 0.0


def test_a_sound_from_off_screen_given_to_a_thing_is_a_wrong_pair() -> None:
    wrong = score(("o00", "o00", "o01"))
    assert (wrong.pairs.num_hits, wrong.pairs.num_found) == (2, 3)
    assert values(wrong)["sounds from off screen given to a thing"] == 1.0


def test_what_is_inaudible_or_hidden_is_neither_right_nor_wrong_for_its_own_thing() -> None:
    for hidden in (scene(is_audible=False), scene(is_seen=False)):
        right, wrong = score(("o00", "o00", "off_screen"), hidden), score(("o00", "o01", "off_screen"), hidden)
        assert (right.pairs.num_hits, right.pairs.num_truth, right.pairs.num_found) == (1, 1, 1)
        assert wrong.pairs.num_found == 2


def test_traps_are_counted_apart_and_what_was_not_asked_is_not_met() -> None:
    collected = score(("o00", "o01", "off_screen"))
    assert collected.by_trap["lookalike"].f1 == collected.pairs.f1
    assert values(collected)["the same, in scenes with the trap overlap"] is None
    nothing: list[Figure] = AttributionScore().figures()
    assert not any(figure.is_met for figure in nothing if figure.at_least is not None or figure.at_most is not None)
