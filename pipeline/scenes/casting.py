"""Who plays in a scene and when: the lead sound, a second one, and what the traps ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.scenes.truth import SOUND_CLASSES, SoundClass, Trap

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
SILENT_MOVERS: tuple[tuple[SoundClass, str], ...] = (  # moves as, looks like
    ("ball_bounce", "ball"),
    ("ball_bounce", "ball"),
    ("engine", "car"),
    ("footsteps", "walker"),
    ("bird", "bird"),
    ("bird", "balloon"),
)
FIRST_S, LAST_S = 0.15, 0.35  # quiet at the beginning and at the end


@dataclass(frozen=True)
class Casting:
    """What a thing is to be, before it is placed: it moves as a thing of class `acts_as`."""

    acts_as: SoundClass
    is_silent: bool = False
    is_on_screen: bool = True
    is_twin: bool = False  # looks like the lead
    looks: str | None = None  # where it differs from the class's own


def partner(rng: np.random.Generator, lead: SoundClass, among: Sequence[SoundClass]) -> SoundClass:
    """A class that can be told from the lead: never its own class, nor a second noise or a second pitched voice."""
    rivals = next((group for group in (NOISY, PITCHED) if lead in group), (lead,))
    possible = [name for name in among if name not in rivals]
    return possible[int(rng.integers(len(possible)))]


def cast(rng: np.random.Generator, lead: SoundClass, traps: Sequence[Trap]) -> list[Casting]:
    """The lead first, then a second sound (always for traps that need one, else in two scenes of three), then the silent."""
    castings = [Casting(lead)]
    if "overlap" in traps:
        castings.append(Casting(partner(rng, lead, LASTING), is_on_screen=bool(rng.random() < 0.6)))
    elif "off_screen" in traps:
        castings.append(Casting(partner(rng, lead, list(SOUND_CLASSES)), is_on_screen=False))
    elif rng.random() < 0.65:
        castings.append(Casting(partner(rng, lead, list(SOUND_CLASSES))))
    if "silent_mover" in traps:
        acts_as, looks = SILENT_MOVERS[rng.integers(len(SILENT_MOVERS))]
        castings.append(Casting(acts_as, is_silent=True, looks=looks))
    if "lookalike" in traps:
        castings.append(Casting(lead, is_silent=True, is_twin=True))
    return castings


def windows(
    rng: np.random.Generator, castings: Sequence[Casting], duration_s: float, traps: Sequence[Trap]
) -> list[tuple[float, float]]:
    """When each may act: the silent at any time; two sounds take turns, or share the time where neither lasts.

    In an overlap the second sound begins before the lead and ends after it.
    """
    whole = (FIRST_S, duration_s - LAST_S)
    spans = [whole] * len(castings)
    sounding = [casting.acts_as for casting in castings if not casting.is_silent]
    if "overlap" in traps:
        spans[1] = (whole[0] + rng.uniform(0, 0.6), whole[1] - rng.uniform(0, 0.6))
        spans[0] = (spans[1][0] + rng.uniform(0.6, 1.5), spans[1][1] - rng.uniform(0.5, 1.2))
    elif len(sounding) == 2:
        share_time = rng.random() < 0.4 and not set(sounding) & set(LASTING)
        if not share_time:
            cut_s = duration_s * rng.uniform(0.42, 0.58)
            turns = [(whole[0], cut_s - 0.15), (cut_s + 0.15, whole[1])]
            spans[:2] = turns if rng.random() < 0.5 else turns[::-1]
    elif sounding[0] in LASTING:
        length_s = rng.uniform(0.45, 0.85) * duration_s
        start_s = rng.uniform(whole[0], whole[1] - length_s)
        spans[0] = (start_s, start_s + length_s)
    return spans
