"""The cast: for each sound class, who acts it and what it looks like.

An actor draws its own details from the generator it is given. Its motion and its sound come from the same numbers. To add
one: a function `(rng, Spot) -> Act` in `actors_struck` or `actors_sustained`, and a line in each of the two tables here.
"""

from pipeline.scenes import actors_struck as struck
from pipeline.scenes import actors_sustained as sustained
from pipeline.scenes.acting import Actor
from pipeline.scenes.truth import SoundClass

ACTORS: dict[SoundClass, Actor] = {
    "ball_bounce": struck.ball_bounce, "footsteps": struck.footsteps, "door_slam": struck.door_slam,
    "clock_tick": struck.clock_tick, "hammer": struck.hammer, "bell": struck.bell, "glass_clink": struck.glass_clink,
    "drum_roll": struck.drum_roll, "engine": sustained.engine, "horn": sustained.horn, "beep": sustained.beep,
    "siren": sustained.siren, "bird": sustained.bird, "rain": sustained.rain, "wind": sustained.wind,
}  # fmt: skip
# looks (a key of shapes.SHAPES), smallest and largest size in metres
LOOKS: dict[SoundClass, tuple[str, float, float]] = {
    "ball_bounce": ("ball", 0.14, 0.19), "footsteps": ("walker", 0.45, 0.6), "door_slam": ("door", 0.7, 0.9),
    "clock_tick": ("clock", 0.44, 0.54), "hammer": ("hammer", 0.5, 0.62), "bell": ("bell", 0.4, 0.52),
    "glass_clink": ("glasses", 0.42, 0.54), "drum_roll": ("drum", 0.5, 0.6), "engine": ("car", 0.5, 0.65),
    "horn": ("horn", 0.44, 0.54), "beep": ("alarm", 0.42, 0.52), "siren": ("ambulance", 0.5, 0.65),
    "bird": ("bird", 0.34, 0.44), "rain": ("cloud", 0.65, 0.8), "wind": ("flag", 0.5, 0.62),
}  # fmt: skip
