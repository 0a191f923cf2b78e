"""Rows of editing tasks: input and target can be made again from a row and the clips it names, bit by bit.

All places are counted in samples of the stored sounds, so nothing is rounded when it is rendered. Input and target are as
long as the clip, at its rate and with its channels. What sounds at sample `n` of the other clip, within `other`, sounds at
`n - other.first + offset` of the mix. Loudness is integrated after BS.1770; what is below its gate counts as -70 LUFS. How the
sounds are made: `pipeline.editing.render`.
"""

from typing import ClassVar, Literal

from schemas.row import AnnotationRow, Value

Operation = Literal["extension", "inpainting", "addition", "removal", "extraction"]
OPERATIONS: dict[Operation, str] = {
    "extension": "the input is the clip up to a moment, the target goes on to its end",
    "inpainting": "the input is the clip with a span silenced, the target is the whole clip",
    "addition": "the input is the clip, the target is the clip with a sound of another clip mixed in",
    "removal": "the input is the clip with a sound of another clip mixed in, the target is the clip",
    "extraction": "the input is two clips mixed, the target is the sound of the first alone",
}


class SampleSpan(Value):
    """A half-open stretch in samples."""

    first: int
    end: int


class Edit(AnnotationRow):
    """Editing tasks."""

    table: ClassVar[str] = "edit"

    edit_id: str  # <clip_id>/<operation>
    operation: Operation
    sample_rate_hz: int
    num_samples: int  # of input and target
    num_channels: int
    mask: list[SampleSpan]  # where input and target differ: one span; nothing differs outside of it
    crossfade: int  # samples over which a silenced span or a mixed-in sound fades in and out, within the mask
    other_clip_id: str | None  # whose sound is mixed in; None for extension and inpainting
    other: SampleSpan | None  # which part of the other clip
    offset: int | None  # where that part begins in the clip
    other_gain_db: float | None  # applied to the other sound
    gain_db: float  # applied to input and target alike, at most 0, so that neither clips
    snr_lu: float | None  # integrated loudness of the clip within the mask over that of the other sound as it is mixed in
    seed: int  # of everything drawn for this row
