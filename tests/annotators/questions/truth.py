"""Whether the answer of a generated question is the true one of its scene."""

from collections.abc import Sequence

from annotators.questions.forms import Meaning, read_query
from annotators.questions.roles import Posed
from pipeline.scenes import SceneTruth, TruthEvent
from pipeline.selfcheck.track_match import match_tracks
from schemas.evidence import Track
from schemas.objects import SceneObject
from schemas.reasoning import Stated

_ONSET_S, _SIDE = 0.3, 0.15


def is_right(posed: Posed, scene: SceneTruth, tracks: Sequence[Track], objects: Sequence[SceneObject]) -> bool | None:
    """None where the truth table does not say: trends of loudness, and events that can barely be heard."""
    things = match_tracks(scene, tracks)
    names = {found.phrase: found.object_id for found in objects}
    query = read_query(posed.text, posed.choices, names)
    assert query is not None, f"a generated question must be read back: {posed}"
    if query.kind == "maker":
        return _made_by(posed, query.subject, scene, {track: thing for thing, track in things.items()}, objects)
    return _holds(query.meanings[posed.answer_index], scene)


def _heard(scene: SceneTruth, kind: str | None, is_audible: bool = True) -> list[TruthEvent]:
    found = [event for thing in scene.things if thing.kind == kind for event in thing.events]
    return sorted((event for event in found if event.is_audible or not is_audible), key=lambda event: event.onset_s)


def _holds(meaning: Meaning, scene: SceneTruth) -> bool | None:
    words = [_is_true(claim, scene) for claim in meaning.claims]
    if None in words:
        return None
    return all(words) != meaning.is_denied


def _is_true(claim: Stated, scene: SceneTruth) -> bool | None:
    own, every = _heard(scene, claim.subject), _heard(scene, claim.subject, is_audible=False)
    match claim.type:
        case "absence":
            end_s = scene.duration_s if claim.end_s is None else claim.end_s
            return not any(event.onset_s < end_s for event in every)
        case "count" if claim.value is not None:
            return len(own) <= claim.value <= len(every)
        case "event" if claim.start_s is not None:
            return bool(every) and abs((own or every)[0].onset_s - claim.start_s) <= _ONSET_S
        case "order":
            others = _heard(scene, claim.object)
            return bool(own and others) and own[0].onset_s < others[0].onset_s
        case "attribute" if claim.attribute == "pan":
            pan = own[0].pan if own else 0.0
            return {"left": pan < -_SIDE, "right": pan > _SIDE, "centre": abs(pan) < 2 * _SIDE}[str(claim.relation)]
        case _:
            return None


def _made_by(posed: Posed, kind: str | None, scene: SceneTruth, things: dict[str, str], objects: Sequence[SceneObject]) -> bool:
    """The chosen phrase is that of an object that a making thing's track belongs to, or no maker is ever seen."""
    makers = {thing.object_id for thing in scene.things if thing.kind == kind and thing.events}
    chosen = [o for o in objects if f"the {o.phrase}" == posed.choices[posed.answer_index]]
    if not chosen:
        return not any(event.is_seen for event in _heard(scene, kind))
    return bool(makers & {things[track_id] for track_id in chosen[0].track_ids if track_id in things})
