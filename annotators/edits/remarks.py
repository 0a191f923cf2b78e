"""What is said of an editing task: remarks of the template reasoner, each about the input or the target.

Every remark becomes a step of its own, so that one which is refuted can go alone. All of them are said: none has a weight.
"""

from collections.abc import Sequence
from dataclasses import replace

from annotators.edits.sounds import EditSounds
from annotators.likeness import ALIKE
from annotators.template import remarks
from annotators.template.remarks import Remark, attribute_claim, event_claim, stated
from annotators.template.salience import Group, absent_kinds
from annotators.wording import joined, noun, seconds, sentence, worded
from schemas.edits import Edit, Operation
from schemas.reasoning import Stated
from schemas.vocabulary import ANY_SOUND, Aspect, ClaimMedia, SoundKind

_LACKS: dict[Operation, str] = {
    "extension": "the input stops at {start}, the target goes on to its end at {end}",
    "inpainting": "the input is silent between {start} and {end}, the target is not",
    "addition": "the target adds a sound of another clip between {start} and {end}",
    "removal": "the input also holds a sound of another clip between {start} and {end}, the target does not",
    "extraction": "the input mixes two clips between {start} and {end}, the target is the sound of the first alone",
}
_LEAST_SAID_LU = 1.0  # less is told as equally loud
_EDGE_S = 0.1


def about(media: ClaimMedia, claims: Sequence[Stated]) -> list[Stated]:
    """The claims, said of one of the two sounds."""
    return [worded(claim.model_copy(update={"media": media})) for claim in claims]


def counted(group: Group, sounds: EditSounds) -> Group:
    """The events of a kind that change, to be counted only where nothing like them and nothing mingled with them sounds."""
    like = {group.kind, *ALIKE[group.kind]}
    beside = [event for event in sounds.kept[sounds.changed_in] if event.kind in like]
    is_alone = not any(event.start_s < sounds.end_s + _EDGE_S and event.end_s > sounds.start_s - _EDGE_S for event in beside)
    is_clean = is_alone and all(event.loudness_lufs is not None for event in group.events)
    return replace(group, is_complete=group.is_complete and is_clean)


def presence(media: ClaimMedia, found: Sequence[Group], label: str | None = None) -> Remark | None:
    """What the clip's own sound is, as it is in one of the two; in the target it is what stays. None where nothing is clear."""
    if not found:
        return None
    told = [remarks.presence(group) for group in found]
    claims = about(media, [claim for remark in told for claim in remark.claims])
    names = joined([remark.text for remark in told])
    if media == "target":
        return _said("semantic", f"{names} {_verb(found, 'stays as it is', 'stay as they are')}", claims)
    if label:
        claims.append(Stated(step_index=0, type="inference", basis="inferred", text=f"The clip is labelled “{label}”."))
        names += f", in a clip labelled “{label}”"
    return _said("semantic", f"the input holds {names}", claims)


def change(
    edit: Edit, sounds: EditSounds, changed: Sequence[Group], continued: Sequence[Group], other_label: str | None
) -> Remark:
    """What one of the two has and the other lacks, when, and how loud beside the clip.

    That level follows from the gains. It cannot be measured in a mix, so it is claimed as a conclusion.
    """
    told = [_continuing(group) for group in continued] + [_timing(group, sounds) for group in changed]
    where = _LACKS[edit.operation].format(start=seconds(sounds.start_s), end=seconds(sounds.end_s))
    source = f" (labelled “{other_label}”)" if other_label else ""
    said = [f"{where}{source}{': ' if told else ''}{'; '.join(remark.text for remark in told)}"]
    claims = about(sounds.changed_in, [claim for remark in told for claim in remark.claims])
    if not sounds.is_mix:
        claims = [_gap(edit, sounds), *claims]
    if edit.snr_lu is not None:
        level = f"the sound of the other clip is {relative_level(edit.snr_lu)} the clip's own"
        said.append(level)
        claims.append(Stated(step_index=0, type="inference", basis="inferred", text=sentence(level)))
    return _said("temporal", "; ".join(said), claims)


def lack(sounds: EditSounds, changed: Sequence[Group]) -> Remark | None:
    """That what is mixed in is not heard in the sound without it; None where that one has something like it at that time."""
    start_s, end_s = sounds.start_s, sounds.end_s
    around = [event for event in sounds.heard(sounds.lacking) if event.start_s < end_s and event.end_s > start_s]
    absent = set(absent_kinds(around))
    kinds = [group.kind for group in changed if group.kind in absent]
    if not sounds.is_mix or not kinds:
        return None
    claims = about(sounds.lacking, [stated("absence", "heard", kind, start_s, end_s) for kind in kinds])
    names = joined([noun(kind, 2) for kind in kinds], "or")
    return _said("semantic", f"the {sounds.lacking} has no {names} there", claims)


def qualities(sounds: EditSounds, group: Group) -> list[Remark]:
    """How what changes sounds, and where it is."""
    found = [describe(group) for describe in (remarks.pitch, remarks.loudness, remarks.brightness)]
    media = sounds.changed_in
    how = [remark for remark in found if remark is not None]
    place = remarks.place(group)
    told: list[Remark] = []
    if how:
        claims = about(media, [claim for remark in how for claim in remark.claims])
        told.append(_said("aesthetic", remarks.clauses(how), claims))
    if place is not None:
        told.append(_said("spatial", place.text, about(media, place.claims)))
    return told


def relative_level(snr_lu: float) -> str:
    """ "about 6 LU quieter than", for a clip that is louder by so much."""
    if abs(snr_lu) < _LEAST_SAID_LU:
        return "about as loud as"
    return f"about {abs(snr_lu):.0f} LU {'quieter' if snr_lu > 0 else 'louder'} than"


def avoidance(kinds: Sequence[SoundKind], duration_s: float) -> Remark:
    """What must not be heard in the target."""
    remark = remarks.avoidance(kinds, duration_s)
    return _said("semantic", remark.text, about("target", remark.claims), is_avoidance=True)


def _gap(edit: Edit, sounds: EditSounds) -> Stated:
    """That the input is silent within the mask, its fades left out."""
    end_s = sounds.end_s - (_EDGE_S if edit.operation == "inpainting" else 0.0)
    return about("input", [stated("absence", "heard", ANY_SOUND, sounds.start_s + _EDGE_S, end_s)])[0]


def _continuing(group: Group) -> Remark:
    """That what lasts goes on where the input is silent: told by its length."""
    event = group.strongest
    length_s = round(round(event.end_s, 1) - round(event.start_s, 1), 1)
    claims = [event_claim(event), attribute_claim(event, "duration", "equals", length_s)]
    return _said("temporal", f"the {noun(group.kind)} goes on until {seconds(event.end_s)}", claims)


def _timing(group: Group, sounds: EditSounds) -> Remark:
    """When the events of a kind that change are heard; how many, and how long one that lasts, where they can be counted."""
    timing = remarks.timing(group, sounds.end_s)
    span = {"start_s": round(sounds.start_s, 1), "end_s": round(sounds.end_s, 1)}
    claims = [claim.model_copy(update=span) if claim.type == "count" else claim for claim in timing.claims]
    if not group.is_complete:
        claims = [event_claim(group.events[0]) if claim.attribute == "duration" else claim for claim in claims]
    return _said("temporal", timing.text, claims)


def _said(aspect: Aspect, text: str, claims: Sequence[Stated], is_avoidance: bool = False) -> Remark:
    return Remark(aspect, text, 1.0, claims, is_avoidance=is_avoidance)


def _verb(found: Sequence[Group], one: str, many: str) -> str:
    return one if len(found) == 1 and len(found[0].events) == 1 else many
