"""The registry of tables: name → row class."""

from schemas.accounting import Failure, Usage
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip, Listing, Source
from schemas.reasoning import Claim, Cot, Decision, Decoy, Edit, Question, Trace, Verdict
from schemas.row import Row

TABLES: dict[str, type[Row]] = {
    row.table: row
    for row in (
        Listing, Source, Clip, Measurement, SoundEvent, MotionEvent, RoiTrack, Caption,
        Cot, Claim, Decoy, Verdict, Decision, Edit, Question, Trace, Failure, Usage,
    )
}  # fmt: skip
