"""Training shards: WebDataset tars, the same bytes whoever writes them, and whenever.

    shards/<split>-000000.tar   <clip_id>.mp4 .flac .json
    edits/<split>-000000.tar    <clip_id>-<operation>.input.flac .target.flac .mask.json .json

Clips come in the order of dataset shards, which group sources by the hash of their content: neighbours have nothing to do
with each other, so a reader needs only a small shuffle buffer, and packing reads every tar from front to back. The sound of
editing tasks is made here, from their rows, and stored nowhere else.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.editing.render import encode_flac, read_flac, render
from pipeline.integrity.cells import files_of_mark
from pipeline.jobs import Job
from pipeline.media.clip_tar import ClipTar, damage_told, write_tar
from pipeline.plan import Plan
from pipeline.release.params import ReleaseParams
from pipeline.release.samples import CHAIN_TABLES, CLIP_TABLES, Rows, clip_json, edit_json
from pipeline.release.select import SelectedClip, edit_chains
from pipeline.splits import SPLITS
from pipeline.worker import Worker
from schemas.edits import Edit
from schemas.layout import Dataset
from schemas.media import Clip
from schemas.row import AnnotationRow
from schemas.seal import Checksum

Kind = Literal["shards", "edits"]


@dataclass(frozen=True)
class ShardPlan:
    """One tar of a release and the clips that go into it, or whose editing tasks do."""

    path: str
    kind: Kind
    split: str
    clips: tuple[SelectedClip, ...]

    @property
    def num_samples(self) -> int:
        return len(self.clips) if self.kind == "shards" else sum(len(edit_chains(clip)) for clip in self.clips)


def plan_shards(folder: str, clips: Sequence[SelectedClip], params: ReleaseParams) -> list[ShardPlan]:
    """Cut each split into shards of about `shard_mb`, keeping the order."""
    editable = [clip for clip in clips if edit_chains(clip)]
    return [*_cut(f"{folder}/shards", "shards", clips, params), *_cut(f"{folder}/edits", "edits", editable, params)]


def _cut(folder: str, kind: Kind, clips: Sequence[SelectedClip], params: ReleaseParams) -> Iterator[ShardPlan]:
    for split in SPLITS:
        groups: list[list[SelectedClip]] = []
        size = float("inf")
        for clip in (clip for clip in clips if clip.split == split):
            num_bytes = clip.num_bytes if kind == "shards" else 2 * clip.audio_bytes * len(edit_chains(clip))
            if size + num_bytes > params.shard_mb * 1e6:
                groups.append([])
                size = 0
            groups[-1].append(clip)
            size += num_bytes
        for number, group in enumerate(groups):
            yield ShardPlan(f"{folder}/{split}-{number:06d}.tar", kind, split, tuple(group))


@dataclass(frozen=True)
class PackWork:
    """Writes one shard of a release."""

    dataset: Dataset
    plan: Plan
    shard: ShardPlan

    def __call__(self, worker: Worker, set_aside: Any, note_path: str | None) -> int:
        with self.dataset.storage.create(self.shard.path) as sink:
            write_tar(sink, self._members(worker))
        return self.shard.num_samples

    def _members(self, worker: Worker) -> Iterator[tuple[str, bytes]]:
        by_shard: dict[int, list[SelectedClip]] = defaultdict(list)
        for clip in self.shard.clips:
            by_shard[clip.shard].append(clip)
        pack = self._clip_members if self.shard.kind == "shards" else self._edit_members
        for number, selected in by_shard.items():
            with self._whole_tar(number, worker) as tar:
                yield from pack(number, selected, tar)

    @contextmanager
    def _whole_tar(self, number: int, worker: Worker) -> Iterator[ClipTar]:
        """The clips of a dataset shard. RootError if their bytes are not those that ingest wrote."""
        ingest = self.plan["ingest"].fingerprint
        path = self.dataset.clips_path(ingest, number)
        with damage_told(path), self.dataset.storage.open(path) as file, closing(ClipTar(lambda: file)) as tar:
            if path not in worker.whole_files:
                mark = self.dataset.storage.read(self.dataset.part_path(Clip.table, "ingest", ingest, number))
                if files_of_mark(mark).get(path) != Checksum.of_file(file):
                    raise OSError("its bytes are not those that were written")
                worker.whole_files.add(path)
                file.seek(0)
            yield tar

    def _clip_members(self, number: int, selected: Sequence[SelectedClip], tar: ClipTar) -> Iterator[tuple[str, bytes]]:
        clips = {clip.clip_id: clip for clip in self._read(Clip, "ingest", number)}
        rows = self._rows(CLIP_TABLES, number, {clip.clip_id for clip in selected})
        for one in selected:
            clip = clips[one.clip_id]
            if clip.has_video:
                yield f"{clip.clip_id}.mp4", tar.read(f"{clip.clip_id}.mp4")
            yield f"{clip.clip_id}.flac", tar.read(f"{clip.clip_id}.flac")
            yield f"{clip.clip_id}.json", clip_json(clip, self.shard.split, rows[clip.clip_id], one.cot_ids)

    def _edit_members(self, number: int, selected: Sequence[SelectedClip], tar: ClipTar) -> Iterator[tuple[str, bytes]]:
        all_rows = self._rows((Edit, *CHAIN_TABLES), number, {clip.clip_id for clip in selected})
        for one in selected:
            rows = all_rows[one.clip_id]
            edits = {edit.edit_id: edit for edit in rows["edit"]}
            for cot in (cot for cot in rows["cot"] if cot.cot_id in one.cot_ids):
                if cot.task == "edit":
                    yield from self._edit_sample(edits[cot.subject_id], rows, cot.cot_id, tar)

    def _edit_sample(self, edit: Edit, rows: Rows, cot_id: str, tar: ClipTar) -> Iterator[tuple[str, bytes]]:
        other = read_flac(tar.read(f"{edit.other_clip_id}.flac")) if edit.other_clip_id else None
        rendered = render(edit, read_flac(tar.read(f"{edit.clip_id}.flac")), other)
        key = edit.edit_id.replace("/", "-")
        yield f"{key}.input.flac", encode_flac(rendered.input, edit.sample_rate_hz)
        yield f"{key}.target.flac", encode_flac(rendered.target, edit.sample_rate_hz)
        yield f"{key}.mask.json", json.dumps([[span.first, span.end] for span in edit.mask]).encode()
        yield f"{key}.json", edit_json(edit, self.shard.split, rows, cot_id)

    def _read(self, row_type: Any, stage: str, number: int) -> Sequence[Any]:
        return self.dataset.read_part(row_type, stage, self.plan[stage].fingerprint, number)

    def _rows(
        self, tables: Sequence[type[AnnotationRow]], number: int, wanted: Collection[str]
    ) -> dict[str, dict[str, list[Any]]]:
        rows: dict[str, dict[str, list[Any]]] = defaultdict(lambda: {table.table: [] for table in tables})
        for planned in self.plan.stages:
            for table in set(planned.stage.produces) & set(tables):
                for row in self._read(table, planned.name, number):
                    if row.clip_id in wanted:
                        rows[row.clip_id][table.table].append(row)
        return rows


def pack_jobs(dataset: Dataset, plan: Plan, shards: Sequence[ShardPlan]) -> list[Job]:
    """One job per shard that is not there yet."""
    return [
        Job(("pack", number), PackWork(dataset, plan, shard))
        for number, shard in enumerate(shards)
        if not dataset.storage.exists(shard.path)
    ]
