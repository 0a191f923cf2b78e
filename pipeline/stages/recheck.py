"""Recheck: a verifier judges the claims that repair has put in the place of refuted ones, and nothing else."""

from typing import ClassVar

from pipeline.stages.verify import Verify
from schemas.evidence import MotionEvent, RoiTrack
from schemas.media import Clip
from schemas.reasoning import Claim, Decoy


class Recheck(Verify):
    """A clip without new claims costs nothing: its media is not even read."""

    name = "recheck"
    requires = (Clip, RoiTrack, MotionEvent, Claim)
    judges: ClassVar[tuple[type[Claim] | type[Decoy], ...]] = (Claim,)
    ignores = ("reason",)  # its claims were judged before
