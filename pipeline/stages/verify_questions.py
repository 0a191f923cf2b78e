"""Verify what the silent teacher claims of the sound, against the true sound (SightSound-R1, step 2)."""

from typing import ClassVar

from pipeline.stages.verify import Verify
from schemas.vocabulary import Task


class VerifyQuestions(Verify):
    name = "verify_questions"
    task: ClassVar[Task | None] = "question"
