"""A dataset on disk that holds the clip made by hand, as a finished build would leave it: parts, clip tar and run record."""

import io
from pathlib import Path

import av
import numpy as np
import soundfile

from pipeline.cell import CellReport
from pipeline.media.clip_tar import write_tar
from pipeline.plan import SCAN, SCAN_FINGERPRINT
from pipeline.runs import RunRecord
from pipeline.stages import STAGES
from schemas.accounting import Failure
from schemas.layout import Dataset
from schemas.media import Listing
from schemas.row import Row
from tests.flows import bouncing_clip

FINGERPRINTS = {name: f"{number:08x}" + "0" * 56 for number, name in enumerate(STAGES, start=1)}
BROKEN_ID = "0bad" * 8


def make_dataset(root: Path) -> Dataset:
    """One shard of two sources: the bouncing ball, and a file that nothing could open."""
    dataset = Dataset.create(str(root))
    dataset.write_part(Listing, [_listing(bouncing_clip.SOURCE_ID), _listing(BROKEN_ID)], SCAN, SCAN_FINGERPRINT, 0)
    dataset.write_part(Failure, [], SCAN, SCAN_FINGERPRINT, 0)
    facts = bouncing_clip.facts()
    rows: list[Row] = [facts.clip, bouncing_clip.source(), *facts.heard, *facts.seen, *facts.tracks, *facts.measurements]
    rows += [*facts.captions, *facts.cots, *facts.claims, *facts.verdicts, *facts.decisions]
    written: set[type[Row]] = set()
    for name, stage in STAGES.items():
        failures = [_failure()] if name == "ingest" else []
        dataset.write_part(Failure, failures, name, FINGERPRINTS[name], 0)
        for table in reversed(stage.produces):
            own = [row for row in rows if isinstance(row, table) and table not in written]
            report = _report(name, num_failed=len(failures), num_rows=len(own)) if table is stage.produces[0] else None
            dataset.write_part(table, own, name, FINGERPRINTS[name], 0, report)
        written |= set(stage.produces)
    with dataset.storage.create(dataset.clips_path(FINGERPRINTS["ingest"], 0)) as sink:
        write_tar(sink, [(f"{bouncing_clip.CLIP_ID}.mp4", _mp4()), (f"{bouncing_clip.CLIP_ID}.flac", _flac())])
    run = RunRecord.begin("videos", {"name": "cpu"}, {SCAN: SCAN_FINGERPRINT, **FINGERPRINTS})
    run.finish("done")
    run.write(dataset)
    return dataset


def _listing(source_id: str) -> Listing:
    return Listing(listing_id=f"l{source_id}", source_id=source_id, uri="a.mp4", name="a.mp4", num_bytes=1, modified_ns=None)


def _failure() -> Failure:
    return Failure(
        stage="ingest", code="unreadable", message="no [media] in it", source_id=BROKEN_ID, uri="videos/broken [1].mp4"
    )  # fmt: skip


def _report(stage: str, num_failed: int, num_rows: int) -> dict[str, object]:
    return CellReport(
        stage=stage, shard=0, num_in=1 + num_failed, num_done=1, filtered={},
        failed={"unreadable": num_failed} if num_failed else {},
        num_rows={STAGES[stage].produces[0].table: num_rows}, seconds=0.1, peak_rss_mb=100.0,
    ).to_json()  # fmt: skip


def _flac() -> bytes:
    sound, target = bouncing_clip.media().stored_sound, io.BytesIO()
    soundfile.write(target, np.clip(sound.samples.T, -1, 1), sound.sample_rate_hz, format="FLAC")
    return target.getvalue()


def _mp4() -> bytes:
    frames, target = bouncing_clip.media().frames(bouncing_clip.FPS, bouncing_clip.WIDTH_PX), io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=int(bouncing_clip.FPS), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = bouncing_clip.WIDTH_PX, bouncing_clip.HEIGHT_PX, "yuv420p"
        for picture in frames.pixels:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return target.getvalue()
