"""A dataset whose clips have bytes that nobody can watch, for packing: real tars, real rows of ingest, made in seconds."""

import random
from collections.abc import Iterator

from pipeline.media.clip_tar import write_tar
from pipeline.plan import Plan
from pipeline.release.params import ReleaseParams
from pipeline.release.select import SelectedClip
from pipeline.release.shards import PackWork, plan_shards
from pipeline.worker import Worker
from schemas.layout import Dataset
from schemas.media import Clip
from schemas.seal import Checksum
from tests.scale.noop import clip

CLIPS_PER_SHARD = 16


def clips_with_media(root: str, plan: Plan, num_shards: int) -> tuple[Dataset, list[SelectedClip]]:
    """Clips of 0.9 MB picture and 0.6 MB sound, ingested and selected."""
    dataset = Dataset.create(root)
    selected = []
    for shard in range(num_shards):
        clips = [clip(f"{shard:08x}{number:08x}{0:016x}") for number in range(CLIPS_PER_SHARD)]
        tar_path = dataset.clips_path(plan["ingest"].fingerprint, shard)
        with dataset.storage.create(tar_path) as sink:
            write_tar(sink, _members(clips))
            tar = {tar_path: Checksum.of_file(sink)}
        for planned in plan.stages:
            files = dict(tar) if planned.name == "ingest" else {}
            for table in reversed(planned.stage.produces):
                rows, where = clips if table is Clip else [], (planned.name, planned.fingerprint, shard)
                files |= dataset.write_part(table, rows, *where, files=files)  # type: ignore[type-var]
        selected += [
            SelectedClip(one.clip_id, shard, "train", one.audio_bytes + (one.video_bytes or 0), one.audio_bytes)
            for one in clips
        ]
    return dataset, selected


def _members(clips: list[Clip]) -> Iterator[tuple[str, bytes]]:
    drawn = random.Random(0)
    for one in clips:
        yield f"{one.clip_id}.mp4", drawn.randbytes(one.video_bytes or 0)
        yield f"{one.clip_id}.flac", drawn.randbytes(one.audio_bytes)
        yield f"{one.clip_id}.json", one.model_dump_json().encode()


def pack(dataset: Dataset, plan: Plan, selected: list[SelectedClip]) -> int:
    """Write the shards of a release in this process, as a fresh worker does. Gives their bytes."""
    worker = Worker()
    shards = plan_shards("releases/packed", selected, ReleaseParams(shard_mb=200))
    for shard in shards:
        PackWork(dataset, plan, shard)(worker, {}, None)
    return sum(dataset.storage.size(shard.path) for shard in shards)
