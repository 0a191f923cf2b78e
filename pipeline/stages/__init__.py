"""The stages, one file each, in the order in which they read each other's tables."""

from pipeline.stage import Stage
from pipeline.stages.ask_teacher import AskTeacher
from pipeline.stages.caption import CaptionAudio, CaptionVideo
from pipeline.stages.decide import DecideRepaired
from pipeline.stages.decide_edits import DecideEdits
from pipeline.stages.decide_objects import DecideObjects
from pipeline.stages.decide_questions import DecideQuestions
from pipeline.stages.detect_events import DetectEvents
from pipeline.stages.find_objects import FindObjects
from pipeline.stages.ground import Ground
from pipeline.stages.ingest import Ingest
from pipeline.stages.listen import Listen
from pipeline.stages.plan_edits import PlanEdits
from pipeline.stages.plant_decoys import PlantDecoys
from pipeline.stages.plant_edit_decoys import PlantEditDecoys
from pipeline.stages.plant_object_decoys import PlantObjectDecoys
from pipeline.stages.plant_question_decoys import PlantQuestionDecoys
from pipeline.stages.probe_audio import ProbeAudio
from pipeline.stages.reason import Reason
from pipeline.stages.reason_edits import ReasonEdits
from pipeline.stages.reason_objects import ReasonObjects
from pipeline.stages.recheck import Recheck
from pipeline.stages.repair import Repair
from pipeline.stages.track import TrackRegions
from pipeline.stages.verify import Verify
from pipeline.stages.verify_edits import VerifyEdits
from pipeline.stages.verify_objects import VerifyObjects
from pipeline.stages.verify_questions import VerifyQuestions
from pipeline.stages.write_questions import WriteQuestions

STAGES: dict[str, type[Stage]] = {
    stage.name: stage
    for stage in (
        Ingest,
        DetectEvents,
        TrackRegions,
        CaptionAudio,
        CaptionVideo,
        Reason,
        Ground,
        FindObjects,
        PlantDecoys,
        Verify,
        Listen,
        Repair,
        Recheck,
        DecideRepaired,
        ReasonObjects,
        PlantObjectDecoys,
        VerifyObjects,
        DecideObjects,
        PlanEdits,
        ReasonEdits,
        PlantEditDecoys,
        VerifyEdits,
        DecideEdits,
        WriteQuestions,
        AskTeacher,
        PlantQuestionDecoys,
        VerifyQuestions,
        DecideQuestions,
        ProbeAudio,
    )
}
