"""The rows about one clip, from every table that has something to say about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeVar

import pyarrow.parquet as pq

from annotators.media import Media
from pipeline.catalog import Catalog
from pipeline.media_cache import LazyMedia, MediaCache
from pipeline.runs import latest_run
from schemas.accounting import Failure
from schemas.arrow import from_arrow
from schemas.edits import Edit
from schemas.errors import RootError
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.layout import Dataset
from schemas.media import Clip, Source
from schemas.objects import Attribution, SceneObject
from schemas.questions import Consensus, Contribution, Question
from schemas.reasoning import Claim, Cot, Decision, Repair, Verdict
from schemas.row import Row

R = TypeVar("R", bound=Row)
NUM_SUGGESTIONS = 3


@dataclass(frozen=True)
class ClipFacts:
    """Rows of one clip. Claims are the chains' own; verdicts on planted decoys say nothing of the clip."""

    clip: Clip
    source: Source | None = None
    measurements: Sequence[Measurement] = field(default=())
    heard: Sequence[SoundEvent] = field(default=())
    seen: Sequence[MotionEvent] = field(default=())
    tracks: Sequence[RoiTrack] = field(default=())
    captions: Sequence[Caption] = field(default=())
    objects: Sequence[SceneObject] = field(default=())
    attributions: Sequence[Attribution] = field(default=())
    edits: Sequence[Edit] = field(default=())
    questions: Sequence[Question] = field(default=())
    consensuses: Sequence[Consensus] = field(default=())
    contributions: Sequence[Contribution] = field(default=())
    cots: Sequence[Cot] = field(default=())
    claims: Sequence[Claim] = field(default=())
    verdicts: Sequence[Verdict] = field(default=())
    repairs: Sequence[Repair] = field(default=())
    decisions: Sequence[Decision] = field(default=())
    failures: Sequence[Failure] = field(default=())

    def claims_of(self, cot_id: str, step_index: int) -> list[Claim]:
        return [claim for claim in self.claims if claim.cot_id == cot_id and claim.step_index == step_index]

    def verdicts_on(self, claim_id: str) -> list[Verdict]:
        """One per witness."""
        return [verdict for verdict in self.verdicts if verdict.claim_id == claim_id]

    def decision_on(self, cot_id: str) -> Decision | None:
        return next((decision for decision in self.decisions if decision.cot_id == cot_id), None)

    def to_json(self) -> dict[str, Any]:
        """Table → rows, as plain data; a source that is not known is left out."""
        rows: list[Row] = [self.clip, *([self.source] if self.source else []), *self.measurements, *self.heard, *self.seen]
        rows += [*self.tracks, *self.captions, *self.objects, *self.attributions, *self.edits, *self.questions]
        rows += [*self.consensuses, *self.contributions, *self.cots, *self.claims, *self.verdicts, *self.repairs]
        rows += [*self.decisions, *self.failures]
        tables: dict[str, Any] = {}
        for row in rows:
            tables.setdefault(row.table, []).append(row.model_dump(mode="json"))
        return tables


def collect_facts(catalog: Catalog, clip_id: str) -> ClipFacts:
    """The facts of a clip, named by its id or by a beginning of it that only one clip has. RootError names near matches."""
    found = find_clip(catalog, clip_id)

    def of(row_type: type[R], where: str = "", order: str = "") -> list[R]:
        columns = ", ".join(f'"{name}"' for name in row_type.model_fields)
        condition = where or f"clip_id = '{found}'"
        sql = f"select {columns} from {row_type.table} where {condition} {order and f'order by {order}'}"  # noqa: S608
        return list(from_arrow(row_type, catalog.query(sql)))

    clip = of(Clip)[0]
    sources = of(Source, f"source_id = '{clip.source_id}'")
    return ClipFacts(
        clip=clip,
        source=sources[0] if sources else None,
        measurements=of(Measurement, order="name, start_s"),
        heard=of(SoundEvent, order="event_id"),
        seen=of(MotionEvent, order="event_id"),
        tracks=of(RoiTrack, order="track_id"),
        captions=of(Caption, order="modality, question"),
        objects=of(SceneObject, order="object_id"),
        attributions=of(Attribution, order="event_id"),
        edits=of(Edit, order="edit_id"),
        questions=of(Question, order="question_id"),
        consensuses=of(Consensus, order="question_id"),
        contributions=of(Contribution, order="question_id"),
        cots=of(Cot, order="task, cot_id"),
        claims=of(Claim, order="claim_id"),
        verdicts=of(Verdict, f"clip_id = '{found}' and not is_decoy", "claim_id, witness"),
        repairs=of(Repair, order="cot_id, step_index"),
        decisions=of(Decision, order="cot_id"),
        failures=of(Failure, f"clip_id = '{found}' or (clip_id is null and source_id = '{clip.source_id}')"),
    )


def find_clip(catalog: Catalog, given: str) -> str:
    """The one clip id that is `given` or begins with it. RootError if there is none, or more than one."""
    known: list[str] = catalog.query("select clip_id from clip order by clip_id").column("clip_id").to_pylist()
    matches = [clip_id for clip_id in known if clip_id.startswith(given)] if given else []
    if given in matches or len(matches) == 1:
        return given if given in matches else matches[0]
    if matches:
        raise RootError(
            f"{len(matches)} clips begin with {given!r}, such as {', '.join(matches[:NUM_SUGGESTIONS])}; give more of it"
        )
    if not known:
        raise RootError(f"there is no clip {given!r}: the dataset has no clips")
    near = get_close_matches(given, known, n=NUM_SUGGESTIONS, cutoff=0.4) or known[:NUM_SUGGESTIONS]
    raise RootError(f"there is no clip {given!r}; near ones: {', '.join(near)}")


def clip_media(dataset: Dataset, clip: Clip) -> Media:
    """The stored media of a clip of the newest run. RootError if its shard is gone."""
    run = latest_run(dataset)
    ingest = run.fingerprints["ingest"] if run else ""
    for shard in sorted(dataset.shards_with_part(Clip.table, "ingest", ingest)):
        with dataset.storage.open(dataset.part_path(Clip.table, "ingest", ingest, shard)) as part:
            if clip.clip_id in pq.read_table(part, columns=["clip_id"]).column(0).to_pylist():
                return LazyMedia(MediaCache(), dataset.storage, dataset.clips_path(ingest, shard), clip)
    raise RootError(f"{dataset.url} has no media of clip {clip.clip_id}")
