"""The instruction to make one thing's sound alone, in the imperative, ending in what to avoid."""

from collections.abc import Sequence

from annotators.objects.chains.naming import name
from annotators.objects.chains.remarks import other_sound
from annotators.objects.chains.roles import ObjectCase
from annotators.template.instruction import character, described, paragraph, when
from annotators.template.salience import Group
from annotators.wording import joined, noun, sentence
from schemas.vocabulary import SoundKind


def instruction(case: ObjectCase, spoken: Sequence[Group], others: Sequence[Group], absent: Sequence[SoundKind]) -> str:
    """The paragraph. `others`: sounds that must not be taken along; `absent` kinds are named only where there are none."""
    sounds = joined([f"{described(group)} {when(group)}" for group in spoken])
    opening = sentence(f"generate the sound of the {name(case.thing, case.objects)} alone: {sounds}")
    own_kinds = [group.kind for group in spoken]
    heard = [
        other_sound(group, own_kinds) + (f" {when(group)}" if group.kind in own_kinds else "") for group in others
    ]  # only their times tell sounds of one kind apart
    named, last = (heard, "and") if heard else ([noun(kind, 2) for kind in absent], "or")
    avoid = sentence(f"avoid {joined(named, last)}") if named else None
    return paragraph(opening, [text for group in spoken if (text := character(group))], avoid)
