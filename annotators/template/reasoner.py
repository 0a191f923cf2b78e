"""`template`: writes a chain of thought from evidence alone, by fixed rules, deterministically.

It owns the choice of what to say; the evidence owns the truth. A chain has up to five parts: what is seen and heard
(semantic), when (temporal), how it sounds (aesthetic), where and made by what (spatial), and what to avoid. Captions are not
quoted: the embedded captioners say the same evidence again, and a model's captions are for a reasoner that can read.
"""

from collections.abc import Sequence
from itertools import pairwise

from pydantic import Field

from annotators.base import Annotator, Params
from annotators.roles import CaseFile
from annotators.template import remarks
from annotators.template.instruction import instruction
from annotators.template.makers import maker
from annotators.template.remarks import Remark, stated
from annotators.template.salience import Group, absent_kinds, groups
from annotators.template.steps import placed, within_budget
from annotators.wording import joined
from schemas.reasoning import Reasoned, Stated
from schemas.vocabulary import ANY_SOUND


class TemplateParams(Params):
    """How much is said, and how clear it must be."""

    max_claims: int = Field(24, ge=4, description="claims of one chain; the weightiest remarks are taken first")
    max_kinds: int = Field(4, ge=1, description="kinds of sound that are spoken of, the strongest first")
    max_tracks: int = Field(3, ge=0, description="tracks that are spoken of, those that move most first")
    max_avoided: int = Field(2, ge=0, description="absent kinds named in the avoidance step")
    min_strength: float = Field(
        0.2, ge=0, le=1, description="kind score times level over the background (30 dB counts as 1) for a sentence"
    )
    coincidence_s: float = Field(0.08, gt=0, description="how far a bounce and its sound may be apart")
    max_p_chance: float = Field(
        0.003, gt=0, lt=1, description="a track makes a sound if chance explains it no better than this"
    )


class TemplateReasoner(Annotator[CaseFile, Reasoned]):
    """Steps, claims and instruction from what was measured."""

    Params = TemplateParams
    version = 2
    params: TemplateParams
    batch_size = 16

    @property
    def model(self) -> str:
        return f"template@{self.version}"

    def annotate(self, batch: Sequence[CaseFile]) -> list[Reasoned]:
        """One chain per case; never rejects: a clip without any event is said to be quiet."""
        return [self._reasoned(case) for case in batch]

    def _reasoned(self, case: CaseFile) -> Reasoned:
        spoken = groups(case.heard, self.params.min_strength, self.params.max_kinds)
        absent = absent_kinds(case.heard)[: self.params.max_avoided]
        room = self.params.max_claims - self.params.max_avoided  # some is left for the avoidance
        said = within_budget(self._remarks(case, spoken), room)
        if absent and case.heard:
            said.append(remarks.avoidance(absent, case.duration_s))
        steps, claims = placed(said)
        return Reasoned(steps=steps, caption_cot=instruction(spoken, absent, case.duration_s), claims=claims)

    def _remarks(self, case: CaseFile, spoken: Sequence[Group]) -> list[Remark]:
        """Everything that could be said, in the order in which it would be."""
        end_s = case.duration_s
        found: list[Remark | None] = [self._opening(case, spoken)]
        found += [remarks.timing(group, end_s) for group in spoken]
        found += [remarks.pace(group) for group in spoken]
        found += [remarks.order(first, then, end_s) for first, then in pairwise(spoken)]
        found += [describe(group) for group in spoken for describe in (remarks.pitch, remarks.loudness, remarks.brightness)]
        found += [remarks.place(group) for group in spoken]
        if case.width_px:
            for group in spoken:
                made = maker(
                    group, case.tracks, case.seen, case.width_px, end_s, self.params.coincidence_s, self.params.max_p_chance
                )
                found.append(remarks.made_by(group, made, end_s) if made else None)
        return [remark for remark in found if remark is not None]

    def _opening(self, case: CaseFile, spoken: Sequence[Group]) -> Remark:
        """What is heard and seen and how the clip is labelled, in one sentence that claims a sound or its absence."""
        heard = [remarks.presence(group) for group in spoken]
        if heard:
            text = f"{joined([remark.text for remark in heard])} {'is' if _is_one(spoken) else 'are'} heard"
            claims = [claim for remark in heard for claim in remark.claims]
        elif case.heard:
            text, claims = "only faint, unclear sounds are heard", []
        else:
            text, claims = "nothing stands out of the background", [stated("absence", "heard", ANY_SOUND, 0.0, case.duration_s)]
        moving = sorted(case.tracks, key=lambda track: track.mean_speed_px_per_s, reverse=True)[: self.params.max_tracks]
        if moving:
            sight = remarks.sight(sorted(moving, key=lambda track: track.track_id))
            text += f" while {sight.text} {'is' if len(moving) == 1 else 'are'} seen moving"
            claims += sight.claims
        if case.label:
            text += f", in a clip labelled “{case.label}”"
            label_claim = Stated(step_index=0, type="inference", basis="inferred", text=f"The clip is labelled “{case.label}”.")
            claims.append(label_claim)
        return Remark("semantic", text, 100.0, claims)


def _is_one(spoken: Sequence[Group]) -> bool:
    return len(spoken) == 1 and len(spoken[0].events) == 1
