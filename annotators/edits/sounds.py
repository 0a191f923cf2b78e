"""What sounds in the input and the target of an editing task, told from what was measured of its clips.

Nothing is rendered: an event is moved to where it comes to lie and made as loud as it becomes. What can be heard of it there is
told by five rules, which rather say too little.

* *Cut*: a tone of which at least `LEAST_PIECE_S` is left is what it was, and so is a noise in a mix; neither their loudness nor
  their trends are known. (Where a span is silenced the background falls, and what passes for a noise is another.) Of every
  other event that is cut or lies under a fade, nothing is known.
* *Masked*: in a mix, an event is lost under one of the other sound that is not clearly weaker: a hit if it is touched at all, a
  sustained event if more than `MOST_COVERED_FRAC` of it, or of its first second, is covered. What lasts is as strong as its
  loudness, a hit as its peak, which is higher for the same loudness. A ring under a noise is always lost: its attack and the
  end of its decay go under, and what is left passes for a tone. So is a chirp under a pitched sound, whose line it crosses.
* *Mingled*: an event that shares its time with one of the other sound keeps its times; its loudness, brightness and place can
  no longer be told, nor its pitch if both are pitched. Nor can brightness over a background that became louder.
* *Breath*: a noise under a pitched sound of its own clip is part of that sound, and seldom found in a mix.
* *Background*: where a part that is mixed in brings a background that is heard over the clip's, and around a silenced span, the
  background may pass for a noise.

Their numbers are no parameters: who plants decoys among the claims goes by the same rules.

An event of which nothing is known stays in the lists with a kind score of 0: it is never spoken of, but it is remembered, so
that its kind is neither counted nor said to be absent.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from annotators.likeness import SUSTAINED
from annotators.roles import CaseFile
from schemas.edits import Edit, Operation
from schemas.evidence import HeardEvent
from schemas.vocabulary import ClaimMedia, SoundKind

CHANGED_IN: dict[Operation, ClaimMedia] = {  # which of the two has what the other lacks
    "extension": "target", "inpainting": "target", "addition": "target", "removal": "input", "extraction": "input",
}  # fmt: skip
LEAST_PIECE_S = 0.8
MOST_COVERED_FRAC = 0.4
_CLEAR_DB = 3.0
_CLEAR_HIT_DB = 9.0  # of a hit's peak over the loudness of what lasts
_BREATH_FRAC = 0.6
_LASTING_IN_A_PIECE: frozenset[SoundKind] = frozenset({"tone"})
_LASTING_IN_A_MIX: frozenset[SoundKind] = frozenset({"tone", "noise"})
_PITCHED: frozenset[SoundKind] = frozenset({"tone", "sweep", "chirp", "ring"})
_LOST_UNDER: dict[SoundKind, frozenset[SoundKind]] = {"ring": frozenset({"noise"}), "chirp": _PITCHED}
_BEGINNING_S = 1.0
_HELD_S = 0.3
_HEARD_LIFT_DB = 1.0
_MINGLED_S = 0.4  # the window of momentary loudness
_UNKNOWN_IN_A_PIECE = dict.fromkeys(("loudness_lufs", "loudness_slope_db_per_s", "pan_slope_per_s"))
_UNKNOWN_IN_A_MIX = _UNKNOWN_IN_A_PIECE | dict.fromkeys(("pan", "centroid_hz", "flatness"))
_UNKNOWN_PITCH = dict.fromkeys(("pitch_hz", "pitch_start_hz", "pitch_end_hz"))


@dataclass(frozen=True)
class EditSounds:
    """Events in order of onset, on the time axis of input and target, at the level that they have there.

    `kept`: what is in both, as it is in each; only events that begin outside of a silenced span. `changed`: what is in one of
    the two alone, `changed_in`. `start_s`, `end_s`: the mask. `is_mix`: of two clips, else a span of one is silenced.
    """

    kept: dict[ClaimMedia, Sequence[HeardEvent]]
    changed: Sequence[HeardEvent]
    changed_in: ClaimMedia
    start_s: float
    end_s: float
    is_mix: bool

    def stays(self, media: ClaimMedia) -> list[HeardEvent]:
        """What is in both and is heard in both, as it is in one of them."""
        other: ClaimMedia = "input" if media == "target" else "target"
        known = {(event.kind, event.start_s) for event in self.kept[other] if event.kind_score > 0}
        return [
            event if (event.kind, event.start_s) in known or event.kind_score == 0 else doubtful(event)
            for event in self.kept[media]
        ]

    @property
    def continued(self) -> list[HeardEvent]:
        """What lasts into a silenced span from before it."""
        if self.is_mix:
            return []
        lasting = [event for event in self.kept["target"] if event.kind in SUSTAINED and event.start_s < self.start_s]
        return [event for event in lasting if event.end_s >= self.start_s + _HELD_S]

    @property
    def lacking(self) -> ClaimMedia:
        """The sound without what is changed."""
        return "input" if self.changed_in == "target" else "target"

    def heard(self, media: ClaimMedia) -> list[HeardEvent]:
        """Everything that sounds in one of the two."""
        return _in_order([*self.kept[media], *(self.changed if media == self.changed_in else ())])


def sounds_of(edit: Edit, clip: CaseFile, other: CaseFile | None) -> EditSounds:
    """What sounds in the two. ValueError for a task that mixes in a sound about which nothing is given."""
    start_s, end_s = (edit.mask[0].first / edit.sample_rate_hz, edit.mask[-1].end / edit.sample_rate_hz)
    changed_in = CHANGED_IN[edit.operation]
    own = own_events(edit, clip)
    if edit.other is None:
        within = [event for event in own if start_s <= event.start_s < end_s]
        outside = [event for event in own if not start_s <= event.start_s < end_s]
        left = [piece for event in own for piece in _around(event, start_s, end_s, clip.duration_s)]
        left += [_background(*span) for span in ((0.0, start_s), (end_s, clip.duration_s)) if span[1] > span[0]]
        return EditSounds({"input": _in_order(left), "target": outside}, within, changed_in, start_s, end_s, is_mix=False)
    if other is None:
        raise ValueError(f"{edit.edit_id} mixes in another sound, about which nothing is given")
    lent = lent_events(edit, other)
    lift_own_db, lift_lent_db = _lifts_db(clip, other, edit.other_gain_db or 0.0)
    mixed = [_among(event, lent, lift_own_db) if _touches(event, start_s, end_s) else event for event in own]
    changed = [_among(event, own, lift_lent_db) for event in lent]
    if lift_own_db > _HEARD_LIFT_DB:
        changed = _in_order([*changed, _background(start_s, end_s)])
    kept: dict[ClaimMedia, Sequence[HeardEvent]] = {"input": own, "target": own, changed_in: mixed}
    return EditSounds(kept, changed, changed_in, start_s, end_s, is_mix=True)


def own_events(edit: Edit, clip: CaseFile) -> list[HeardEvent]:
    """The clip's events as loud as they are in input and target."""
    return [_louder(event, edit.gain_db) for event in _without_breath(clip.heard)]


def lent_events(edit: Edit, other: CaseFile) -> list[HeardEvent]:
    """The events of the part that is mixed in, where and as loud as they are in the mix, in order of onset."""
    if edit.other is None or edit.offset is None:
        return []
    rate_hz = edit.sample_rate_hz
    first_s, end_s, fade_s = edit.other.first / rate_hz, edit.other.end / rate_hz, edit.crossfade / rate_hz
    shift_s, gain_db = (edit.offset - edit.other.first) / rate_hz, (edit.other_gain_db or 0.0) + edit.gain_db
    heard = _without_breath(other.heard)
    pieces = [_piece(event, first_s, end_s, _LASTING_IN_A_MIX, fade_s) for event in heard if _touches(event, first_s, end_s)]
    return _in_order([_moved(_louder(piece, gain_db), shift_s) for piece in pieces])


def doubtful(event: HeardEvent) -> HeardEvent:
    """The event as one of which nothing is known."""
    return event.model_copy(update={"kind_score": 0.0})


def _without_breath(heard: Sequence[HeardEvent]) -> list[HeardEvent]:
    pitched = [event for event in heard if event.kind in ("tone", "sweep")]
    return [
        doubtful(event)
        if event.kind == "noise" and _covered_frac(pitched, event.start_s, event.end_s) > _BREATH_FRAC
        else event
        for event in heard
    ]


def _around(event: HeardEvent, start_s: float, end_s: float, duration_s: float) -> list[HeardEvent]:
    """What is left of an event when a span is silenced."""
    spans = ((0.0, start_s), (end_s, duration_s))
    return [
        _piece(event, first_s, last_s, _LASTING_IN_A_PIECE) for first_s, last_s in spans if _touches(event, first_s, last_s)
    ]


def _piece(event: HeardEvent, first_s: float, end_s: float, lasting: Collection[SoundKind], fade_s: float = 0.0) -> HeardEvent:
    """The part of an event within a span that fades at its ends. They touch. `lasting`: what may be cut."""
    is_sustained = event.kind in SUSTAINED
    is_begun = event.start_s < first_s + (0.0 if is_sustained else fade_s)
    if not is_begun and event.end_s <= end_s - (0.0 if is_sustained else fade_s):
        return event
    start_s, last_s = max(event.start_s, first_s), min(event.end_s, end_s)
    onsets_s = [onset for onset in event.onsets_s if start_s <= onset < last_s] or [start_s]
    cut = event.model_copy(update={"start_s": start_s, "end_s": last_s, "onsets_s": onsets_s, **_UNKNOWN_IN_A_PIECE})
    return cut if event.kind in lasting and last_s - start_s >= LEAST_PIECE_S else doubtful(cut)


def _background(start_s: float, end_s: float) -> HeardEvent:
    """What may pass for a noise, and of which nothing is known."""
    nothing = {name: None for name, field in HeardEvent.model_fields.items() if field.annotation == float | None}
    known = {"start_s": start_s, "end_s": end_s, "kind": "noise", "kind_score": 0.0, "onsets_s": [start_s], "peak_dbfs": -120.0}
    return HeardEvent.model_validate(nothing | known)


def _among(event: HeardEvent, others: Sequence[HeardEvent], lift_db: float) -> HeardEvent:
    """The event in a mix with the events of the other sound, over a background that is louder by `lift_db`."""
    lifted = event if event.snr_db is None else event.model_copy(update={"snr_db": event.snr_db - lift_db})
    if lift_db > _HEARD_LIFT_DB:
        lifted = lifted.model_copy(update={"centroid_hz": None})
    if _is_masked(event, others):
        return doubtful(lifted)
    beside = [other for other in others if _touches(other, event.start_s - _MINGLED_S, event.end_s + _MINGLED_S)]
    if any(other.kind in _PITCHED for other in beside):
        lifted = lifted.model_copy(update=_UNKNOWN_PITCH)
    return lifted.model_copy(update=_UNKNOWN_IN_A_MIX) if beside else lifted


def _is_masked(event: HeardEvent, others: Sequence[HeardEvent]) -> bool:
    rivals = [other for other in others if _level_db(other) > _level_db(event) - _margin_db(event, other)]
    rivals += [other for other in others if other.kind in _LOST_UNDER.get(event.kind, ())]
    if event.kind not in SUSTAINED:
        return any(_touches(rival, event.start_s, event.end_s) for rival in rivals)
    beginning_s = min(event.end_s, event.start_s + _BEGINNING_S)
    return any(_covered_frac(rivals, event.start_s, end_s) > MOST_COVERED_FRAC for end_s in (beginning_s, event.end_s))


def _margin_db(event: HeardEvent, rival: HeardEvent) -> float:
    return _CLEAR_HIT_DB if rival.kind in SUSTAINED and event.kind not in SUSTAINED else _CLEAR_DB


def _level_db(event: HeardEvent) -> float:
    return event.loudness_lufs if event.kind in SUSTAINED and event.loudness_lufs is not None else event.peak_dbfs


def _covered_frac(events: Sequence[HeardEvent], start_s: float, end_s: float) -> float:
    shared_s = sum(max(0.0, min(end_s, event.end_s) - max(start_s, event.start_s)) for event in events)
    return shared_s / max(end_s - start_s, 1e-6)


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
