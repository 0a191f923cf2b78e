"""Parameters of the motion tracker."""

from pydantic import Field

from annotators.base import Params


class MotionParams(Params):
    """Parameters of the motion tracker. Sizes are relative, so that they hold at any resolution."""

    fps: float = Field(25.0, gt=0, le=60, description="frames per second that are looked at")
    max_side_px: int = Field(320, ge=16, description="longer side of the picture that is looked at")
    low_difference: float = Field(14.0, gt=0, le=255, description="difference to the background that a moving pixel has")
    high_difference: float = Field(30.0, gt=0, le=255, description="difference that some pixels of a moving region have")
    min_area_frac: float = Field(0.0004, ge=0, le=1, description="smallest moving region, as a share of the picture")
    min_track_s: float = Field(0.24, ge=0, description="shortest time a track must be seen for")
    max_gap_s: float = Field(0.5, ge=0, description="longest time a track may be out of sight")
    min_move_frac: float = Field(0.08, ge=0, description="shortest way of a side of the box, in diagonals of the box")
    min_impact: float = Field(0.8, ge=0, description="smallest velocity jump of an impact, in diagonals of the box per second")
    max_tracks: int = Field(16, ge=1, description="most tracks per clip; those with the largest area over time are kept")
