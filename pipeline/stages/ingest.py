"""Ingest: the listed sources of a shard become clips in a tar, with a row for every source and every clip.

Each source is opened, cut and encoded on its own (`pipeline.ingest`); what cannot be used becomes a failure row. Two are under
way at a time, so that a core encodes one while the other is probed, started or read back; not so where a worker has
died, because then the note must name the one source that is to blame. The tar is written before the tables, so that a clip that
has a row has its media.
"""

import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from annotators.base import Params as AnyParams
from pipeline.cell import Cell, CellReport
from pipeline.ingest import Ingested, IngestParams, ingest_source
from pipeline.media.clip_tar import clip_members, write_tar
from pipeline.stage import Stage
from schemas.accounting import Failure
from schemas.media import Clip, Listing, Source

_SOURCES_AT_ONCE = 2


class Ingest(Stage):
    name = "ingest"
    version = 2
    requires = (Listing,)
    produces = (Clip, Source)
    Params = IngestParams

    def __init__(self, params: AnyParams, annotator: None = None) -> None:
        super().__init__(params, annotator)
        self._ingest_params = IngestParams.model_validate(params.model_dump())

    def run(self, cell: Cell) -> CellReport:
        """The sum is over sources: in = done (at least one clip) + failed (by the code of its first failure)."""
        by_source: dict[str, list[Listing]] = defaultdict(list)
        for listing in cell.read(Listing):
            if listing.duplicate_of is None:
                by_source[listing.source_id].append(listing)
        cell.tally.num_in = len(by_source)
        with tempfile.TemporaryDirectory(prefix="audiocot-ingest-") as scratch:
            clips = []
            with ThreadPoolExecutor(1 if cell.is_careful else _SOURCES_AT_ONCE) as threads:
                ingest = partial(self._ingest, cell, Path(scratch))
                for ingested in threads.map(ingest, by_source.keys(), by_source.values()):
                    self._account(cell, ingested)
                    clips += ingested.clips
            if clips:
                path = cell.dataset.clips_path(cell.planned.fingerprint, cell.shard)
                with cell.create(path) as sink:
                    write_tar(sink, (member for clip in clips for member in clip_members(clip)))
            return cell.commit(self.produces)

    def _ingest(self, cell: Cell, scratch: Path, source_id: str, listings: list[Listing]) -> Ingested:
        if rejected := cell.set_aside.get(source_id):
            failure = Failure(
                stage=self.name, code=rejected.code, message=rejected.message, source_id=source_id, uri=listings[0].uri
            )
            return Ingested(source=None, clips=[], failures=[failure])
        cell.note(source_id)
        return ingest_source(listings, self._ingest_params, scratch)

    @staticmethod
    def _account(cell: Cell, ingested: Ingested) -> None:
        """A source that gives some clips is done, even where one of its spans failed; every failure keeps its row."""
        cell.add([clip.clip for clip in ingested.clips])
        if ingested.source:
            cell.add([ingested.source])
        cell.add_failures(ingested.failures)
        if ingested.clips:
            cell.tally.num_done += 1
        else:
            cell.tally.failed[ingested.failures[0].code] += 1
