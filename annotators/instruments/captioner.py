"""The `instruments` captioner: puts measured sound events into plain sentences.

It says what was measured and nothing else: what kind of sound, how many, when, how loud, where, how it changes. What makes
the sounds is left to models that recognise. The same evidence always gives the same words.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from pydantic import Field

from annotators.base import Annotator, Params, Resources
from annotators.instruments import words
from annotators.roles import AudioRequest
from schemas.evidence import HeardEvent, Said

_ALIKE_PITCH = 1.12  # tones within two semitones are told together
_EVEN_SPREAD = 0.15  # of the gaps between hits, as a share of their mean
_STEADILY_DB = 3.0
_LEAST_STEP_DB = 0.3


class CaptionParams(Params):
    """Parameters of the instruments captioner."""

    max_groups: int = Field(6, ge=1, description="most groups of sounds that are described, the loudest first")
    max_happenings: int = Field(16, ge=1, description="most happenings that are told, in order of time")


class SoundCaptioner(Annotator[AudioRequest, list[Said]]):
    """Two captions of each clip's sound: what is heard, and in which order."""

    Params = CaptionParams
    version = 1
    resources = Resources(cpus=0.5, memory_gb=0.2)
    params: CaptionParams

    @property
    def model(self) -> str:
        return f"instruments@{self.version}"

    def annotate(self, batch: Sequence[AudioRequest]) -> Sequence[list[Said]]:
        return [self._say(request) for request in batch]

    def _say(self, request: AudioRequest) -> list[Said]:
        return [
            Said(modality="audio", question="content", text=self._content(request)),
            Said(modality="audio", question="temporal", text=self._order(request)),
        ]

    def _content(self, request: AudioRequest) -> str:
        """Groups of like sounds, the loudest first, then the background."""
        groups = sorted(_groups(request.events), key=lambda group: -max(_loudness(event) for event in group))
        told = [words.sentence(_description(group, request.media.duration_s)) for group in groups[: self.params.max_groups]]
        return " ".join([*told, *_background(request)]) or "Nothing stands out of the silence."

    def _order(self, request: AudioRequest) -> str:
        """What begins when; hits that follow each other are told together."""
        events = sorted(request.events, key=lambda event: event.onsets_s[0])
        if not events:
            return "Nothing begins or ends in this sound."
        runs = [list(run) for _, run in groupby(events, key=lambda event: event.kind)][: self.params.max_happenings]
        told = [_happening(run, request.media.duration_s) for run in runs]
        told[1:] = [f"then {text}" for text in told[1:]]
        overlaps = _overlap(events)
        return " ".join([words.sentence("; ".join(told)), *([words.sentence(overlaps)] if overlaps else [])])


def _loudness(event: HeardEvent) -> float:
    return event.loudness_lufs if event.loudness_lufs is not None else event.peak_dbfs


def _groups(events: Sequence[HeardEvent]) -> list[list[HeardEvent]]:
    """Events of one kind, and of like pitch where they are tones or rings, in order of onset."""
    groups: list[list[HeardEvent]] = []
    for event in sorted(events, key=lambda event: event.onsets_s[0]):
        home = next((group for group in groups if _is_like(event, group[-1])), None)
        if home is None:
            groups.append([event])
        else:
            home.append(event)
    return groups


def _is_like(event: HeardEvent, other: HeardEvent) -> bool:
    if event.kind != other.kind:
        return False
    if event.kind not in ("tone", "ring") or event.pitch_hz is None or other.pitch_hz is None:
        return True
    return max(event.pitch_hz, other.pitch_hz) / min(event.pitch_hz, other.pitch_hz) < _ALIKE_PITCH


def _description(group: Sequence[HeardEvent], duration_s: float) -> str:
    """ "four short hits from 1.2 s to 3.4 s, each softer than the one before, on the left"."""
    first, last = group[0], group[-1]
    noun = words.colour(first) if first.kind == "noise" else words.NOUNS[first.kind]
    level = words.loudness(max(_loudness(event) for event in group))
    parts = [words.counted(len(group), f"{level} {noun}")]
    if len(group) == 1 and first.kind in ("impact", "ring", "chirp"):
        parts[0] += f" at {words.moment(first.onsets_s[0])}"
    else:
        parts[0] += f" {words.stretch(first.start_s, max(event.end_s for event in group), duration_s)}"
    if first.kind == "roll" and first.repetition_hz is not None:
        parts.append(f"about {first.repetition_hz:.0f} hits per second")
    details = [words.pitch(first), *_changes(group), _place(group, last)]
    return ", ".join([*parts, *(detail for detail in details if detail)])


def _changes(group: Sequence[HeardEvent]) -> list[str]:
    """How spacing and loudness develop over three or more events, or over one that lasts."""
    if len(group) < 3:
        slope = group[0].loudness_slope_db_per_s
        lasted_s = group[0].end_s - group[0].start_s
        if (
            len(group) == 1
            and group[0].kind in ("tone", "sweep", "noise", "roll")
            and slope
            and abs(slope) * lasted_s > 2 * _STEADILY_DB
        ):
            return ["growing louder" if slope > 0 else "growing softer"]
        return []
    found = []
    gaps = np.diff([event.onsets_s[0] for event in group])
    if gaps.std() < _EVEN_SPREAD * gaps.mean():
        found.append(f"about every {gaps.mean():.2g} s")
    elif all(later < earlier for earlier, later in pairwise(gaps)):
        found.append("closer and closer together")
    levels = np.diff([_loudness(event) for event in group])
    if abs(levels.sum()) > _STEADILY_DB and (np.abs(levels) > _LEAST_STEP_DB).all() and len({*np.sign(levels)}) == 1:
        found.append("each softer than the one before" if levels[0] < 0 else "each louder than the one before")
    return found


def _place(group: Sequence[HeardEvent], last: HeardEvent) -> str | None:
    first = group[0]
    if first.pan is None or last.pan is None:
        return None
    if len(group) > 1:
        return words.movement(first.pan, last.pan) or words.place(float(np.mean([event.pan or 0.0 for event in group])))
    travelled = (first.pan_slope_per_s or 0.0) * (first.end_s - first.start_s) if first.kind != "impact" else 0.0
    return words.movement(first.pan - travelled / 2, first.pan + travelled / 2) or words.place(first.pan)


def _background(request: AudioRequest) -> list[str]:
    """The noise floor, unless steady noise has been told already."""
    floors = [row.value for row in request.measurements if row.name == "noise_floor_dbfs"]
    if not floors or any(event.kind == "noise" for event in request.events):
        return []
    if floors[0] < -60.0:
        return ["The background is nearly silent."] if request.events else []
    return [f"The background is {'a faint hush' if floors[0] < -48.0 else 'a clearly audible murmur'}."]


def _happening(run: Sequence[HeardEvent], duration_s: float) -> str:
    first, last = run[0], run[-1]
    noun = words.colour(first) if first.kind == "noise" else words.NOUNS[first.kind]
    if len(run) > 1:
        onsets = words.listed([words.moment(event.onsets_s[0]) for event in run]) if len(run) <= 6 else None
        when = f"at {onsets}" if onsets else f"between {words.moment(first.onsets_s[0])} and {words.moment(last.onsets_s[0])}"
        return f"{words.counted(len(run), noun)} {when}"
    if first.kind in ("impact", "ring", "chirp"):
        return f"at {words.moment(first.onsets_s[0])} a {noun}"
    return f"{words.stretch(first.start_s, first.end_s, duration_s)} a {noun}"


def _overlap(events: Sequence[HeardEvent]) -> str | None:
    """The longest event that goes on under others."""
    longest = max(events, key=lambda event: event.end_s - event.start_s)
    under = [event for event in events if event is not longest and longest.start_s < event.onsets_s[0] < longest.end_s]
    if not under:
        return None
    noun = words.colour(longest) if longest.kind == "noise" else words.NOUNS[longest.kind]
    counts = Counter(words.NOUNS[event.kind] for event in under)
    return f"the {noun} goes on under the {words.listed([words.plural(kind) if n > 1 else kind for kind, n in counts.items()])}"
