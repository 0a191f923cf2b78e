"""The registry of tables: name → row class."""

from schemas.accounting import Failure, Usage
from schemas.edits import Edit
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip, Listing, Source
from schemas.objects import Attribution, SceneObject
from schemas.questions import Consensus, Contribution, Question, Trace
from schemas.reasoning import Claim, Cot, Decision, Decoy, Repair, Verdict
from schemas.reviews import Review
from schemas.row import Row

TABLES: dict[str, type[Row]] = {
    row.table: row
    for row in (
        Listing, Source, Clip, Measurement, SoundEvent, MotionEvent, RoiTrack, Caption, SceneObject, Attribution,
        Cot, Claim, Decoy, Verdict, Repair, Decision, Edit, Question, Trace, Consensus, Contribution, Review, Failure, Usage,
    )
}  # fmt: skip
