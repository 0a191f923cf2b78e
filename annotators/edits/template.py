"""`template` as an edit reasoner: the chain of an editing task from measurements alone, by fixed rules.

A chain says what is there, what changes and when, what the sound without it lacks, how what changes sounds and how loud it is,
what stays, and what to avoid. What sounds where is `sounds`' business; a sound that would be masked is not spoken of.
"""

from collections.abc import Sequence

from pydantic import Field

from annotators.base import Annotator, Params
from annotators.edits import remarks
from annotators.edits.instruction import instruction
from annotators.edits.roles import EditCase
from annotators.edits.sounds import EditSounds, sounds_of
from annotators.template.remarks import Remark
from annotators.template.salience import Group, absent_kinds, groups
from annotators.wording import sentence
from schemas.evidence import HeardEvent
from schemas.reasoning import Reasoned, Step
from schemas.vocabulary import SoundKind


class EditTemplateParams(Params):
    """How much is said, and how clear it must be."""

    max_kinds: int = Field(3, ge=1, description="kinds of sound that are spoken of of each clip, the strongest first")
    max_avoided: int = Field(2, ge=0, description="kinds named in the avoidance step")
    min_strength: float = Field(
        0.25, ge=0, le=1, description="kind score times level over the background (30 dB counts as 1) for a sentence"
    )


class TemplateEditReasoner(Annotator[EditCase, Reasoned]):
    """Steps, claims and instruction from what was measured of the clips."""

    Params = EditTemplateParams
    params: EditTemplateParams
    batch_size = 16

    @property
    def model(self) -> str:
        return "template@1"

    def annotate(self, batch: Sequence[EditCase]) -> list[Reasoned]:
        """One chain per case; never rejects: where nothing clear changes, that much is said."""
        return [self._reasoned(case) for case in batch]

    def _reasoned(self, case: EditCase) -> Reasoned:
        edit, sounds = case.edit, sounds_of(case.edit, case.clip, case.other)
        stays_in_input, stays = self._groups(sounds.stays("input")), self._groups(sounds.stays("target"))
        changed = [remarks.counted(group, sounds) for group in self._groups(sounds.changed)]
        continued = self._groups(sounds.continued)
        absent = self._avoided(sounds)
        said = [
            remarks.presence("input", stays_in_input, case.clip.label),
            remarks.change(edit, sounds, changed, continued, case.other.label if case.other else None),
            remarks.lack(sounds, changed),
            *(remark for group in changed for remark in remarks.qualities(sounds, group)),
            remarks.presence("target", stays),
            remarks.avoidance(absent, case.clip.duration_s) if absent else None,
        ]
        told = instruction(edit, sounds, stays, changed, continued, absent)
        return _chain([remark for remark in said if remark is not None], told)

    def _groups(self, events: Sequence[HeardEvent]) -> list[Group]:
        return groups(events, self.params.min_strength, self.params.max_kinds)

    def _avoided(self, sounds: EditSounds) -> list[SoundKind]:
        """Kinds that the target surely lacks, those of the sound that goes first."""
        absent = absent_kinds(sounds.heard("target"))
        gone = {event.kind for event in sounds.changed} if sounds.changed_in == "input" else set()
        return sorted(absent, key=lambda kind: kind not in gone)[: self.params.max_avoided]


def _chain(said: Sequence[Remark], told: str) -> Reasoned:
    """Every remark as a step."""
    steps = [Step(text=sentence(one.text), aspect=one.aspect, is_avoidance=one.is_avoidance) for one in said]
    claims = [claim.model_copy(update={"step_index": index}) for index, one in enumerate(said) for claim in one.claims]
    return Reasoned(steps=steps, caption_cot=told, claims=claims)
