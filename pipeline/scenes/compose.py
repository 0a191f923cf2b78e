"""From a seed to a scene: who is there, what they do, and which traps are set. Depends on the seed and on nothing else.

The lead sound class is `seed mod 15` and the set of traps `seed mod 8`, so that any 40 consecutive seeds hold every class and
every trap several times; all else is drawn. Blows of different things keep MIN_GAP_S between them, heard or merely seen:
then what belongs together can be told by time, and a scorer with ±50 ms is fair.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

import numpy as np

from pipeline.scenes.acting import Act, Look, Spot, Voice
from pipeline.scenes.actors import ACTORS, LOOKS
from pipeline.scenes.casting import LASTING, TRAP_SETS, Casting, cast, windows
from pipeline.scenes.impacts import SAMPLE_RATE_HZ
from pipeline.scenes.shapes import COLORS
from pipeline.scenes.truth import SOUND_CLASSES, SoundClass, Trap
from pipeline.scenes.world import Camera, Motion, Staying

MIN_GAP_S = 0.17
MIN_STRETCH_S = 2.2
NUM_TRIES = 50
FPS = 25
SIZES_PX = ((320, 240), (384, 216), (424, 240))
DURATIONS_S = (8.0, 8.4, 8.8, 9.0, 9.0, 9.0, 10.4, 12.0)
ROWS_M = {"front": (1.6, 1.9), "middle": (2.1, 2.9), "sky": (2.7, 3.3)}  # distances; a lone thing may be anywhere
ALONE_M = (1.7, 2.8)
CLOUD_COLORS = ("white", "blue", "teal", "purple")


@dataclass(frozen=True)
class Thing:
    """`hits_s`: moments that others must keep clear of: its blows, seen or heard, and its onsets."""

    object_id: str
    look: Look
    sound_class: SoundClass | None
    motion: Motion
    voices: Sequence[Voice]
    hits_s: Sequence[float]
    is_on_screen: bool
    lookalike_of: str | None = None


@dataclass(frozen=True)
class Scene:
    seed: int
    camera: Camera
    fps: int
    duration_s: float
    ambience: Literal["room_tone", "pink_noise"]
    ambience_dbfs: float
    things: Sequence[Thing]

    @property
    def name(self) -> str:
        return f"scene-{self.seed:06d}"

    @property
    def traps(self) -> list[Trap]:
        """The traps that are really there."""
        found: dict[Trap, bool] = {
            "silent_mover": any(thing.sound_class is None and thing.lookalike_of is None for thing in self.things),
            "off_screen": any(thing.sound_class and not thing.is_on_screen for thing in self.things),
            "overlap": any(_lies_under(a, b) for a in self.things for b in self.things if a is not b),
            "lookalike": any(thing.lookalike_of is not None for thing in self.things),
        }
        return [trap for trap, is_there in found.items() if is_there]


def _lies_under(lasting: Thing, other: Thing) -> bool:
    """A sound of `other` begins while the lasting one goes on."""
    if lasting.sound_class not in LASTING:
        return False
    spans = [(v.start_s, v.start_s + len(v.samples) / SAMPLE_RATE_HZ) for v in lasting.voices]
    return any(start_s < voice.start_s < end_s for start_s, end_s in spans for voice in other.voices)


def row_of(look: Look) -> str:
    """Travellers pass before the rest, fliers behind it."""
    if look.looks in ("walker", "car", "ambulance"):
        return "front"
    return "sky" if look.looks in ("bird", "balloon") else "middle"


def dress(rng: np.random.Generator, casting: Casting, taken: Sequence[str]) -> Look:
    """Shape, size, and a colour that nobody wears yet."""
    looks, smallest, largest = LOOKS[casting.acts_as]
    looks = casting.looks or looks
    size_m = rng.uniform(0.15, 0.2) if looks == "balloon" else rng.uniform(smallest, largest)
    palette = [name for name in (CLOUD_COLORS if looks == "cloud" else COLORS) if name not in taken]
    return Look(looks, palette[int(rng.integers(len(palette)))], float(size_m))


def strips(rng: np.random.Generator, rows: Sequence[str | None]) -> list[tuple[float, float]]:
    """A strip of the picture's width for each: equal shares within its row, shuffled. None (off screen) takes none."""
    spans = [(0.03, 0.97)] * len(rows)
    for row in ROWS_M:
        members = [k for k, name in enumerate(rows) if name == row]
        for k, place in zip(members, rng.permutation(len(members)), strict=True):
            spans[k] = (0.03 + 0.94 * place / len(members), 0.03 + 0.94 * (place + 1) / len(members))
    return spans


def onsets(act: Act) -> list[float]:
    """The blows of an act and the onsets of its sounds (of a roll: the first and the last)."""
    ends = {onset for voice in act.voices for onset in (voice.onsets_s[0], voice.onsets_s[-1])}
    return sorted(ends.union(act.hits_s))


def keeps_clear(hits_s: Sequence[float], others_s: Sequence[float]) -> bool:
    """No hit is closer than MIN_GAP_S to one of the others."""
    return not hits_s or not others_s or bool(np.abs(np.subtract.outer(hits_s, others_s)).min() >= MIN_GAP_S)


def rehearse(rng: np.random.Generator, casting: Casting, spot: Spot, others_s: Sequence[float]) -> Act | None:
    """Draw the act until its blows keep clear of the others', in shorter and shorter stretches; None if they never do."""
    length_s = spot.end_s - spot.start_s
    for attempt in range(NUM_TRIES):
        spare_s = max(0.0, length_s - MIN_STRETCH_S) * attempt / NUM_TRIES
        start_s = spot.start_s + rng.uniform(0, spare_s)
        act = ACTORS[casting.acts_as](rng, replace(spot, start_s=start_s, end_s=start_s + length_s - spare_s))
        if keeps_clear(act.hits_s if casting.is_silent else onsets(act), others_s):
            return act
    return None


def beside_the_picture(rng: np.random.Generator, spot: Spot) -> Staying:
    """A place to the left or the right of what the camera sees."""
    side = rng.choice([-1, 1])
    return Staying((spot.camera.x_at(0.5 + side * rng.uniform(0.54, 0.6), spot.z_m), 0.0, spot.z_m))


def compose(seed: int) -> Scene:
    """The scene of a seed: the first take in which everything that it asks for finds its place."""
    takes = (compose_take(seed, take) for take in count())
    return next(scene for scene in takes if scene is not None)


def compose_take(seed: int, take: int) -> Scene | None:
    """One draw of a scene; None if some thing cannot keep clear of the others."""
    rng = np.random.default_rng([seed, take])
    lead = tuple(SOUND_CLASSES)[seed % len(SOUND_CLASSES)]
    traps = TRAP_SETS[seed % len(TRAP_SETS)]
    camera = Camera(*SIZES_PX[rng.integers(len(SIZES_PX))])
    duration_s = float(rng.choice(DURATIONS_S))
    castings = cast(rng, lead, traps)
    looks: list[Look] = []
    for casting in castings:
        looks.append(looks[0] if casting.is_twin else dress(rng, casting, [look.color for look in looks]))
    rows = [row_of(look) if casting.is_on_screen else None for casting, look in zip(castings, looks, strict=True)]
    times, lanes = windows(rng, castings, duration_s, traps), strips(rng, rows)
    things: list[Thing] = []
    for casting, look, row, time, lane in zip(castings, looks, rows, times, lanes, strict=True):
        z_m = float(rng.uniform(*(ALONE_M if row is None or len(castings) == 1 else ROWS_M[row])))
        spot = Spot(camera, *lane, z_m, *time, look.size_m)
        act = rehearse(rng, casting, spot, [hit for thing in things for hit in thing.hits_s])
        if act is None:
            return None
        things.append(stage(rng, casting, look, spot, act, things))
    ambience: Literal["room_tone", "pink_noise"] = "room_tone" if rng.random() < 0.5 else "pink_noise"
    return Scene(seed, camera, FPS, duration_s, ambience, float(rng.uniform(-60, -48)), things)


def stage(rng: np.random.Generator, casting: Casting, look: Look, spot: Spot, act: Act, things: Sequence[Thing]) -> Thing:
    """An act as a thing of the scene: silenced or put beside the picture where the casting says so."""
    return Thing(
        object_id=f"o{len(things)}",
        look=look,
        sound_class=None if casting.is_silent else casting.acts_as,
        motion=act.motion if casting.is_on_screen else beside_the_picture(rng, spot),
        voices=() if casting.is_silent else act.voices,
        hits_s=act.hits_s if casting.is_silent else onsets(act),
        is_on_screen=casting.is_on_screen,
        lookalike_of=things[0].object_id if casting.is_twin else None,
    )
