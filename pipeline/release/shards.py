"""Training shards: WebDataset tars of `<clip_id>.mp4 .flac .json`, the same bytes whoever writes them, and whenever.

Clips come in the order of dataset shards, which group sources by the hash of their content: neighbours have nothing to do
with each other, so a reader needs only a small shuffle buffer, and packing reads every tar from front to back.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.jobs import Job
from pipeline.media.clip_tar import ClipTar, write_tar
from pipeline.plan import Plan
from pipeline.release.params import ReleaseParams
from pipeline.release.select import SelectedClip
from pipeline.splits import SPLITS
from pipeline.worker import Worker
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.layout import Dataset
from schemas.media import Clip
from schemas.reasoning import Claim, Cot, Decision, Verdict
from schemas.row import AnnotationRow

_TABLES: tuple[type[AnnotationRow], ...] = (
    Caption, SoundEvent, MotionEvent, RoiTrack, Measurement, Cot, Claim, Verdict, Decision,
)  # fmt: skip
_NOT_REPEATED = {"clip_id", "prompt_id"}  # the sample says the clip; prompts are in the tables


@dataclass(frozen=True)
class ShardPlan:
    """One tar of a release: `<split>-<number>.tar` and what goes into it."""

    path: str
    split: str
    clips: tuple[SelectedClip, ...]


def plan_shards(folder: str, clips: Sequence[SelectedClip], params: ReleaseParams) -> list[ShardPlan]:
    """Cut each split into shards of about `shard_mb`, keeping the order."""
    shards: list[ShardPlan] = []
    for split in SPLITS:
        groups: list[list[SelectedClip]] = []
        size = float("inf")
        for clip in (clip for clip in clips if clip.split == split):
            if size + clip.num_bytes > params.shard_mb * 1e6:
                groups.append([])
                size = 0
            groups[-1].append(clip)
            size += clip.num_bytes
        shards += [
            ShardPlan(f"{folder}/shards/{split}-{number:06d}.tar", split, tuple(group)) for number, group in enumerate(groups)
        ]
    return shards


@dataclass(frozen=True)
class PackWork:
    """Writes one shard of a release."""

    dataset: Dataset
    plan: Plan
    shard: ShardPlan

    def __call__(self, worker: Worker, set_aside: Any, note_path: str | None) -> int:
        with self.dataset.storage.create(self.shard.path) as sink:
            write_tar(sink, self._members())
        return len(self.shard.clips)

    def _members(self) -> Iterator[tuple[str, bytes]]:
        by_shard: dict[int, list[SelectedClip]] = defaultdict(list)
        for clip in self.shard.clips:
            by_shard[clip.shard].append(clip)
        for number, selected in by_shard.items():
            clips = {clip.clip_id: clip for clip in self._read(Clip, "ingest", number)}
            rows = self._rows(number, {clip.clip_id for clip in selected})
            tar_path = self.dataset.clips_path(self.plan["ingest"].fingerprint, number)
            with closing(ClipTar(partial(self.dataset.storage.open, tar_path))) as tar:
                for one in selected:
                    clip = clips[one.clip_id]
                    if clip.has_video:
                        yield f"{clip.clip_id}.mp4", tar.read(f"{clip.clip_id}.mp4")
                    yield f"{clip.clip_id}.flac", tar.read(f"{clip.clip_id}.flac")
                    yield f"{clip.clip_id}.json", sample_json(clip, self.shard.split, rows[clip.clip_id])

    def _read(self, row_type: Any, stage: str, number: int) -> Sequence[Any]:
        return self.dataset.read_part(row_type, stage, self.plan[stage].fingerprint, number)

    def _rows(self, number: int, wanted: set[str]) -> dict[str, dict[str, list[AnnotationRow]]]:
        rows: dict[str, dict[str, list[AnnotationRow]]] = defaultdict(lambda: {table.table: [] for table in _TABLES})
        for planned in self.plan.stages:
            for table in set(planned.stage.produces) & set(_TABLES):
                for row in self._read(table, planned.name, number):
                    if row.clip_id in wanted:
                        rows[row.clip_id][table.table].append(row)
        return rows


def sample_json(clip: Clip, split: str, rows: dict[str, list[Any]]) -> bytes:
    """What a trainer reads about a sample: the decided chain with its claims and verdicts, and all evidence."""
    verdicts = defaultdict(list)
    for verdict in rows["verdict"]:
        if not verdict.is_decoy:
            verdicts[verdict.claim_id].append(_plain(verdict) | {"claim_id": None})
    chains = [_chain(decision, rows, verdicts) for decision in rows["decision"]]
    evidence = {name: [_plain(row) for row in rows[name]] for name in ("caption", "sound_event", "motion_event", "roi_track")}
    sample = {
        **clip.model_dump(exclude={"video_bytes", "audio_bytes"}),
        "split": split,
        "measurements": {row.name: row.value for row in rows["measurement"] if row.start_s is None},
        "cot": chains,
        **evidence,
    }
    return json.dumps(sample, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _chain(decision: Decision, rows: dict[str, list[Any]], verdicts: dict[str, list[Any]]) -> dict[str, Any]:
    cot = next(row for row in rows["cot"] if row.cot_id == decision.cot_id)
    claims = [row for row in rows["claim"] if row.cot_id == decision.cot_id]
    return {
        "task": cot.task,
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
    }


def _plain(row: AnnotationRow) -> dict[str, Any]:
    return row.model_dump(exclude=_NOT_REPEATED, exclude_none=True)


def pack_jobs(dataset: Dataset, plan: Plan, shards: Sequence[ShardPlan]) -> list[Job]:
    """One job per shard that is not there yet."""
    return [
        Job(("pack", number), PackWork(dataset, plan, shard))
        for number, shard in enumerate(shards)
        if not dataset.storage.exists(shard.path)
    ]
