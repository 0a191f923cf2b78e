"""What a silent video lets one expect of its sound: the cues in tracks and motion events, and how a choice fits them.

Sudden moves are expected to be heard as hits, at their moments; what moves without them, as something that lasts, for as long
as it is seen. Where it is, the sound is; what comes closer gets louder. All of it is a guess, and often wrong: things move
silently, and what sounds may be off screen. That is what verification is for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotators.questions.forms import Meaning, Query
from schemas.evidence import SeenEvent, Track
from schemas.reasoning import Stated
from schemas.vocabulary import SoundKind

STRUCK: frozenset[str] = frozenset({"impact", "ring", "roll", "chirp"})
_LIKELY_STRUCK: tuple[SoundKind, ...] = ("impact", "ring", "roll", "chirp", "tone", "sweep", "noise")
_LIKELY_LASTING: tuple[SoundKind, ...] = ("tone", "noise", "sweep", "roll", "chirp", "ring", "impact")
_SAME_MOMENT_S = 0.06  # two tracks that meet bounce together and are heard once
_CENTRE, _GROWS = 0.25, 1.25  # of the half width; of the area


@dataclass(frozen=True)
class Sight:
    """What was seen. `hits_s`: moments of sudden moves, ascending; `place`: of what moves, -1 left .. 1 right."""

    tracks: Sequence[Track]
    hits_s: Sequence[float]
    first_move_s: float
    place: float | None
    growth: float | None  # area at the end over area at the beginning
    maker_id: str | None  # the track with the most sudden moves, else the one that moves most


def sight_of(tracks: Sequence[Track], seen: Sequence[SeenEvent], width_px: int | None) -> Sight:
    """The cues in what was seen; fields are None where nothing is."""
    hits: list[float] = []
    for time_s in sorted(event.time_s for event in seen if event.kind == "impact"):
        if not hits or time_s - hits[-1] > _SAME_MOMENT_S:
            hits.append(time_s)
    moves = sorted(event.time_s for event in seen if event.kind in ("start", "appear"))
    struck = {t.track_id: sum(e.kind == "impact" and e.track_id == t.track_id for e in seen) for t in tracks}
    maker = max(tracks, key=lambda track: (struck[track.track_id], track.mean_speed_px_per_s), default=None)
    boxes = np.array([box.box_xyxy_px for box in maker.boxes]) if maker and maker.boxes else None
    place = growth = None
    if boxes is not None:
        place = float(np.median(boxes[:, 0] + boxes[:, 2]) / width_px - 1) if width_px else None
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        ends = max(1, len(areas) // 5)
        growth = float(np.median(areas[-ends:]) / max(np.median(areas[:ends]), 1.0))
    first_move_s = moves[0] if moves else min((track.start_s for track in tracks), default=0.0)
    return Sight(tracks, hits, first_move_s, place, growth, maker.track_id if maker else None)


def best_choice(query: Query, sight: Sight) -> int | None:
    """The choice that fits what was seen best, the first of equals; None where nothing seen speaks for any."""
    misfits = [_misfit(query, meaning, sight) for meaning in query.meanings]
    known = [misfit for misfit in misfits if misfit is not None]
    if len(known) < len(misfits) or len(set(known)) == 1:
        return None
    return int(np.argmin(known))


def _misfit(query: Query, meaning: Meaning, sight: Sight) -> float | None:
    """How badly a choice fits what was seen, 0: as expected; None where sight has nothing to say about it."""
    claim = meaning.claims[0] if meaning.claims else None
    match query.kind:
        case "which" if claim:
            likely = _LIKELY_STRUCK if sight.hits_s else _LIKELY_LASTING
            return float(next(rank for rank, kind in enumerate(likely) if kind == claim.subject))
        case "count" if claim and claim.value is not None:
            expected = len(sight.hits_s) if claim.subject in STRUCK else sum(t.mean_speed_px_per_s > 0 for t in sight.tracks)
            return abs(claim.value - expected)
        case "when" if claim and claim.start_s is not None:
            return abs(claim.start_s - begin_s(claim.subject, sight))
        case "order":
            lags = [_lag_s(one, sight) for one in meaning.claims]
            return None if 0.0 in lags else float(sum(max(0.0, -lag) for lag in lags))
        case "where" if claim and sight.place is not None:
            expected_side = "centre" if abs(sight.place) < _CENTRE else "left" if sight.place < 0 else "right"
            return float(claim.relation != expected_side)
        case "loudness" if claim and sight.growth is not None:
            trend = "rises" if sight.growth > _GROWS else "falls" if sight.growth < 1 / _GROWS else "steady"
            return float(claim.relation != trend)
        case "maker":
            return 0.5 if meaning.is_denied else float(claim is None or claim.object != sight.maker_id)
        case _:
            return None


def begin_s(subject: str | None, sight: Sight) -> float:
    """When a kind of sound is expected to begin."""
    return sight.hits_s[0] if subject in STRUCK and sight.hits_s else sight.first_move_s


def _lag_s(order: Stated, sight: Sight) -> float:
    """By how much the object is expected to begin after the subject."""
    return begin_s(order.object, sight) - begin_s(order.subject, sight)
