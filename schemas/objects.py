"""Rows about objects: things in the picture as they are seen over a clip, and which of them makes which sound.

An object is one thing, however many tracks follow it. Every heard event gets exactly one attribution: to an object, to
something off screen, or to nothing that the evidence tells. Both are measured, and both may be wrong: claims about them are
verified like any other.
"""

from typing import ClassVar, Literal

from schemas.reasoning import Evidence
from schemas.row import AnnotationRow, Span, Value

ObjectState = Literal["sounding", "silent", "unclear"]
MakerKind = Literal["object", "off_screen", "unclear"]


class Waypoint(Value):
    """Where an object is at a moment, as fractions of the picture's width, height and area."""

    time_s: float
    x_frac: float  # of its middle, 0 left .. 1 right
    y_frac: float  # 0 top .. 1 bottom
    area_frac: float


class FoundObject(Value):
    """One visible thing. What must hold of an object to be spoken of is a parameter of who speaks, not of who finds."""

    object_id: str  # o00, o01, … by first appearance
    track_ids: list[str]  # the tracks that follow it, in order of time
    phrase: str  # what it is called, as its longest track has it
    visible: list[Span]
    path: list[Waypoint]  # on a grid of at most 0.5 s, while it is visible
    mean_area_frac: float
    pan_mean: float  # where a sound of it would be, -1 left .. +1 right, by its place in the picture
    pan_travel: float  # how far it goes from one side to the other, of a width of 2
    coverage_frac: float  # share of its visible time that has a box
    lost_s: float  # time between its first and last sight in which it was lost
    consistency_iou: float | None  # of neighbouring masks; None for a tracker without masks
    state: ObjectState
    state_score: float  # 0..1: how clearly it is in this state


class SceneObject(FoundObject, AnnotationRow):
    """Things seen in a clip, sounding or silent."""

    table: ClassVar[str] = "object"


class Attributed(Value):
    """Who makes one heard event."""

    event_id: str
    maker: MakerKind
    object_id: str | None  # for maker "object"
    score: float  # 0..1: how clearly
    evidence: list[Evidence]


class Attribution(Attributed, AnnotationRow):
    """Which object makes each heard event."""

    table: ClassVar[str] = "attribution"
