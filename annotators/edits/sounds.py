"""What sounds in the input and the target of an editing task, told from what was measured of its clips.

Nothing is rendered: an event is moved to where it comes to lie and made as loud as it becomes. What can be heard of it there is
told by three rules, which rather say too little.

* *Cut*: a tone or a noise of which at least `LEAST_PIECE_S` is left is what it was, but neither its loudness nor its trends
  are known. Of every other event that is cut or lies under a fade, nothing is known.
* *Masked*: in a mix, an event is lost if one of the other sound lies over it and its peak is not at least `CLEAR_DB` higher. A
  sustained event is lost only where that happens around its onset or over `MOST_COVERED_FRAC` of it.
* *Mingled*: an event that shares its time with one of the other sound keeps its pitch and its times; its loudness, brightness
  and place can no longer be told.

An event of which nothing is known stays in the lists with a kind score of 0: it is never spoken of, but it is remembered, so
that its kind is neither counted nor said to be absent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotators.edits.roles import EditCase
from annotators.likeness import SUSTAINED
from annotators.roles import CaseFile
from schemas.edits import Edit
from schemas.evidence import HeardEvent
from schemas.vocabulary import ClaimMedia

LEAST_PIECE_S = 0.8
CLEAR_DB = 6.0
MOST_COVERED_FRAC = 0.3
_ONSET_S = 0.3  # of a sustained event, so much is its beginning
_MINGLED_S = 0.4  # the window of momentary loudness
_UNKNOWN_IN_A_PIECE = dict.fromkeys(("loudness_lufs", "loudness_slope_db_per_s", "pan_slope_per_s"))
_UNKNOWN_IN_A_MIX = _UNKNOWN_IN_A_PIECE | dict.fromkeys(("pan", "centroid_hz", "flatness"))


@dataclass(frozen=True)
class EditSounds:
    """Events in order of onset, on the time axis of input and target, at the level that they have there.

    `kept`: what is in both, as it is in each; only events that begin outside of a silenced span. `changed`: what is in one of
    the two alone, `changed_in`. `start_s`, `end_s`: the mask.
    """

    kept: dict[ClaimMedia, Sequence[HeardEvent]]
    changed: Sequence[HeardEvent]
    changed_in: ClaimMedia
    start_s: float
    end_s: float

    @property
    def lacking(self) -> ClaimMedia:
        """The sound without what is changed."""
        return "input" if self.changed_in == "target" else "target"

    def heard(self, media: ClaimMedia) -> list[HeardEvent]:
        """Everything that sounds in one of the two."""
        return _in_order([*self.kept[media], *(self.changed if media == self.changed_in else ())])


def sounds_of(case: EditCase) -> EditSounds:
    """What sounds in the two. ValueError for a task that mixes in a sound about which nothing is given."""
    edit = case.edit
    start_s, end_s = (edit.mask[0].first / edit.sample_rate_hz, edit.mask[-1].end / edit.sample_rate_hz)
    own = [_louder(event, edit.gain_db) for event in case.clip.heard]
    if edit.other is None:
        within = [event for event in own if start_s <= event.start_s < end_s]
        outside = [event for event in own if not start_s <= event.start_s < end_s]
        left = [piece for event in own for piece in _around(event, start_s, end_s, case.clip.duration_s)]
        return EditSounds({"input": _in_order(left), "target": outside}, within, "target", start_s, end_s)
    if case.other is None:
        raise ValueError(f"{edit.edit_id} mixes in another sound, about which nothing is given")
    lent = lent_events(edit, case.other)
    lift_own_db, lift_lent_db = _lifts_db(case.clip, case.other, edit.other_gain_db or 0.0)
    mixed = [_among(event, lent, lift_own_db) if _touches(event, start_s, end_s) else event for event in own]
    changed = [_among(event, own, lift_lent_db) for event in lent]
    if edit.operation == "addition":
        return EditSounds({"input": own, "target": mixed}, changed, "target", start_s, end_s)
    return EditSounds({"input": mixed, "target": own}, changed, "input", start_s, end_s)


def lent_events(edit: Edit, other: CaseFile) -> list[HeardEvent]:
    """The events of the part that is mixed in, where and as loud as they are in the mix, in order of onset."""
    if edit.other is None or edit.offset is None:
        return []
    rate_hz = edit.sample_rate_hz
    first_s, end_s, fade_s = edit.other.first / rate_hz, edit.other.end / rate_hz, edit.crossfade / rate_hz
    shift_s, gain_db = (edit.offset - edit.other.first) / rate_hz, (edit.other_gain_db or 0.0) + edit.gain_db
    pieces = [_piece(event, first_s, end_s, fade_s) for event in other.heard if _touches(event, first_s, end_s)]
    return _in_order([_moved(_louder(piece, gain_db), shift_s) for piece in pieces])


def doubtful(event: HeardEvent) -> HeardEvent:
    """The event as one of which nothing is known."""
    return event.model_copy(update={"kind_score": 0.0})


def _around(event: HeardEvent, start_s: float, end_s: float, duration_s: float) -> list[HeardEvent]:
    """What is left of an event when a span is silenced."""
    spans = ((0.0, start_s), (end_s, duration_s))
    return [_piece(event, first_s, last_s) for first_s, last_s in spans if _touches(event, first_s, last_s)]


def _piece(event: HeardEvent, first_s: float, end_s: float, fade_s: float = 0.0) -> HeardEvent:
    """The part of an event within a span that fades at its ends. They touch."""
    is_sustained = event.kind in SUSTAINED
    is_begun = event.start_s < first_s + (0.0 if is_sustained else fade_s)
    if not is_begun and event.end_s <= end_s - (0.0 if is_sustained else fade_s):
        return event
    start_s, last_s = max(event.start_s, first_s), min(event.end_s, end_s)
    onsets_s = [onset for onset in event.onsets_s if start_s <= onset < last_s] or [start_s]
    cut = event.model_copy(update={"start_s": start_s, "end_s": last_s, "onsets_s": onsets_s, **_UNKNOWN_IN_A_PIECE})
    return cut if event.kind in ("tone", "noise") and last_s - start_s >= LEAST_PIECE_S else doubtful(cut)


def _among(event: HeardEvent, others: Sequence[HeardEvent], lift_db: float) -> HeardEvent:
    """The event in a mix with the events of the other sound, over a background that is louder by `lift_db`."""
    lifted = event if event.snr_db is None else event.model_copy(update={"snr_db": event.snr_db - lift_db})
    if _is_masked(event, others):
        return doubtful(lifted)
    is_mingled = any(_touches(other, event.start_s - _MINGLED_S, event.end_s + _MINGLED_S) for other in others)
    return lifted.model_copy(update=_UNKNOWN_IN_A_MIX) if is_mingled else lifted


def _is_masked(event: HeardEvent, others: Sequence[HeardEvent]) -> bool:
    rivals = [other for other in others if other.peak_dbfs > event.peak_dbfs - CLEAR_DB]
    if event.kind not in SUSTAINED:
        return any(_touches(rival, event.start_s, event.end_s) for rival in rivals)
    if any(_touches(rival, event.start_s - _ONSET_S, event.start_s + _ONSET_S) for rival in rivals):
        return True
    shared_s = sum(max(0.0, min(event.end_s, rival.end_s) - max(event.start_s, rival.start_s)) for rival in rivals)
    return shared_s > MOST_COVERED_FRAC * (event.end_s - event.start_s)


def _lifts_db(clip: CaseFile, other: CaseFile, other_gain_db: float) -> tuple[float, float]:
    """By how much the background of a mix is above that of each of the two sounds; 0 where it was not measured."""
    floors = [
        next((measured.value for measured in case.measurements if measured.name == "noise_floor_dbfs"), None)
        for case in (clip, other)
    ]
    if floors[0] is None or floors[1] is None:
        return 0.0, 0.0
    clip_dbfs, other_dbfs = floors[0], floors[1] + other_gain_db
    both_dbfs = float(10 * np.log10(10 ** (clip_dbfs / 10) + 10 ** (other_dbfs / 10)))
    return both_dbfs - clip_dbfs, both_dbfs - other_dbfs


def _louder(event: HeardEvent, gain_db: float) -> HeardEvent:
    louder = {"peak_dbfs": event.peak_dbfs + gain_db}
    if event.loudness_lufs is not None:
        louder["loudness_lufs"] = event.loudness_lufs + gain_db
    return event.model_copy(update=louder)


def _moved(event: HeardEvent, by_s: float) -> HeardEvent:
    onsets_s = [onset + by_s for onset in event.onsets_s]
    return event.model_copy(update={"start_s": event.start_s + by_s, "end_s": event.end_s + by_s, "onsets_s": onsets_s})


def _touches(event: HeardEvent, start_s: float, end_s: float) -> bool:
    return event.start_s < end_s and event.end_s > start_s


def _in_order(events: Sequence[HeardEvent]) -> list[HeardEvent]:
    return sorted(events, key=lambda event: (event.start_s, event.kind))
