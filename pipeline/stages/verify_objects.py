"""Verify objects: a witness judges every claim of the chains about things, decoys among them, against the clip."""

from typing import ClassVar

from pipeline.stages.verify import Verify
from schemas.vocabulary import Task


class VerifyObjects(Verify):
    name = "verify_objects"
    task: ClassVar[Task | None] = "object"
