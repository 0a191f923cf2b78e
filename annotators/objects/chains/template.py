"""`template`: writes a chain about one thing from evidence alone, by fixed rules, deterministically.

It says with the remarks of the base chain what the thing's own sounds are, when, how and where, then that the thing makes
them, and what must not be taken along: the other sounds of the clip, or kinds that are absent where there are none. A doubtful
sound is neither spoken of nor counted. A thing all of whose sounds are doubtful is told by its clearest kind.
"""

from collections.abc import Sequence

from pydantic import Field

from annotators.base import Annotator, Params
from annotators.objects.chains import remarks as own_remarks
from annotators.objects.chains.instruction import instruction
from annotators.objects.chains.roles import ObjectCase
from annotators.template import remarks
from annotators.template.remarks import Remark
from annotators.template.salience import Group, absent_kinds, groups, strength
from annotators.template.steps import placed, within_budget
from schemas.reasoning import Reasoned


class ObjectTemplateParams(Params):
    """How much is said, and how clear it must be."""

    max_claims: int = Field(20, ge=4, description="claims of one chain, the avoidance not counted; the weightiest first")
    max_kinds: int = Field(3, ge=1, description="kinds of its own sounds that are spoken of, the strongest first")
    max_avoided: int = Field(3, ge=0, description="other sounds, or absent kinds, that are named in the avoidance")
    min_maker_score: float = Field(
        0.9,
        ge=0,
        le=1,
        description="another thing is named as the maker of what to avoid only if it is known this surely",
    )
    min_strength: float = Field(
        0.2, ge=0, le=1, description="kind score times level over the background (30 dB counts as 1) for a sentence"
    )


class ObjectTemplate(Annotator[ObjectCase, Reasoned]):
    """Steps, claims and instruction from what was measured."""

    Params = ObjectTemplateParams
    params: ObjectTemplateParams
    batch_size = 16

    @property
    def model(self) -> str:
        return f"template@{self.version}"

    def annotate(self, batch: Sequence[ObjectCase]) -> list[Reasoned]:
        """One chain per thing. Never rejects a thing that makes a sound; ValueError for one that makes none."""
        return [self._reasoned(case) for case in batch]

    def _reasoned(self, case: ObjectCase) -> Reasoned:
        spoken = self._spoken(case)
        others = sorted(
            groups(case.others, self.params.min_strength, self.params.max_avoided), key=lambda group: group.events[0].start_s
        )
        absent = absent_kinds(case.clip.heard)[: self.params.max_avoided]
        said = within_budget(self._remarks(case, spoken, others), self.params.max_claims)
        said += self._avoidance(case, spoken, others)
        if not others and absent:
            said.append(remarks.avoidance(absent, case.clip.duration_s))
        steps, claims = placed(said)
        return Reasoned(steps=steps, caption_cot=instruction(case, spoken, others, absent), claims=claims)

    def _spoken(self, case: ObjectCase) -> list[Group]:
        """The thing's clear sounds by kind. A kind can be counted where every one of the clip is clear and its own."""
        own = case.own
        if not own:
            raise ValueError(f"an object chain is about a thing that makes a sound, {case.object_id} makes none")
        clear = groups(own, self.params.min_strength, self.params.max_kinds) or groups(own, 0.0, 1)
        foreign = {event.kind for event in case.others}
        return [Group(group.kind, group.events, group.is_complete and group.kind not in foreign) for group in clear]

    def _remarks(self, case: ObjectCase, spoken: Sequence[Group], others: Sequence[Group]) -> list[Remark]:
        """Everything that could be said of the thing's own sounds, in the order in which it would be."""
        found: list[Remark | None] = [own_remarks.opening(case, spoken)]
        found += [remarks.timing(group, case.clip.duration_s) for group in spoken]
        found += [remarks.pace(group) for group in spoken]
        found += own_remarks.orders(case, spoken, sorted(others, key=lambda group: -strength(group.strongest)))
        found += [describe(group) for group in spoken for describe in (remarks.pitch, remarks.loudness, remarks.brightness)]
        found += [remarks.place(group) for group in spoken]
        found += [own_remarks.made_by(case, group) for group in spoken]
        return [remark for remark in found if remark is not None]

    def _avoidance(self, case: ObjectCase, spoken: Sequence[Group], others: Sequence[Group]) -> list[Remark]:
        """The other sounds, and which of the other things make them."""
        if not others:
            return []
        found: list[Remark | None] = [own_remarks.avoided(others, [group.kind for group in spoken])]
        for thing in case.objects:
            if thing.object_id == case.object_id:
                continue
            found += [
                own_remarks.avoided_maker(case, thing, group.kind)
                for group in others
                if case.maker_score(thing.object_id, group.kind) >= self.params.min_maker_score
            ]
        return [remark for remark in found if remark is not None]
