"""Decide on the silent teacher's chains: as on any other, and a chain whose answer does not stand is no chain."""

from collections.abc import Sequence
from typing import ClassVar

from pipeline.questions.settled import settled
from pipeline.sample import Sample
from pipeline.stages.decide import Decide
from schemas.errors import Filtered
from schemas.reasoning import Cot, Decision
from schemas.vocabulary import Task


class DecideQuestions(Decide):
    name = "decide_questions"
    task: ClassVar[Task | None] = "question"

    def ask(self, sample: Sample) -> Sequence[Decision] | Filtered:
        decisions = super().ask(sample)
        if isinstance(decisions, Filtered):
            return decisions
        chains = {cot.cot_id: cot for cot in sample.of(Cot)}
        return [settled(decision, chains[decision.cot_id]) for decision in decisions]
