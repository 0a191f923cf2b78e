"""What a worker keeps between jobs: loaded annotators, decoded media, and its site (what all workers of a build share)."""

import errno
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import cv2

from annotators.site import Site
from pipeline.cell import Cell, CellReport
from pipeline.media_cache import MediaCache
from pipeline.plan import Plan, PlannedStage
from schemas.errors import Rejected, ResourceError
from schemas.layout import Dataset


class Worker:
    """Lives in a worker process, or in the driver with the local executor.

    `whole_files`: paths of large files whose bytes were found to be those that were written, so that this is done once.
    """

    def __init__(self, site: Site | None = None) -> None:
        cv2.setNumThreads(1)  # one worker per core: threads of libraries would only fight
        self.cache = MediaCache()
        self.pid = os.getpid()
        self.site = site or Site()
        self.whole_files: set[str] = set()
        self._loaded: dict[str, PlannedStage] = {}

    def stage(self, planned: PlannedStage) -> PlannedStage:
        """The stage with its annotator loaded; loaded once per fingerprint and kept."""
        if planned.fingerprint not in self._loaded:
            if planned.stage.annotator:
                planned.stage.annotator.connect(self.site)
                planned.stage.annotator.load()
            self._loaded[planned.fingerprint] = planned
        return self._loaded[planned.fingerprint]

    def close(self) -> None:
        for planned in self._loaded.values():
            if planned.stage.annotator:
                planned.stage.annotator.close()
        self._loaded.clear()


@dataclass(frozen=True)
class CellWork:
    """The work of one cell, as it travels to a worker."""

    dataset: Dataset
    plan: Plan
    stage: str
    shard: int

    def __call__(self, worker: Worker, set_aside: Mapping[str, Rejected], note_path: str | None) -> CellReport:
        planned = worker.stage(self.plan[self.stage])
        note: Callable[[str], None] | None = None
        if note_path:
            note = partial(_write_note, self.dataset, note_path)
        worker.site.begin(f"{planned.name}-{planned.fingerprint[:8]}/{self.shard:06d}")
        cell = Cell(self.dataset, self.plan, planned, self.shard, worker.cache, set_aside, note)
        try:
            return planned.stage.run(cell)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):  # of the root they are told by what writes there
                raise
            raise ResourceError(
                f"{planned.name} must have room for temporary files, but {tempfile.gettempdir()} is full; free some or set "
                f"TMPDIR to a folder with more, and run the same command again"
            ) from None


def _write_note(dataset: Dataset, path: str, subject: str) -> None:
    dataset.storage.write(path, subject.encode())
