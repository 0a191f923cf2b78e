"""A clip's things and their sounds as numbered text that a language model can cite, after the clip's other evidence.

All of it is the same for every thing of a clip but the last line, so that a server's prefix cache has the rest.
"""

import json
from collections.abc import Sequence

from annotators.chat.evidence_text import evidence, evidence_text, shown_tracks
from annotators.objects.chains.roles import ObjectCase
from schemas.objects import FoundObject, MakerKind

_UNPLACED: dict[MakerKind, str] = {"off_screen": "Made by something out of sight", "unclear": "It is unclear what makes"}
MAX_THINGS = 16


def case_text(case: ObjectCase) -> str:
    """One piece of evidence per line, each with its id in front; then which thing to write about."""
    lines = [evidence_text(case.clip), *(f"{name}: {text}" for name, text in things(case).items())]
    for maker, words in _UNPLACED.items():
        given = [at for at, one in enumerate(case.makers) if one.maker == maker]
        if shown := _shown(case, given):
            lines.append(f"{words}: {', '.join(shown)}.")
    return "\n".join([*lines, f"Write about {case.object_id}, {_quoted(case.thing.phrase)}."])


def case_evidence(case: ObjectCase) -> dict[str, str]:
    """Evidence id → its text."""
    return evidence(case.clip) | things(case)


def things(case: ObjectCase) -> dict[str, str]:
    """Thing → its text, by first appearance. Of many, the one to write about, those that make sounds, and the largest."""
    by_weight = sorted(
        case.objects, key=lambda thing: (thing.object_id != case.object_id, thing.state == "silent", -thing.mean_area_frac)
    )
    shown = {thing.object_id for thing in by_weight[:MAX_THINGS]}
    return {thing.object_id: _told(case, thing) for thing in case.objects if thing.object_id in shown}


def _told(case: ObjectCase, thing: FoundObject) -> str:
    seen = ", ".join(f"{span.start_s:.2f}–{span.end_s:.2f}" for span in thing.visible)
    tracks = [track_id for track_id in shown_tracks(case.clip) if track_id in thing.track_ids]
    facts = [f"{_quoted(thing.phrase)}, tracks {', '.join(tracks) or 'left out'}", f"in sight {seen} s"]
    facts += [f"covers {thing.mean_area_frac:.1%} of the picture", f"place {thing.pan_mean:+.1f}"]
    given = [at for at, one in enumerate(case.makers) if one.object_id == thing.object_id]
    if shown := _shown(case, given):
        score = min(case.makers[at].score for at in given)
        facts.append(f"makes {', '.join(shown)} (score {score:.2f})")
    else:
        facts.append(f"{thing.state} (score {thing.state_score:.2f})")
    return ", ".join(facts)


def _shown(case: ObjectCase, at: Sequence[int]) -> list[str]:
    """The ids of sounds that are among the evidence."""
    known = evidence(case.clip)
    return [f"S{number}" for number in at if f"S{number}" in known]


def _quoted(text: str) -> str:
    return json.dumps(text[:80], ensure_ascii=False)
