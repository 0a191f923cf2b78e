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
    edit: Edit, sounds: EditSounds, kept: Sequence[Group], changed: Sequence[Group], absent: Sequence[SoundKind]
) -> str:
    """`kept`, `changed`: what is spoken of; `absent`: what the target must not hold."""
    start, end = seconds(sounds.start_s), seconds(sounds.end_s)
    new = joined([f"{described(group)} {when(group)}" for group in changed]) if changed else None
    loud = f", {relative_level(edit.snr_lu)} the rest" if edit.snr_lu is not None else ""
    avoid = sentence(f"avoid {joined([noun(kind, 2) for kind in absent], 'or')}") if absent else ""
    match edit.operation:
        case "extension":
            asked = f"continue the sound from {start} to its end at {end}{f' with {new}' if new else ''}"
        case "inpainting":
            asked = f"fill the gap between {start} and {end} with {new or 'what sounds around it'}"
        case "addition":
            asked = f"add {new or f'{_UNCLEAR} between {start} and {end}'}{loud}"
        case "removal":
            asked = f"remove {_those(changed)} between {start} and {end}"
        case "extraction":
            return f"{sentence(f'extract {_those(kept)}, avoid {_those(changed)}')} {avoid}".rstrip()
    return f"{sentence(f'{asked}; {_keep(kept)}')} {avoid}".rstrip()


def _keep(kept: Sequence[Group]) -> str:
    if not kept:
        return "keep the rest as it is"
    is_one = len(kept) == 1 and len(kept[0].events) == 1
    return f"keep {_those(kept)} as {'it is' if is_one else 'they are'}"


def _those(found: Sequence[Group]) -> str:
    return joined([f"the {noun(group.kind, len(group.events))}" for group in found]) if found else "the faint sounds"
