"""How well the heard events are those that happened: onsets of hits, events of all kinds, and their kinds.

Only what is audible must be found; what is found and is really there but counted as inaudible is neither hit nor mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.scenes import SceneTruth, TruthEvent
from pipeline.selfcheck.figures import Detection, Figure, matched_pairs
from schemas.evidence import HeardEvent
from schemas.vocabulary import SoundKind

ONSET_TOLERANCE_S = 0.05
EVENT_ONSET_TOLERANCE_S = 0.1
EVENT_MIN_IOU = 0.3
STRUCK: frozenset[SoundKind] = frozenset({"impact", "ring", "roll"})


@dataclass
class EventScore:
    """Collects over scenes."""

    onsets: Detection = field(default_factory=Detection)
    events: Detection = field(default_factory=Detection)
    num_same_kind: int = 0

    def add(self, scene: SceneTruth, heard: Sequence[HeardEvent]) -> None:
        truth = [(event, thing.kind) for thing in scene.things if thing.kind for event in thing.events]
        self._add_onsets(truth, heard)
        self._add_events(truth, heard)

    def _add_onsets(self, truth: Sequence[tuple[TruthEvent, SoundKind]], heard: Sequence[HeardEvent]) -> None:
        struck = [(onset, event.is_audible) for event, kind in truth if kind in STRUCK for onset in event.onsets_s]
        found = [onset for event in heard if event.kind in STRUCK for onset in event.onsets_s]
        # with equal distance an audible onset is the one that was meant
        pairs = matched_pairs(struck, found, lambda one, onset: _closeness(one[0], onset) * (1.0 if one[1] else 0.5))
        ignored = sum(not struck[index][1] for index, _ in pairs)
        audible = sum(is_audible for _, is_audible in struck)
        self.onsets.add(len(pairs) - ignored, audible, len(found) - ignored)

    def _add_events(self, truth: Sequence[tuple[TruthEvent, SoundKind]], heard: Sequence[HeardEvent]) -> None:
        pairs = match_events([event for event, _ in truth], heard)
        ignored = sum(not truth[index][0].is_audible for index, _ in pairs)
        self.events.add(len(pairs) - ignored, sum(event.is_audible for event, _ in truth), len(heard) - ignored)
        self.num_same_kind += sum(truth[i][0].is_audible and truth[i][1] == heard[j].kind for i, j in pairs)

    def figures(self) -> list[Figure]:
        hits = self.events.num_hits
        return [
            Figure("impact onsets, F1 at ±50 ms", self.onsets.f1, str(self.onsets), at_least=0.95),
            Figure("all events, F1", self.events.f1, str(self.events), at_least=0.85),
            Figure("kind of the events found", self.num_same_kind / hits if hits else None, f"{self.num_same_kind} of {hits}"),
        ]


def match_events(truth: Sequence[TruthEvent], heard: Sequence[HeardEvent]) -> list[tuple[int, int]]:
    """Which heard event is which true one, one to one: pairs of indices. If two fit as well, the audible one was meant."""
    return matched_pairs(truth, heard, lambda event, found: _likeness(event, found) * (1.0 if event.is_audible else 0.5))


def _closeness(truth_s: float, found_s: float) -> float:
    """0 outside of the tolerance, near 1 for the same moment."""
    distance = abs(truth_s - found_s)
    return 1.0 - 0.9 * distance / ONSET_TOLERANCE_S if distance <= ONSET_TOLERANCE_S else 0.0


def _likeness(truth: TruthEvent, heard: HeardEvent) -> float:
    """Positive if the spans overlap enough or the onsets agree."""
    overlap = min(truth.end_s, heard.end_s) - max(truth.start_s, heard.start_s)
    union = max(truth.end_s, heard.end_s) - min(truth.start_s, heard.start_s)
    iou = max(overlap, 0.0) / union if union > 0 else 0.0
    onset = min(abs(truth.onset_s - onset_s) for onset_s in [heard.start_s, *heard.onsets_s])
    if iou < EVENT_MIN_IOU and onset > EVENT_ONSET_TOLERANCE_S:
        return 0.0
    return iou + max(0.0, 1.0 - onset / EVENT_ONSET_TOLERANCE_S) + 1e-3
