"""How well sounds are given to the things that make them: pairs of a heard event and an object against the truth.

A true pair is an audible event of a thing that is in the picture at its onset. A found pair is an event that was given to an
object; it is right if the event is that one and a track of the object follows that thing. What is given to the right thing but
is no true pair, being inaudible or of a thing that is hidden at that moment, is neither right nor wrong. Traps are counted
apart: sounds from off screen, and things that move and make no sound.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.scenes import SceneTruth, ThingTruth
from pipeline.scenes.truth import TRAPS, Trap
from pipeline.selfcheck.event_match import match_events
from pipeline.selfcheck.figures import Detection, Figure
from pipeline.selfcheck.track_match import match_tracks
from schemas.evidence import SoundEvent, Track
from schemas.objects import Attributed, FoundObject, MakerKind


@dataclass
class AttributionScore:
    """Collects over scenes. `off_screen`: what audible sounds from off screen were given to; `silent`: (twins or other silent
    movers, whether one was given a sound) → number."""

    pairs: Detection = field(default_factory=Detection)
    by_trap: dict[Trap, Detection] = field(default_factory=lambda: defaultdict(Detection))
    off_screen: Counter[MakerKind] = field(default_factory=Counter)
    silent: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)

    def add(
        self,
        scene: SceneTruth,
        heard: Sequence[SoundEvent],
        tracks: Sequence[Track],
        objects: Sequence[FoundObject],
        attributions: Sequence[Attributed],
    ) -> None:
        truth = [(event, thing) for thing in scene.things if thing.kind for event in thing.events]
        matched = {heard_at: truth[at] for at, heard_at in match_events([event for event, _ in truth], heard)}
        by_event = {attributed.event_id: attributed for attributed in attributions}
        followed = _followed(match_tracks(scene, tracks), objects)
        num_true = sum(event.is_audible and event.is_seen and thing.is_on_screen for event, thing in truth)
        hits = wrong = 0
        for at, event in enumerate(heard):
            given, true = by_event[event.event_id], matched.get(at)
            if given.maker == "object":
                is_right = true is not None and followed.get(true[1].object_id) == given.object_id
                hits += is_right and true is not None and true[0].is_audible and true[0].is_seen
                wrong += not is_right
            if true is not None and true[0].is_audible:
                self._add_heard(scene, event, given, true[1], followed)
        for detection in (self.pairs, *(self.by_trap[trap] for trap in scene.traps)):
            detection.add(hits, num_true, hits + wrong)
        self._add_silent(scene, followed, {given.object_id for given in attributions})

    def _add_heard(
        self, scene: SceneTruth, event: SoundEvent, given: Attributed, thing: ThingTruth, followed: Mapping[str, str]
    ) -> None:
        if not thing.is_on_screen:
            self.off_screen[given.maker] += 1
        true_maker = followed.get(thing.object_id, "a thing that is not followed") if thing.is_on_screen else "off_screen"
        said = given.object_id or given.maker
        if said != true_maker:
            self.mistakes.append(f"{scene.scene}: {event.event_id} ({event.kind}) is of {true_maker}, was given to {said}")

    def _add_silent(self, scene: SceneTruth, followed: Mapping[str, str], given: set[str | None]) -> None:
        for thing in scene.things:
            if thing.is_silent_mover and thing.object_id in followed:
                self.silent[thing.lookalike_of is not None, followed[thing.object_id] in given] += 1

    def figures(self) -> list[Figure]:
        return [
            Figure("sounds given to their makers, F1", self.pairs.f1, str(self.pairs), at_least=0.85),
            *self._by_trap(),
            *self._off_screen(),
            self._silent("silent things given a sound", (False, True), at_most=0.15),
            self._silent("of these, silent twins of sounding things", (True,)),
        ]

    def _by_trap(self) -> Iterator[Figure]:
        for trap in TRAPS:
            found = self.by_trap.get(trap, Detection())
            yield Figure(f"the same, in scenes with the trap {trap}", found.f1, str(found))

    def _off_screen(self) -> Iterator[Figure]:
        total = self.off_screen.total()
        kinds: tuple[tuple[str, MakerKind, float | None, float | None], ...] = (
            ("sounds from off screen named so", "off_screen", 0.8, None),
            ("sounds from off screen given to a thing", "object", None, 0.05),
        )
        for name, maker, at_least, at_most in kinds:
            number = self.off_screen[maker]
            yield Figure(name, number / total if total else None, f"{number} of {total}", at_least, at_most)

    def _silent(self, name: str, twins: Sequence[bool], at_most: float | None = None) -> Figure:
        given = sum(self.silent[is_twin, True] for is_twin in twins)
        total = given + sum(self.silent[is_twin, False] for is_twin in twins)
        return Figure(name, given / total if total else None, f"{given} of {total} that are followed", at_most=at_most)


def _followed(track_ids: Mapping[str, str], objects: Sequence[FoundObject]) -> dict[str, str]:
    """The object of each thing that a track follows: object_id of the truth → object_id found."""
    object_of = {track_id: found.object_id for found in objects for track_id in found.track_ids}
    return {thing: object_of[track_id] for thing, track_id in track_ids.items() if track_id in object_of}
