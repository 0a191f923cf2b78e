"""The self-check of a dataset that was built from rendered scenes: everything measured at once, against the known truth.

Events, tracks and decisions are read from the dataset as it was built; planted claims are put to the build's own verifier.
The truth is loaded here, after the build, and nowhere else.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, TypeVar

from annotators.base import Annotator
from annotators.roles import Inquiry
from annotators.serving.replies import ReplyStore
from annotators.site import Site
from pipeline.media_cache import LazyMedia, MediaCache
from pipeline.plan import Plan
from pipeline.progress import Progress
from pipeline.scenes import SceneTruth
from pipeline.selfcheck.attribution_check import AttributionScore
from pipeline.selfcheck.claim_check import ClaimScore
from pipeline.selfcheck.event_match import EventScore
from pipeline.selfcheck.figures import Figure
from pipeline.selfcheck.hallucinations import HallucinationScore
from pipeline.selfcheck.repair_check import EVIDENCE, RepairScore, corrupted, repaired
from pipeline.selfcheck.track_match import match_tracks
from pipeline.selfcheck.track_quality import TrackScore
from pipeline.selfcheck.truth_claims import PlantedClaim, truth_claims
from pipeline.verification.rewriting import written_claims
from schemas.errors import AudiocotError, Rejected
from schemas.evidence import MotionEvent, RoiTrack, SoundEvent
from schemas.layout import Dataset
from schemas.media import Clip, Source
from schemas.objects import Attribution, SceneObject
from schemas.reasoning import Claim, Cot, Decision, Judged, Repair
from schemas.row import AnnotationRow, Row
from schemas.vocabulary import ClaimType, VerdictWord

R = TypeVar("R", bound=Row)
A = TypeVar("A", bound=AnnotationRow)
_REPAIRING = {"verify", "listen", "repair", "recheck"}  # stages whose models the check of repair needs


@dataclass(frozen=True)
class SelfCheckReport:
    """`mistakes`: one line for every claim that was judged wrongly; `wrong_makers`: for every sound not given to its maker."""

    num_scenes: int
    figures: list[Figure]
    by_type: list[tuple[ClaimType, bool, dict[VerdictWord, int]]]
    mistakes: list[str]
    wrong_makers: list[str] = field(default_factory=list)

    @property
    def is_passed(self) -> bool:
        return all(figure.is_met for figure in self.figures)


def selfcheck(
    dataset: Dataset, plan: Plan, scenes: Sequence[SceneTruth], progress: Progress, witness: str = "verify"
) -> SelfCheckReport:
    """Measure a built dataset against the truth of the scenes it was made from.

    `witness`: the stage whose verifier judges the planted claims. AudiocotError if a scene is not in the dataset as one whole
    clip: then nothing could be compared.
    """
    by_name = {scene.scene: scene for scene in scenes}
    scores = _Scores()
    reader = _Reader(dataset, plan, witness)
    progress.phase("self-check", len(scenes))
    seen: set[str] = set()
    for shard in sorted(dataset.shards_with_part(Clip.table, "ingest", plan["ingest"].fingerprint)):
        names = {source.source_id: PurePosixPath(source.name).stem for source in reader.rows(Source, shard)}
        rows = _ShardRows(reader, shard)
        for clip in reader.rows(Clip, shard):
            scene = by_name.get(names[clip.source_id])
            if scene is None:
                continue
            if abs(clip.duration_s - scene.duration_s) > 0.2:
                raise AudiocotError(f"a scene must be one whole clip, {scene.scene} was cut; raise ingest.window_s")
            if scene.scene in seen:
                raise AudiocotError(f"{scene.scene} is in {dataset.url} twice, with different content; use a new folder")
            seen.add(scene.scene)
            _check_clip(scene, clip, rows, reader, scores)
            progress.advance("self-check", 1, scene.scene)
    if missing := sorted(set(by_name) - seen):
        raise AudiocotError(
            f"{len(missing)} scenes are not in {dataset.url}, the first is {missing[0]}; build from all of them"
        )
    measured = (scores.events, scores.tracks, scores.makers, scores.claims, scores.hallucinations, scores.repairs)
    figures = [figure for score in measured for figure in score.figures()]
    mistakes = [*scores.claims.mistakes, *scores.repairs.mistakes]
    return SelfCheckReport(len(seen), figures, scores.claims.by_type(), mistakes, scores.makers.mistakes)


@dataclass(frozen=True)
class _Scores:
    """What is collected over the scenes."""

    events: EventScore = field(default_factory=EventScore)
    tracks: TrackScore = field(default_factory=TrackScore)
    makers: AttributionScore = field(default_factory=AttributionScore)
    claims: ClaimScore = field(default_factory=ClaimScore)
    hallucinations: HallucinationScore = field(default_factory=HallucinationScore)
    repairs: RepairScore = field(default_factory=RepairScore)


class _Reader:
    """Reads parts of the current generation, and the media and a verifier of the build."""

    def __init__(self, dataset: Dataset, plan: Plan, witness: str) -> None:
        self.dataset = dataset
        self.plan = plan
        self._cache = MediaCache()
        site = Site(replies=ReplyStore(dataset.storage))
        self._verifier: Annotator[Inquiry, list[Judged]] = _loaded(plan, witness, site)
        for name in _REPAIRING & plan.fingerprints.keys() - {witness}:
            _loaded(plan, name, site)

    def rows(self, row_type: type[R], shard: int) -> list[R]:
        found: list[R] = []
        for planned in self.plan.stages:
            if row_type in planned.stage.produces:
                found += self.dataset.read_part(row_type, planned.name, planned.fingerprint, shard)
        return found

    def media(self, clip: Clip, shard: int) -> LazyMedia:
        path = self.dataset.clips_path(self.plan["ingest"].fingerprint, shard)
        return LazyMedia(self._cache, self.dataset.storage, path, clip)

    def judge(self, inquiry: Inquiry) -> list[Judged]:
        """AudiocotError if the verifier refuses: a self-check that leaves claims out would flatter."""
        (answer,) = self._verifier.annotate([inquiry])
        if isinstance(answer, Rejected):
            raise AudiocotError(f"the verifier refused {inquiry.media.clip_id}: {answer.code}: {answer.message}")
        return answer


def _loaded(plan: Plan, name: str, site: Site) -> Annotator[Any, Any]:
    annotator = plan[name].stage.annotator
    assert annotator is not None
    annotator.connect(site)
    annotator.load()
    return annotator


class _ShardRows:
    """Rows of one shard by clip, read once per table."""

    def __init__(self, reader: _Reader, shard: int) -> None:
        self.reader = reader
        self.shard = shard
        self._tables: dict[type[AnnotationRow], dict[str, list[AnnotationRow]]] = {}

    def of(self, row_type: type[A], clip_id: str) -> list[A]:
        if row_type not in self._tables:
            by_clip: dict[str, list[AnnotationRow]] = defaultdict(list)
            for row in self.reader.rows(row_type, self.shard):
                by_clip[row.clip_id].append(row)
            self._tables[row_type] = by_clip
        return [row for row in self._tables[row_type].get(clip_id, []) if isinstance(row, row_type)]


def _check_clip(scene: SceneTruth, clip: Clip, rows: _ShardRows, reader: _Reader, scores: _Scores) -> None:
    followed, heard = rows.of(RoiTrack, clip.clip_id), rows.of(SoundEvent, clip.clip_id)
    scores.events.add(scene, heard)
    scores.tracks.add(scene, followed)
    found, made = rows.of(SceneObject, clip.clip_id), rows.of(Attribution, clip.clip_id)
    scores.makers.add(scene, heard, followed, found, made)
    track_ids = match_tracks(scene, followed)
    planted = truth_claims(scene, track_ids)
    inquiry = Inquiry(
        media=reader.media(clip, rows.shard),
        claims=[one.claim for one in planted],
        tracks=followed,
        seen=rows.of(MotionEvent, clip.clip_id),
        width_px=clip.width_px,
        height_px=clip.height_px,
    )
    judged = reader.judge(inquiry)
    scores.claims.add_planted(scene, planted, judged)
    scores.hallucinations.add(scene, planted, judged)
    silent = {track_ids[thing.object_id] for thing in scene.things if thing.is_silent_mover and thing.object_id in track_ids}
    scores.claims.add_built(rows.of(Claim, clip.clip_id), rows.of(Decision, clip.clip_id), silent)
    _check_repair(scene, clip, rows, planted, scores.repairs)


def _check_repair(scene: SceneTruth, clip: Clip, rows: _ShardRows, planted: Sequence[PlantedClaim], score: RepairScore) -> None:
    """Corrupt the clip's base chain and see what the build's own stages make of it."""
    evidence: dict[type[Row], Sequence[Row]] = {table: rows.of(table, clip.clip_id) for table in EVIDENCE}
    for cot in rows.of(Cot, clip.clip_id):
        if cot.task != "base":
            continue
        own = written_claims(cot, rows.of(Claim, clip.clip_id), rows.of(Repair, clip.clip_id))
        chain = corrupted(cot, own, planted, scene, rows.of(RoiTrack, clip.clip_id))
        if chain is not None:
            repairs, new, decision = repaired(rows.reader.plan, chain, clip, rows.reader.media(clip, rows.shard), evidence)
            score.add(scene, chain, decision, repairs, new)
