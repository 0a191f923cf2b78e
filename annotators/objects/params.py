"""Parameters of the `correspondence` attributor."""

from pydantic import Field

from annotators.base import Params
from annotators.motion.params import MotionParams

_TRACKER = MotionParams()


class CorrespondenceParams(Params):
    """Parameters of the `correspondence` attributor. Its pictures are those of the motion tracker: none is decoded twice."""

    fps: float = Field(_TRACKER.fps, gt=0, le=60, description="frames per second that are looked at")
    max_side_px: int = Field(_TRACKER.max_side_px, ge=16, description="longer side of the picture that is looked at")
    coincidence_s: float = Field(0.08, gt=0, description="an onset and a sudden move this close are at the same moment")
    off_screen_prior: float = Field(0.08, gt=0, lt=0.5, description="probability of a maker out of sight before any evidence")
    unfollowed_prior: float = Field(
        0.1, gt=0, lt=0.5, description="probability before any evidence of a maker in the picture that no track follows"
    )
    presence_power: float = Field(
        0.25, ge=0, le=1, description="how much likelier a larger and longer seen thing is to be a maker; 0: not at all"
    )
    second_kind: float = Field(
        0.3, gt=0, le=1, description="chance that a thing that makes one kind of sound makes another, in that of a silent one"
    )
    min_score: float = Field(
        0.6, ge=0, le=1, description="an event whose likeliest maker is less probable than this is unclear"
    )
    max_silent_score: float = Field(
        0.2, ge=0, le=1, description="a thing that makes no sound with more probability than this may be silent"
    )
    max_silent_ratio: float = Field(
        0.5, ge=0, le=1, description="and it is, if evidence brought that down to this share of what it was before, or less"
    )
