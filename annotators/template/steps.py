"""From remarks to a chain: the weightiest within a budget of claims, those of one aspect joined into a step."""

from collections.abc import Sequence

from annotators.template.remarks import Remark, clauses
from annotators.wording import sentence
from schemas.reasoning import Stated, Step
from schemas.vocabulary import Aspect

_ORDER: tuple[Aspect, ...] = ("semantic", "temporal", "aesthetic", "spatial")


def within_budget(found: Sequence[Remark], max_claims: int) -> list[Remark]:
    """The weightiest remarks whose claims fit, in their original order; the weightiest of all whatever it claims."""
    room = max_claims
    taken: set[int] = set()
    for index in sorted(range(len(found)), key=lambda index: (-found[index].weight, index)):
        if len(found[index].claims) <= room or not taken:
            taken.add(index)
            room -= len(found[index].claims)
    return [remark for index, remark in enumerate(found) if index in taken]


def placed(said: Sequence[Remark]) -> tuple[list[Step], list[Stated]]:
    """Remarks of one aspect joined into one step, those that stand alone and the avoidance into their own."""
    steps: list[Step] = []
    claims: list[Stated] = []

    def add(together: Sequence[Remark]) -> None:
        text = sentence(clauses(together))
        for remark in together:
            claims.extend(claim.model_copy(update={"step_index": len(steps)}) for claim in remark.claims)
        steps.append(Step(text=text, aspect=together[0].aspect, is_avoidance=together[0].is_avoidance))

    for aspect in _ORDER:
        of_aspect = [remark for remark in said if remark.aspect == aspect and not remark.is_avoidance]
        if together := [remark for remark in of_aspect if not remark.stands_alone]:
            add(together)
        for remark in of_aspect:
            if remark.stands_alone:
                add([remark])
    for remark in said:
        if remark.is_avoidance:
            add([remark])
    return steps, claims
