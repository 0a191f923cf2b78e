"""A dataset of as many claims as wanted, in the real layout and schema, under the real default plan, without media.

    python -m tests.scale.claims --root DIR --shards 1000

Every shard has 40 clips, every clip 25 claims in four chains and half as many decoys, every claim and decoy a verdict, and one
clip in each shard a failure: 1000 shards are a million claims, 1.5 million verdicts, 27 stages and some 73 000 parts. The parts
are written as a build writes them, but nobody waits for the disk.
"""

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from flows.build import build_settings
from flows.recipe import Recipe
from pipeline.build import BuildSettings
from pipeline.cell import CellReport
from pipeline.plan import SCAN, SCAN_FINGERPRINT, PlannedStage
from pipeline.runs import RunRecord
from schemas.accounting import Failure
from schemas.layout import Dataset
from schemas.media import Clip, Listing, Source
from schemas.reasoning import Claim, Cot, Decision, Decoy, Step, Verdict
from schemas.row import Row
from schemas.vocabulary import CLAIM_TYPES, Task
from tests.scale.noop import clip, listing

CLIPS_PER_SHARD = 40
CLAIMS_PER_CHAIN: dict[Task, int] = {"base": 10, "object": 6, "edit": 5, "question": 4}
CLAIMS_PER_CLIP = sum(CLAIMS_PER_CHAIN.values())
TYPES = tuple(CLAIM_TYPES)
WORDS = ("supported",) * 7 + ("refuted",) * 2 + ("unverifiable",)


def generate(root: str, num_shards: int, first_shard: int = 0) -> tuple[Dataset, BuildSettings]:
    """The dataset with one finished run. Shards that are asked for again are written again."""
    settings = build_settings(Recipe(), source="nowhere")
    dataset = Dataset.create(root)
    for shard in range(first_shard, first_shard + num_shards):
        _write_shard(dataset, settings, shard)
    record = RunRecord.begin("nowhere", dict(settings.recipe), settings.plan.fingerprints)
    record.finish("done")
    record.write(dataset)
    return dataset, settings


def _write_shard(dataset: Dataset, settings: BuildSettings, shard: int) -> None:
    # contents are hashes, so clips of one shard have ids that are far apart, but those of a later shard come later
    sources = [f"{shard:08x}{number:08x}" + "0" * 16 for number in range(CLIPS_PER_SHARD)]
    listings = [listing(0).model_copy(update={"source_id": source_id, "listing_id": source_id}) for source_id in sources]
    dataset.write_part(Failure, [], SCAN, SCAN_FINGERPRINT, shard)
    dataset.write_part(Listing, listings, SCAN, SCAN_FINGERPRINT, shard)
    clips = [clip(source_id) for source_id in sources]
    for planned in settings.plan.stages:
        _write_cell(dataset, planned, shard, list(_rows(planned, clips, sources)), clips)


def _write_cell(dataset: Dataset, planned: PlannedStage, shard: int, rows: Iterable[Row], clips: list[Clip]) -> None:
    by_table: dict[type[Row], list[Row]] = defaultdict(list)
    for row in rows:
        by_table[type(row)].append(row)
    failures = [_failure(clips[0])] if planned.name == "caption_audio" else []
    report = CellReport(
        planned.name,
        shard,
        len(clips),
        len(clips) - len(failures),
        {},
        dict(Counter(one.code for one in failures)),
        {table.table: len(by_table[table]) for table in planned.stage.produces},
        1.0,
        300.0,
    )
    where = (planned.name, planned.fingerprint, shard)
    dataset.write_part(Failure, failures, *where)
    for table in reversed(planned.stage.produces):
        said = report.to_json() if table is planned.marker else None
        dataset.write_part(table, by_table[table], *where, report=said)


def _failure(failed: Clip) -> Failure:
    return Failure(
        stage="caption_audio",
        code="annotator_error",
        message="ValueError: too loud",
        source_id=failed.source_id,
        clip_id=failed.clip_id,
        model="instruments@1",
    )


def _rows(planned: PlannedStage, clips: list[Clip], sources: list[str]) -> Iterator[Row]:
    produces, task = planned.stage.produces, planned.stage.task
    if planned.name == "ingest":
        yield from clips
        yield from map(_source, sources)
    if task is None or planned.name in ("repair", "recheck"):
        return
    for number, one in enumerate(clips):
        chain = {"clip_id": one.clip_id, "model": planned.stage.model, "cot_id": f"{one.clip_id}/{task}"}
        if Cot in produces:
            yield Cot(
                **chain, task=task, steps=[Step(text="A door is slammed.", aspect="semantic")], caption_cot="a door, loud"
            )
        for index in range(CLAIMS_PER_CHAIN[task]):
            claim_type = TYPES[index % len(TYPES)]
            stated = {
                "step_index": 0,
                "type": claim_type,
                "basis": "heard",
                "text": f"There is a sound at {index} s.",
                "start_s": index,
            }
            if Claim in produces:
                yield Claim(**chain, **stated, claim_id=f"{chain['cot_id']}/c{index:02d}")
            if Decoy in produces and index % 2:
                made_from = f"{chain['cot_id']}/c{index:02d}"
                yield Decoy(
                    **chain, **stated, claim_id=f"{chain['cot_id']}/d{index:02d}", decoy_kind="moved", made_from=made_from
                )
            if Verdict in produces:
                yield from _verdicts(chain, index, number)
        if Decision in produces:
            yield _decision(chain, CLAIMS_PER_CHAIN[task])


def _verdicts(chain: dict[str, str], index: int, number: int) -> Iterator[Verdict]:
    said = {"clip_id": chain["clip_id"], "model": chain["model"], "witness": "instruments", "is_blind": True, "evidence": []}
    word = WORDS[(index + number) % len(WORDS)]
    yield Verdict(
        **said,
        verdict=word,
        score=0.9 if word == "supported" else 0.2,
        reason="heard at this time",
        claim_id=f"{chain['cot_id']}/c{index:02d}",
        is_decoy=False,
    )
    if index % 2:
        claim_id = f"{chain['cot_id']}/d{index:02d}"
        yield Verdict(**said, verdict="refuted", score=0.1, reason="not heard", claim_id=claim_id, is_decoy=True)


def _decision(chain: dict[str, str], num_claims: int) -> Decision:
    kept = [f"{chain['cot_id']}/c{index:02d}" for index in range(num_claims)]
    return Decision(
        **chain,
        policy="test",
        outcome="accept",
        reason="supported",
        steps=[Step(text="A door is slammed.", aspect="semantic")],
        caption_cot="a door, loud",
        kept_claim_ids=kept,
        dropped_claim_ids=[],
        num_supported=num_claims,
        num_refuted=0,
        num_unverifiable=0,
    )


def _source(source_id: str) -> Source:
    return Source(
        source_id=source_id,
        uri=f"/nowhere/{source_id}.mp4",
        name=f"{source_id}.mp4",
        num_bytes=1,
        container="mp4",
        duration_s=9,
        video_codec="h264",
        width_px=640,
        height_px=480,
        fps=25,
        rotation_deg=0,
        has_variable_fps=False,
        audio_codec="aac",
        sample_rate_hz=44100,
        num_channels=2,
        audio_start_s=0,
        label=("dog", "door", "rain")[int(source_id[:8], 16) % 3],
        split=None,
        license=None,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--shards", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first shard")
    given = parser.parse_args()
    os.fsync = lambda handle: None  # made-up data may be lost
    generate(given.root, given.shards, given.first)


if __name__ == "__main__":
    main()
