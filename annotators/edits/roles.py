"""The role `edit_reasoner`: what is asked about an editing task. The answer is a chain like any other, `Reasoned`."""

from dataclasses import dataclass

from annotators.roles import CaseFile
from schemas.edits import Edit


@dataclass(frozen=True)
class EditCase:
    """A task with the evidence of its clips, each on its own time axis and at its own level.

    `other` is None where nothing is mixed in. The instructions are those of the clips' base chains, None where there is none.
    Claims of the answer name the sound that they are about, `input` or `target`.
    """

    edit: Edit
    clip: CaseFile
    other: CaseFile | None
    clip_instruction: str | None
    other_instruction: str | None
