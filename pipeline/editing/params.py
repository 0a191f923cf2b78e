"""What is drawn for editing tasks, and from which distributions.

No paper or code of ThinkSound says how its lengths, offsets and ratios were drawn, so these are ours. Every draw is uniform
over its range.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, PositiveFloat

from annotators.base import Params
from pipeline.splits import SplitParams


def _ascending(given: tuple[float, float]) -> tuple[float, float]:
    if given[0] > given[1]:
        raise ValueError(f"a range goes from its smaller to its larger end, got {given[0]:g} to {given[1]:g}")
    return given


_Share = Annotated[float, Field(gt=0, lt=1)]
Range = Annotated[tuple[float, float], AfterValidator(_ascending)]
Lengths = Annotated[tuple[PositiveFloat, PositiveFloat], AfterValidator(_ascending)]
Shares = Annotated[tuple[_Share, _Share], AfterValidator(_ascending)]


class EditParams(Params):
    """How many tasks a clip gets, and the ranges that everything about them is drawn from."""

    per_clip: int = Field(2, ge=1, le=5, description="tasks of one clip, each another of the five operations")
    seed: int = Field(0, description="another seed draws other tasks")
    min_clip_s: float = Field(3.0, ge=1, description="a shorter clip gets no task and lends no sound")
    min_lufs: float = Field(-50.0, ge=-70, description="a clip of a lower integrated loudness gets no task and lends no sound")
    context_frac: Shares = Field((0.3, 0.7), description="extension: where the clip is cut, as a share of its length")
    masked_s: Lengths = Field((0.5, 2.5), description="inpainting: length of the mask; never over 40 % of the clip")
    part_s: Lengths = Field(
        (1.0, 4.0), description="addition, removal: length of what is mixed in; never over 60 % of the clip"
    )
    snr_lu: Range = Field(
        (-8.0, 4.0), description="integrated loudness of the clip within the mask over that of the sound mixed in"
    )
    max_below_lu: float = Field(
        10.0,
        ge=0,
        description="what is mixed in is at most so far below the whole clip, whatever snr_lu asks for in a pause",
    )
    crossfade_s: Lengths = Field((0.02, 0.1), description="fade at both ends of a part that is mixed in")
    gap_fade_s: Lengths = Field((0.005, 0.02), description="fade at the ends of a silenced span, inside of it")
    headroom_db: float = Field(1.0, ge=0, description="input and target peak at least so far below full scale")
    min_strength: float = Field(
        0.2, ge=0, le=1, description="kind score times level over the background (30 dB counts as 1) of an event to build on"
    )
    num_partners: int = Field(3, ge=1, description="the other clip is drawn from so many that are least like this one")


class EditParamsWithSplits(EditParams, SplitParams):
    """The same, for a stage that mixes only clips of one split."""
