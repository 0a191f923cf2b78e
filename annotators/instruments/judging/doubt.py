"""Which events may be of a kind that they were not named: the doubt that keeps a kind from being counted or denied.

Kinds that are alike share a border, and a measurement may put an event on the wrong side of it. But only so far: what dies
away at once does not ring, what rings on is no hit, what has no pitch does not chirp, single hits are no roll, and a steady
tone does not glide.
"""

import numpy as np

from annotators.instruments.analysis import Analysis
from annotators.likeness import ALIKE
from schemas.evidence import HeardEvent
from schemas.vocabulary import SoundKind

_SHORTEST_RING_S = 0.25
_LONGEST_CHIRP_S = 0.45
_SHORTEST_SWEEP_S = 0.25
_LEAST_HARMONICITY = 0.4
_LONGEST_HIT_S, _CLEAR_HARMONICITY = 0.6, 0.9
_ROLL_GAP_S = 0.2
_LEAST_ROLL_HITS = 3
# highest over lowest pitch: a sweep glides by a third of an octave, 1.26; what goes by less than 1.04 is steady
_LEAST_CHIRP_GLIDE = 1.04
_LEAST_SWEEP_GLIDE = 1.15
_MOST_TONE_GLIDE = 1.15
_CLEAR_RING_SCORE = 0.6


def may_be(event: HeardEvent, kind: SoundKind, analysis: Analysis, clear_score: float) -> bool:
    """Whether an event named otherwise may be of `kind`.

    A clear hit, roll or noise (from `clear_score` on) is what it is called. Among pitched kinds the score says how clear the
    pitch is, not where the border lies, so there only length and glide decide.
    """
    if event.kind not in ALIKE[kind]:
        return False
    is_pitched = event.kind in ("tone", "sweep", "chirp")
    if not is_pitched and event.kind_score >= clear_score:
        return False
    length_s = event.end_s - event.start_s
    match kind:
        case "ring":
            return not is_pitched and length_s >= _SHORTEST_RING_S and _has_pitch(event)
        case "chirp":
            has_fundamental = event.pitch_hz is not None  # partials alone do not chirp
            return length_s <= _LONGEST_CHIRP_S and has_fundamental and _glide(event, analysis) >= _LEAST_CHIRP_GLIDE
        case "roll":
            return _is_rapid(event, analysis)
        case "sweep":
            return length_s >= _SHORTEST_SWEEP_S and _glide(event, analysis) >= _LEAST_SWEEP_GLIDE
        case "tone" if event.kind == "ring":
            return event.kind_score < _CLEAR_RING_SCORE
        case "tone":
            return _glide(event, analysis) <= _MOST_TONE_GLIDE
        case "noise":
            return True
        case "impact":
            return not is_pitched and not _rings_on(event)


def _has_pitch(event: HeardEvent) -> bool:
    return event.harmonicity is not None and event.harmonicity >= _LEAST_HARMONICITY


def _rings_on(event: HeardEvent) -> bool:
    """Whether it goes on with partials for longer than any hit."""
    lasts = event.end_s - event.start_s >= _LONGEST_HIT_S
    return event.kind == "ring" and lasts and event.harmonicity is not None and event.harmonicity >= _CLEAR_HARMONICITY


def _is_rapid(event: HeardEvent, analysis: Analysis) -> bool:
    """Whether at least three onsets follow each other quickly within or around the event, and make up half of it."""
    onsets = [onset.time_s for onset in analysis.onsets(event.start_s - _ROLL_GAP_S, event.end_s + _ROLL_GAP_S)]
    run: list[float] = []
    longest: list[float] = []
    for onset_s in onsets:
        run = [*run, onset_s] if run and onset_s - run[-1] <= _ROLL_GAP_S else [onset_s]
        longest = max(longest, run, key=len)
    return len(longest) >= _LEAST_ROLL_HITS and longest[-1] - longest[0] >= (event.end_s - event.start_s) / 2 - _ROLL_GAP_S


def _glide(event: HeardEvent, analysis: Analysis) -> float:
    """Highest over lowest pitch of the event, extremes left out; 1 where it has none."""
    own = event.pitch_start_hz / event.pitch_end_hz if event.pitch_start_hz and event.pitch_end_hz else 1.0
    track = analysis.pitch_track
    inside = (track.times_s >= event.start_s) & (track.times_s < event.end_s)
    pitch_hz = track.pitch_hz[inside & (track.confidence >= analysis.params.least_pitch_confidence)]
    if len(pitch_hz) < 2:
        return max(own, 1 / own)
    low, high = np.percentile(pitch_hz, [10, 90])
    return max(own, 1 / own, float(high / low))
