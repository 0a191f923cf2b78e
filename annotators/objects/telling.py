"""What was found out, told: things as objects, beliefs as attributions."""

from collections.abc import Sequence

import numpy as np

from annotators.objects.cues import Cues
from annotators.objects.params import CorrespondenceParams
from annotators.objects.things import Floats, Thing
from schemas.evidence import SoundEvent
from schemas.objects import Attributed, FoundObject, ObjectState


def object_id(number: int) -> str:
    """The id of a clip's object by its number from 0."""
    return f"o{number:02d}"


def attributed(event: SoundEvent, chances: Floats, cues: Sequence[Cues], params: CorrespondenceParams) -> Attributed:
    """`chances`: the probability of each thing, of something out of sight, and of something not followed.

    The evidence is that of the likeliest thing, also where another maker is likelier: it says why not.
    """
    evidence = cues[int(np.argmax(chances[: len(cues)]))].evidence() if cues else []
    likeliest = int(np.argmax(chances))
    score = float(chances[likeliest])
    if score < params.min_score or likeliest == len(cues) + 1:
        return Attributed(event_id=event.event_id, maker="unclear", object_id=None, score=score, evidence=evidence)
    if likeliest == len(cues):
        return Attributed(event_id=event.event_id, maker="off_screen", object_id=None, score=score, evidence=evidence)
    return Attributed(event_id=event.event_id, maker="object", object_id=object_id(likeliest), score=score, evidence=evidence)


def found_object(
    number: int, thing: Thing, prior: float, chance: float, size_px: tuple[int, int], params: CorrespondenceParams
) -> FoundObject:
    """`chance`: the largest probability with which it makes any of the sounds; `prior`: before any evidence."""
    width_px, height_px = size_px
    state, score = _state(prior, chance, params)
    times_s, boxes = thing.sights
    places = thing.places(times_s, width_px)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) / (width_px * height_px)
    lengths_s = [track.end_s - track.start_s for track in thing.tracks]
    masked = [track for track in thing.tracks if track.consistency_iou is not None]
    mask_ious = [track.consistency_iou or 0.0 for track in masked]
    in_sight_s = sum(span.end_s - span.start_s for span in thing.visible)
    return FoundObject(
        object_id=object_id(number),
        track_ids=[track.track_id for track in thing.tracks],
        phrase=thing.phrase,
        visible=thing.visible,
        path=thing.path(width_px, height_px),
        mean_area_frac=float(areas.mean()),
        pan_mean=float(places.mean()),
        pan_travel=float(np.ptp(places)),
        coverage_frac=float(np.average([track.coverage_frac for track in thing.tracks], weights=lengths_s)),
        lost_s=max(0.0, thing.end_s - thing.start_s - in_sight_s),
        consistency_iou=float(np.average(mask_ious, weights=[len(track.boxes) for track in masked])) if masked else None,
        state=state,
        state_score=score,
    )


def _state(prior: float, chance: float, params: CorrespondenceParams) -> tuple[ObjectState, float]:
    if chance >= params.min_score:
        return "sounding", chance
    if chance <= min(params.max_silent_score, params.max_silent_ratio * prior):
        return "silent", 1 - chance
    return "unclear", 1 - abs(2 * chance - 1)
