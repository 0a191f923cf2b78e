"""Which backend answers which role. A backend is named here and imported only when it is used."""

from importlib import import_module
from typing import Any

from annotators.base import Annotator
from schemas.errors import RecipeError, unknown

BACKENDS: dict[str, dict[str, str]] = {
    "event_detector": {"instruments": "annotators.instruments.detector:EventDetector"},
    "tracker": {
        "motion": "annotators.motion.tracker:MotionTracker",
        "grounded_sam2": "annotators.grounded.tracker:GroundedSam2",
        "grounded_sam2_hf": "annotators.grounded.tracker:GroundedSam2Hf",
    },
    "attributor": {"correspondence": "annotators.objects.attributor:Correspondence"},
    "audio_captioner": {
        "instruments": "annotators.instruments.captioner:SoundCaptioner",
        "openai": "annotators.chat.audio_captioner:ServedAudioCaptioner",
        "vllm": "annotators.chat.audio_captioner:EngineAudioCaptioner",
        "qwen2_audio": "annotators.hf.qwen2_audio:Qwen2AudioCaptioner",
        "qwen_omni": "annotators.hf.qwen_omni:QwenOmniCaptioner",
    },
    "video_captioner": {
        "motion": "annotators.motion.captioner:MotionCaptioner",
        "openai": "annotators.chat.video_captioner:ServedVideoCaptioner",
        "vllm": "annotators.chat.video_captioner:EngineVideoCaptioner",
        "videollama3": "annotators.hf.videollama3:VideoLlama3Captioner",
    },
    "reasoner": {
        "template": "annotators.template:TemplateReasoner",
        "openai": "annotators.chat.reasoner:ServedReasoner",
        "vllm": "annotators.chat.reasoner:EngineReasoner",
    },
    "repairer": {
        "template": "annotators.repairs.template:TemplateRepairer",
        "openai": "annotators.repairs.asked:ServedRepairer",
        "vllm": "annotators.repairs.asked:EngineRepairer",
    },
    "object_reasoner": {
        "template": "annotators.objects.chains.template:ObjectTemplate",
        "openai": "annotators.objects.chains.asking:ServedObjectReasoner",
        "vllm": "annotators.objects.chains.asking:EngineObjectReasoner",
    },
    "edit_reasoner": {
        "template": "annotators.edits.template:TemplateEditReasoner",
        "openai": "annotators.edits.asking:ServedEditReasoner",
        "vllm": "annotators.edits.asking:EngineEditReasoner",
    },
    "questioner": {"events": "annotators.questions.questioner:EventQuestioner"},
    "teacher": {
        "template": "annotators.questions.teacher:TemplateTeacher",
        "openai": "annotators.questions.chat_teacher:ServedTeacher",
        "vllm": "annotators.questions.chat_teacher:EngineTeacher",
    },
    "answerer": {
        "instruments": "annotators.questions.answerer:InstrumentAnswerer",
        "openai": "annotators.questions.chat_answerer:ServedAnswerer",
        "vllm": "annotators.questions.chat_answerer:EngineAnswerer",
    },
    "verifier": {
        "instruments": "annotators.instruments.verifier:InstrumentVerifier",
        "listener": "annotators.chat.listener:ServedListener",
        "listener_vllm": "annotators.chat.listener:EngineListener",
        "listener_qwen2_audio": "annotators.hf.qwen2_audio:Qwen2AudioListener",
        "listener_qwen_omni": "annotators.hf.qwen_omni:QwenOmniListener",
        "clap": "annotators.witnesses.clap:Clap",
        "tagger": "annotators.witnesses.tagger:Tagger",
        "blind": "annotators.witnesses.blind:ServedBlind",
        "blind_vllm": "annotators.witnesses.blind:EngineBlind",
        "blind_qwen2_audio": "annotators.witnesses.blind:Qwen2AudioBlind",
        "blind_qwen_omni": "annotators.witnesses.blind:QwenOmniBlind",
    },
}


def backend_class(role: str, name: str) -> type[Annotator[Any, Any]]:
    """The class behind a role and a name; RecipeError names the known ones."""
    if role not in BACKENDS:
        raise RecipeError(unknown("role", role, BACKENDS))
    if name not in BACKENDS[role]:
        raise RecipeError(unknown(f"{role} backend", name, BACKENDS[role]))
    module, attribute = BACKENDS[role][name].split(":")
    found: type[Annotator[Any, Any]] = getattr(import_module(module), attribute)
    return found
