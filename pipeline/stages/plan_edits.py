"""Plan edits: the editing tasks of a clip (ThinkSound stages 2 and 3), as rows that say all of their sound.

Which tasks, where, how loud and with whom is `pipeline.editing`'s; this stage knows the clips of the shard, in which split each
is, and how to get at their sound. Nothing is rendered here.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np

from annotators.base import Params as AnyParams
from pipeline.cell import Cell, CellReport
from pipeline.editing.draw import Drawer, Drawn
from pipeline.editing.params import EditParams, EditParamsWithSplits
from pipeline.editing.partners import is_usable
from pipeline.editing.profile import Profile, profile_of
from pipeline.editing.render import Samples
from pipeline.sample import Sample
from pipeline.splits import SplitParams, split_of
from pipeline.stage import SampleStage
from schemas.edits import Edit
from schemas.errors import Filtered
from schemas.evidence import Measurement, SoundEvent
from schemas.media import Clip, Source
from schemas.row import Row
from schemas.vocabulary import Task

log = logging.getLogger(__name__)


class PlanEdits(SampleStage[Drawn, Drawn]):
    """Filtered are clips that are too short, silent, too quiet, or in which there is nothing to edit."""

    name = "plan_edits"
    task: ClassVar[Task | None] = "edit"
    requires = (Clip, Source, SoundEvent)
    produces = (Edit, Measurement)
    Params = EditParams
    WithSplits = EditParamsWithSplits

    def __init__(self, params: AnyParams, annotator: None = None) -> None:
        given = EditParamsWithSplits.model_validate(params.model_dump())
        super().__init__(given, annotator)
        self._edit_params: EditParams = given
        self._splits: SplitParams = given
        self._given_splits: dict[str, str | None] = {}
        self._barred: set[str] = set()

    def run(self, cell: Cell) -> CellReport:
        self._given_splits = {source.source_id: source.split for source in cell.read(Source)}
        self._barred = {*cell.set_aside, *cell.failed_upstream}
        return super().run(cell)

    def begin(self, samples: Sequence[Sample]) -> None:
        """Look at every clip once. What is kept of it is its profile, not its sound."""
        self._samples = {sample.clip.clip_id: sample for sample in samples}
        self._profiles: dict[str, Profile] = {}
        for sample in samples:
            if sample.clip.clip_id in self._barred or self._why_not(sample.clip):
                continue
            try:
                self._profiles[sample.clip.clip_id] = self._profile(sample)
            except Exception:  # its own failure when its turn comes, and nobody else's
                log.debug("%s %s: no profile", self.name, sample.clip.clip_id, exc_info=True)
        self._drawer = Drawer(self._edit_params, self.model, list(self._profiles.values()), self._sound_of)

    def ask(self, sample: Sample) -> Drawn | Filtered:
        if reason := self._why_not(sample.clip):
            return Filtered(reason)
        profile = self._profiles.get(sample.clip.clip_id) or self._profile(sample)
        if not is_usable(profile, self._edit_params):
            return Filtered("too_quiet")
        drawn = self._drawer.draw(profile)
        return drawn if drawn.edits else Filtered("nothing_to_edit")

    def rows(self, sample: Sample, answer: Drawn) -> Iterable[Row]:
        yield from answer.edits
        if answer.num_without_partner:
            origin = self.provenance(sample)
            yield Measurement(**origin, name="edits_without_partner", value=answer.num_without_partner, unit="count")

    def _why_not(self, clip: Clip) -> str | None:
        """What rules a clip out before its sound is measured."""
        if clip.duration_s < self._edit_params.min_clip_s:
            return "too_short"
        return "silent" if clip.peak_dbfs is None else None

    def _profile(self, sample: Sample) -> Profile:
        clip = sample.clip
        split = split_of(clip.source_id, self._given_splits.get(clip.source_id), self._splits)
        return profile_of(clip, split, sample.of(SoundEvent), self._sound_of(clip.clip_id), self._edit_params.min_strength)

    def _sound_of(self, clip_id: str) -> Samples:
        return self._samples[clip_id].media.sound().samples.astype(np.float64)
