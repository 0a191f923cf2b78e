"""Decide objects: verdicts on the chains about things become accept, repair or reject, by the same policy as the base chain."""

from typing import ClassVar

from pipeline.stages.decide import Decide
from schemas.vocabulary import Task


class DecideObjects(Decide):
    name = "decide_objects"
    task: ClassVar[Task | None] = "object"
