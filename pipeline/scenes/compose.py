"""From a seed to a scene: who is there, what they do, and which traps are set. Depends on the seed and on nothing else.

The lead sound class is `seed mod 15` and the set of traps `seed mod 8`, so that any 40 consecutive seeds hold every class and
every trap several times; all else is drawn. Blows of different things keep MIN_GAP_S between them, heard or merely seen:
then what belongs together can be told by time, and a scorer with ±50 ms is fair.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pipeline.scenes.actors import ACTORS, LOOKS, Act, Look, Spot, Voice
from pipeline.scenes.shapes import COLORS
from pipeline.scenes.truth import SOUND_CLASSES, SoundClass, Trap
from pipeline.scenes.world import Camera, Gliding, Motion, Staying

MIN_GAP_S = 0.17
SIZES_PX = ((320, 240), (384, 216), (424, 240))
TRAP_SETS: tuple[tuple[Trap, ...], ...] = (
    (),
    ("silent_mover",),
    ("off_screen",),
    ("overlap",),
    ("lookalike",),
    ("silent_mover", "off_screen"),
    ("silent_mover", "overlap"),
    ("lookalike", "off_screen"),
)
LASTING: tuple[SoundClass, ...] = ("engine", "siren", "rain", "wind")
NOISY: tuple[SoundClass, ...] = ("rain", "wind")
PITCHED: tuple[SoundClass, ...] = ("engine", "horn", "beep", "siren")
GLIDERS = ("walker", "car", "ambulance")  # they come close to the camera and pass before the rest


@dataclass(frozen=True)
class Thing:
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
    traps: Sequence[Trap]
    things: Sequence[Thing]

    @property
    def name(self) -> str:
        return f"scene-{self.seed:06d}"


@dataclass(frozen=True)
class Casting:
    """What a thing is to be, before it is placed: `sounds` is the class it acts as."""

    acts_as: SoundClass
    is_silent: bool = False
    is_on_screen: bool = True
    is_twin: bool = False  # looks like the lead
    looks: str | None = None  # where it differs from the class's own


def partner(rng: np.random.Generator, lead: SoundClass, among: Sequence[SoundClass]) -> SoundClass:
    """A class that can be told from the lead: never its own class, nor a second noise or a second pitched voice."""
    rivals = next((group for group in (NOISY, PITCHED) if lead in group), (lead,))
    return among[rng.choice([k for k, c in enumerate(among) if c not in rivals and c != lead])]


def cast(rng: np.random.Generator, lead: SoundClass, traps: Sequence[Trap]) -> list[Casting]:
    """Who plays in the scene: the lead, a second sound (two scenes of three), and what the traps ask for."""
    castings = [Casting(lead)]
    if "overlap" in traps:
        lasting = partner(rng, lead, LASTING)
        castings.append(Casting(lasting, is_on_screen=bool(rng.random() < 0.6)))
    elif "off_screen" in traps:
        castings.append(Casting(partner(rng, lead, list(SOUND_CLASSES)), is_on_screen=False))
    elif rng.random() < 0.65:
        castings.append(Casting(partner(rng, lead, list(SOUND_CLASSES))))
    if "silent_mover" in traps:
        kinds: tuple[tuple[SoundClass, str], ...] = (
            ("ball_bounce", "ball"), ("ball_bounce", "ball"), ("engine", "car"), ("footsteps", "walker"), ("bird", "bird"), ("bird", "balloon"),
        )  # fmt: skip
        acts_as, looks = kinds[rng.integers(len(kinds))]
        castings.append(Casting(acts_as, is_silent=True, looks=looks))
    if "lookalike" in traps:
        castings.append(Casting(lead, is_silent=True, is_twin=True))
    return castings


def windows(
    rng: np.random.Generator, castings: Sequence[Casting], duration_s: float, traps: Sequence[Trap]
) -> list[tuple[float, float]]:
    """When each may act. Without the overlap trap the first two take turns, or share the time if neither lasts."""
    whole = (0.15, duration_s - 0.35)
    sounding = [k for k, casting in enumerate(castings) if not casting.is_silent]
    spans = [whole] * len(castings)
    if len(sounding) == 2 and "overlap" in traps:
        slack = rng.uniform(0.0, 1.2, 2)
        spans[1] = (whole[0] + slack[0], whole[1] - slack[1])
    elif len(sounding) == 2:
        share_time = rng.random() < 0.4 and not any(castings[k].acts_as in LASTING for k in sounding)
        if not share_time:
            cut_s = duration_s * rng.uniform(0.42, 0.58)
            spans[0], spans[1] = (whole[0], cut_s - 0.15), (cut_s + 0.15, whole[1])
            if rng.random() < 0.5:
                spans[0], spans[1] = spans[1], spans[0]
    elif castings[0].acts_as in LASTING:
        length_s = rng.uniform(0.45, 0.85) * duration_s
        start_s = rng.uniform(whole[0], whole[1] - length_s)
        spans[0] = (start_s, start_s + length_s)
    return spans


def keeps_clear(hits_s: Sequence[float], others_s: Sequence[float]) -> bool:
    """No hit is closer than MIN_GAP_S to one of the others."""
    if not hits_s or not others_s:
        return True
    return bool(np.abs(np.subtract.outer(hits_s, others_s)).min() >= MIN_GAP_S)


def onsets(act: Act) -> list[float]:
    return [*act.hits_s, *[voice.onsets_s[0] for voice in act.voices], *[voice.onsets_s[-1] for voice in act.voices]]


def strips(rng: np.random.Generator, castings: Sequence[Casting]) -> list[tuple[float, float]]:
    """A strip of the picture for each: equal shares, shuffled; those off screen need none."""
    seen = [k for k, casting in enumerate(castings) if casting.is_on_screen]
    order = rng.permutation(len(seen))
    spans = [(0.0, 1.0)] * len(castings)
    for k, place in zip(seen, order, strict=True):
        spans[k] = (0.03 + 0.94 * place / len(seen), 0.03 + 0.94 * (place + 1) / len(seen))
    return spans


def dress(rng: np.random.Generator, casting: Casting, taken: Sequence[str]) -> Look:
    """Shape, size, and a colour nobody wears yet."""
    looks, smallest, largest = LOOKS[casting.acts_as]
    color = rng.choice([name for name in COLORS if name not in taken])
    size_m = rng.uniform(0.11, 0.16) if casting.looks == "balloon" else rng.uniform(smallest, largest)
    return Look(casting.looks or looks, str(color), float(size_m))


def off_screen(rng: np.random.Generator, camera: Camera, z_m: float) -> Staying:
    """A place beside the picture."""
    side = rng.choice([-1, 1])
    return Staying((camera.x_at(0.5 + side * rng.uniform(0.62, 0.9), z_m), 0.0, z_m))


def distance(rng: np.random.Generator, look: Look, is_alone: bool) -> float:
    if look.looks in GLIDERS and not is_alone:
        return float(rng.uniform(1.6, 2.1))
    return float(rng.uniform(1.7, 2.6) if is_alone else rng.uniform(2.2, 3.6))


def compose(seed: int) -> Scene:
    """The scene of a seed."""
    rng = np.random.default_rng([seed, 20_260])
    lead = tuple(SOUND_CLASSES)[seed % len(SOUND_CLASSES)]
    traps = TRAP_SETS[seed % len(TRAP_SETS)]
    camera = Camera(*SIZES_PX[rng.integers(len(SIZES_PX))])
    duration_s = float(rng.choice([8.0, 8.4, 8.8, 9.0, 9.0, 9.0, 10.4, 12.0]))
    castings = cast(rng, lead, traps)
    spans, lanes = windows(rng, castings, duration_s, traps), strips(rng, castings)
    things: list[Thing] = []
    for casting, (start_s, end_s), (left, right) in zip(castings, spans, lanes, strict=True):
        look = things[0].look if casting.is_twin else dress(rng, casting, [thing.look.color for thing in things])
        z_m = distance(rng, look, is_alone=len(castings) == 1)
        spot = Spot(camera, left, right, z_m, start_s, end_s, look.size_m)
        others = [hit for thing in things for hit in thing.hits_s]
        act = rehearse(rng, casting, spot, others)
        if act is not None:
            things.append(place(rng, casting, look, act, spot, things))
    ambience: Literal["room_tone", "pink_noise"] = "room_tone" if rng.random() < 0.5 else "pink_noise"
    return Scene(seed, camera, 25, duration_s, ambience, float(rng.uniform(-60, -48)), traps, things)


def rehearse(rng: np.random.Generator, casting: Casting, spot: Spot, others_s: Sequence[float]) -> Act | None:
    """Draw the act until its blows keep clear of the others', in shorter and shorter stretches; None if they never do."""
    for attempt in range(80):
        spare_s = max(0.0, spot.end_s - spot.start_s - 2.2) * attempt / 80
        start_s = spot.start_s + rng.uniform(0, spare_s)
        act = ACTORS[casting.acts_as](rng, replace(spot, start_s=start_s, end_s=start_s + spot.end_s - spot.start_s - spare_s))
        if keeps_clear(onsets(act) if not casting.is_silent else act.hits_s, others_s):
            return act
    return None


def place(rng: np.random.Generator, casting: Casting, look: Look, act: Act, spot: Spot, things: Sequence[Thing]) -> Thing:
    """Put an act into the scene: silence it or move it off screen where the casting says so."""
    motion = act.motion if casting.is_on_screen else off_screen(rng, spot.camera, spot.z_m)
    if look.looks == "balloon" and isinstance(motion, Gliding):
        motion = replace(motion, bob_m=0.0)
    return Thing(
        object_id=f"o{len(things)}",
        look=look,
        sound_class=None if casting.is_silent else casting.acts_as,
        motion=motion,
        voices=() if casting.is_silent else act.voices,
        hits_s=onsets(act) if not casting.is_silent else list(act.hits_s),
        is_on_screen=casting.is_on_screen,
        lookalike_of=things[0].object_id if casting.is_twin else None,
    )
