"""What a trainer reads about a sample: JSON of a clip with its evidence and released chains, and of an editing task."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from schemas.edits import Edit
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip
from schemas.objects import Attribution, SceneObject
from schemas.questions import Consensus, Contribution, Question
from schemas.reasoning import Claim, Cot, Decision, Repair, Verdict
from schemas.row import AnnotationRow

_EVIDENCE: tuple[type[AnnotationRow], ...] = (Caption, SoundEvent, MotionEvent, RoiTrack, SceneObject, Attribution)
_QUESTIONS: tuple[type[AnnotationRow], ...] = (Question, Consensus, Contribution)
CHAIN_TABLES: tuple[type[AnnotationRow], ...] = (Cot, Claim, Verdict, Repair, Decision)
CLIP_TABLES: tuple[type[AnnotationRow], ...] = (*_EVIDENCE, Measurement, *_QUESTIONS, *CHAIN_TABLES)
_NOT_REPEATED = {"clip_id", "prompt_id"}  # the sample says the clip; prompts are in the tables

Rows = Mapping[str, Sequence[Any]]  # by table, about one clip


def clip_json(clip: Clip, split: str, rows: Rows, cot_ids: Collection[str]) -> bytes:
    """A clip: its facts, all evidence, its questions, and the released chains that are about its own sound."""
    chains = [decision for decision in rows["decision"] if decision.cot_id in cot_ids]
    sample = {
        **clip.model_dump(exclude={"video_bytes", "audio_bytes"}),
        "split": split,
        "measurements": {row.name: row.value for row in rows["measurement"] if row.start_s is None},
        "cot": [chain for chain in _chains(chains, rows) if chain["task"] != "edit"],
        **{table.table: [_plain(row) for row in rows[table.table]] for table in (*_EVIDENCE, *_QUESTIONS)},
    }
    return _encoded(sample)


def edit_json(edit: Edit, split: str, rows: Rows, cot_id: str) -> bytes:
    """An editing task: everything its input and target were made from, and its chain."""
    (chain,) = _chains([decision for decision in rows["decision"] if decision.cot_id == cot_id], rows)
    return _encoded({**edit.model_dump(exclude={"prompt_id"}), "split": split, "cot": chain})


def _chains(decisions: Sequence[Decision], rows: Rows) -> list[dict[str, Any]]:
    verdicts = defaultdict(list)
    for verdict in rows["verdict"]:
        if not verdict.is_decoy:
            verdicts[verdict.claim_id].append(_plain(verdict) | {"claim_id": None})
    return [_chain(decision, rows, verdicts) for decision in decisions]


def _chain(decision: Decision, rows: Rows, verdicts: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    cot = next(row for row in rows["cot"] if row.cot_id == decision.cot_id)
    claims = [row for row in rows["claim"] if row.cot_id == decision.cot_id]
    repairs = [_plain(row) for row in rows["repair"] if row.cot_id == decision.cot_id]
    return {
        "cot_id": cot.cot_id,
        "task": cot.task,
        "subject_id": cot.subject_id,
        "model": cot.model,
        "outcome": decision.outcome,
        "policy": decision.policy,
        "steps": [step.model_dump() for step in decision.steps],
        "caption_cot": decision.caption_cot,
        "claims": [
            _plain(claim)
            | {
                "is_kept": claim.claim_id in decision.kept_claim_ids,
                "verdicts": [{k: v for k, v in verdict.items() if v is not None} for verdict in verdicts[claim.claim_id]],
            }
            for claim in claims
        ],
        "repairs": repairs,
    }


def _plain(row: AnnotationRow) -> dict[str, Any]:
    return row.model_dump(exclude=_NOT_REPEATED, exclude_none=True)


def _encoded(sample: Mapping[str, Any]) -> bytes:
    return json.dumps(sample, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
