"""The instruction of an editing task, in the imperative, as an editing model is asked.

ThinkSound's figures show "Add <content of the other chain>, <other details>" and "Extract <sound of clip 1>, avoid <sound of
clip 2>". Everything in it is said by a step of the chain.
"""

from collections.abc import Sequence

from annotators.edits.remarks import relative_level
from annotators.edits.sounds import EditSounds
from annotators.template.instruction import described, when
from annotators.template.salience import Group
from annotators.wording import joined, noun, seconds, sentence
from schemas.edits import Edit
from schemas.vocabulary import SoundKind

_UNCLEAR = "the sound of the other clip"


def instruction(
    edit: Edit,
    sounds: EditSounds,
    kept: Sequence[Group],
    changed: Sequence[Group],
    continued: Sequence[Group],
    absent: Sequence[SoundKind],
) -> str:
    """`kept`, `changed`, `continued`: what is spoken of; `absent`: what the target must not hold."""
    start, end = seconds(sounds.start_s), seconds(sounds.end_s)
    parts = [f"the {noun(group.kind)} that goes on" for group in continued]
    parts += [f"{described(group)} {when(group)}" for group in changed]
    new = joined(parts) if parts else None
    loud = f", {relative_level(edit.snr_lu)} the rest" if edit.snr_lu is not None else ""
    avoid = sentence(f"avoid {joined([noun(kind, 2) for kind in absent], 'or')}") if absent else ""
    gone = _those(changed, changed if edit.operation == "removal" else kept) if changed else _UNCLEAR
    match edit.operation:
        case "extension":
            asked = f"continue the sound from {start} to its end at {end}{f' with {new}' if new else ''}"
        case "inpainting":
            asked = f"fill the gap between {start} and {end} with {new or 'what sounds around it'}"
        case "addition":
            asked = f"add {new or f'{_UNCLEAR} between {start} and {end}'}{loud}"
        case "removal":
            where = "" if changed else f" between {start} and {end}"
            return sentence(f"remove {gone}{where}; {_keep(kept, changed)}")
        case "extraction":
            return sentence(f"extract {_those(kept, changed) if kept else 'the sound of the clip'}, avoid {gone}")
    return f"{sentence(f'{asked}; {_keep(kept)}')} {avoid}".rstrip()


def _keep(kept: Sequence[Group], changed: Sequence[Group] = ()) -> str:
    if not kept:
        return "keep the rest as it is"
    is_one = len(kept) == 1 and len(kept[0].events) == 1
    return f"keep {_those(kept, changed)} as {'it is' if is_one else 'they are'}"


def _those(found: Sequence[Group], others: Sequence[Group] = ()) -> str:
    """Groups by their names, and by their times where others have the same name."""
    names = {group.kind for group in others}
    told = [f"the {noun(group.kind, len(group.events))}{f' {when(group)}' if group.kind in names else ''}" for group in found]
    return joined(told)
