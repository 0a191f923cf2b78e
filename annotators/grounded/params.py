"""Parameters of the trackers that look for words."""

from typing import Literal

from pydantic import Field

from annotators.base import Params


class GroundedParams(Params):
    """What is looked at, what counts as found, and the detector's weights."""

    fps: float = Field(5.0, gt=0, le=30, description="pictures a second")
    max_side_px: int = Field(640, ge=64, le=2048, description="pictures are made smaller until no side is longer")
    detect_every_s: float = Field(2.0, gt=0, le=60, description="how often things that have appeared since are looked for")
    min_score: float = Field(0.35, gt=0, lt=1, description="least score of a box for the phrase it fits best")
    max_overlap: float = Field(0.7, gt=0, lt=1, description="boxes of one picture with a larger IoU are one thing")
    same_thing: float = Field(0.5, gt=0, lt=1, description="a box with at least this IoU with a track is that track")
    max_tracks: int = Field(12, ge=1, le=64, description="most tracks of a clip: the first that appear, the surest of those")
    detector_model: str = Field("IDEA-Research/grounding-dino-tiny", description="hub id or folder of the Grounding DINO")
    detector_revision: str = Field(
        "main", description="commit, tag or branch of its hub id; pin a commit for a build to repeat"
    )
    detector_dtype: Literal["bfloat16", "float16", "float32"] = Field("float32", description="number format of its weights")
