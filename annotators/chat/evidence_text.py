"""A case file as numbered text that a language model can cite.

Sentences of models and sources stand in quotation marks with everything special escaped: they are data, whatever they say.
Long cases are cut to the events that matter most, and say so.
"""

import json
from collections.abc import Sequence
from typing import TypeVar

from annotators.roles import CaseFile
from annotators.wording import with_article
from schemas.evidence import HeardEvent, Measured, SeenEvent, Track

T = TypeVar("T")
MAX_EVENTS, MAX_MOTIONS, MAX_TRACKS = 40, 40, 16
_LONGEST_TEXT = 800
_CLIP_MEASUREMENTS = ("loudness", "silence_frac")


def evidence_text(case: CaseFile) -> str:
    """One piece of evidence per line, each with its id in front."""
    picture = f", picture {case.width_px}x{case.height_px} px" if case.width_px else ", no picture"
    lines = [f"Clip of {case.duration_s:.2f} s{picture}."]
    lines += [f"{name}: {text}" for name, text in evidence(case).items()]
    numbers = (("weaker sounds", len(case.heard), MAX_EVENTS), ("weaker motions", len(case.seen), MAX_MOTIONS))
    for what, given, most in (*numbers, ("later tracks", len(case.tracks), MAX_TRACKS)):
        if given > most:
            lines.append(f"({given - most} {what} are left out.)")
    return "\n".join(lines)


def evidence(case: CaseFile) -> dict[str, str]:
    """Evidence id → its text, in the order of the prompt."""
    found: dict[str, str] = {"L0": _quoted(case.label)} if case.label else {}
    for letter, modality in (("A", "audio"), ("V", "video")):
        said = [caption for caption in case.captions if caption.modality == modality]
        found |= {f"{letter}{i}": f"({caption.question}) {_quoted(caption.text)}" for i, caption in enumerate(said)}
    kept = _strongest(case.heard, MAX_EVENTS, [event.peak_dbfs for event in case.heard])
    found |= {f"S{i}": _sound(case.heard[i]) for i in kept}
    found |= {track.track_id: _track(track) for track in case.tracks[:MAX_TRACKS]}
    moved = _strongest(case.seen, MAX_MOTIONS, [event.strength for event in case.seen])
    found |= {f"M{i}": _motion(case.seen[i]) for i in moved}
    whole = [m for m in case.measurements if m.start_s is None and m.name in _CLIP_MEASUREMENTS]
    return found | {f"S{m.name}": _measured(m) for m in whole}


def shown_tracks(case: CaseFile) -> tuple[str, ...]:
    """The ids of the tracks that are among the evidence."""
    return tuple(track.track_id for track in case.tracks[:MAX_TRACKS])


def _strongest(given: Sequence[T], most: int, strength: Sequence[float]) -> list[int]:
    """Indices of the strongest, in their original order."""
    return sorted(sorted(range(len(given)), key=lambda i: (-strength[i], i))[:most])


def _quoted(text: str) -> str:
    return json.dumps(text[:_LONGEST_TEXT], ensure_ascii=False)


def _sound(event: HeardEvent) -> str:
    facts = [f"{with_article(event.kind)}, {event.start_s:.2f}–{event.end_s:.2f} s, peak {event.peak_dbfs:.0f} dBFS"]
    if event.loudness_lufs is not None:
        facts.append(f"{event.loudness_lufs:.0f} LUFS")
    if event.pitch_hz is not None:
        facts.append(f"pitch {event.pitch_hz:.0f} Hz")
    if event.pan is not None:
        facts.append(f"pan {event.pan:+.1f}")
    if len(event.onsets_s) > 1:
        facts.append(f"{len(event.onsets_s)} hits")
    return ", ".join(facts)


def _track(track: Track) -> str:
    x0, y0, x1, y1 = track.boxes[0].box_xyxy_px if track.boxes else (0, 0, 0, 0)
    where = f"first at x {x0:.0f}–{x1:.0f}, y {y0:.0f}–{y1:.0f} px" if track.boxes else "nowhere"
    speed = f"mean speed {track.mean_speed_px_per_s:.0f} px/s"
    return f"{_quoted(track.phrase)}, {track.start_s:.2f}–{track.end_s:.2f} s, {where}, {speed}"


def _motion(event: SeenEvent) -> str:
    whose = f" of track {event.track_id}" if event.track_id else ""
    return f"{event.kind}{whose} at {event.time_s:.2f} s"


def _measured(measured: Measured) -> str:
    return f"{measured.name} of the clip {measured.value:.2f} {measured.unit}"
