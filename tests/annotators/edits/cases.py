"""Editing tasks between two short clips whose sounds are written by hand."""

from typing import Any

from annotators.edits.roles import EditCase
from annotators.roles import CaseFile
from schemas.edits import Edit, Operation, SampleSpan
from schemas.evidence import HeardEvent, Measured, Said
from schemas.vocabulary import SoundKind

RATE_HZ = 1000
DURATION_S = 9.0


def heard(kind: SoundKind, start_s: float, end_s: float, **fields: object) -> HeardEvent:
    given = {
        "kind_score": 0.9, "onsets_s": [start_s], "peak_dbfs": -12.0, "loudness_lufs": -24.0, "loudness_slope_db_per_s": 0.0,
        "pitch_hz": None, "pitch_start_hz": None, "pitch_end_hz": None, "harmonicity": None, "centroid_hz": 2480.0,
        "flatness": None, "pan": -0.6, "pan_slope_per_s": 0.0, "repetition_hz": None, "snr_db": 30.0,
    }  # fmt: skip
    return HeardEvent.model_validate({"kind": kind, "start_s": start_s, "end_s": end_s, **given, **fields})


def clip(*events: HeardEvent, clip_id: str = "a", label: str | None = None, floor_dbfs: float = -70.0) -> CaseFile:
    said = [Said(modality="audio", question="content", text=f"what is heard in {clip_id}")]
    floor = Measured(name="noise_floor_dbfs", value=floor_dbfs, unit="dbfs")
    return CaseFile(clip_id, DURATION_S, None, None, label, said, list(events), [floor], [], [])


def edit(operation: Operation, start_s: float, end_s: float, **changed: Any) -> Edit:
    """A task whose mask is one span. What is mixed in is taken from 1 s on in the other clip."""
    is_mix = operation not in ("extension", "inpainting")
    span = SampleSpan(first=round(start_s * RATE_HZ), end=round(end_s * RATE_HZ))
    part = SampleSpan(first=RATE_HZ, end=RATE_HZ + span.end - span.first)
    fields: dict[str, Any] = {
        "clip_id": "a", "model": "m@1", "edit_id": f"a/{operation}", "operation": operation, "sample_rate_hz": RATE_HZ,
        "num_samples": round(DURATION_S * RATE_HZ), "num_channels": 2, "mask": [span], "crossfade": 50,
        "other_clip_id": "b" if is_mix else None, "other": part if is_mix else None, "offset": span.first if is_mix else None,
        "other_gain_db": -3.0 if is_mix else None, "gain_db": -1.0, "snr_lu": 6.2 if is_mix else None, "seed": 1,
    }  # fmt: skip
    return Edit.model_validate(fields | changed)


def case(task: Edit, own: CaseFile, other: CaseFile | None = None, **changed: Any) -> EditCase:
    given: dict[str, Any] = {
        "clip_instruction": "Generate two hits.",
        "other_instruction": "Generate a ring." if other else None,
    }
    return EditCase(task, own, other, **given | changed)
