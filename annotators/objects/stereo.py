"""Stereo: how much a sound's position in the stereo picture speaks for its coming from where a thing is.

How a mix places its sounds is not known beforehand: it may not place them at all, or spread them over the width of the
picture more or less widely (`Mix.width`: the position of what is seen at the picture's edge). Every possibility is kept and
weighed by how well it fits the whole clip. A sound that no visible thing makes may be anywhere; in a mix that places its sounds
it is most likely beyond the picture's edge, where nothing can be seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotators.likeness import SUSTAINED
from annotators.objects.sounds import MadeSound
from annotators.objects.things import Floats, Thing
from schemas.evidence import SoundEvent

PAN_SPREAD = 0.05  # how far a measured position of a clear sound is off
UNPLACED_SPREAD = 0.15  # around the centre, of sounds in a mix that does not place them
MISSED_FRAC = 0.05  # of positions that are wrong altogether
CROWDED_FRAC = 0.25  # the same, where a lasting sound lies over more than CROWDED_SHARE of an event
CROWDED_SHARE = 0.3
WITHIN_FRAC = 0.4  # of a thing's width: the spread of where on it a sound begins
BEYOND_FRAC = 0.7  # of the sounds of things out of sight, in a mix that places them: those beyond the edge
MOST_POINTS = 4  # positions of one sound depend on each other: many count as so many


@dataclass(frozen=True)
class Mix:
    """One way of placing sounds. `width`: stereo position of the picture's right edge, 0 for a mix that places nothing."""

    width: float
    prior: float


MIXES = (Mix(0.0, 0.4), *(Mix(width, 0.1) for width in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)))


@dataclass(frozen=True)
class Positions:
    """Stereo positions (n,) of a sound at times (n,), with the share of them that may be wrong. Empty in mono."""

    times_s: Floats
    pans: Floats
    missed_frac: float


def positions(sound: MadeSound, heard: Sequence[SoundEvent]) -> Positions:
    """Where a sound is: hits at their onsets, lasting events at a quarter and three quarters of their span."""
    times_s: list[float] = []
    pans: list[float] = []
    placed = [event for event in sound.events if event.pan is not None]
    for event in placed:
        quarter_s = (event.end_s - event.start_s) / 4 if sound.is_sustained else 0.0
        middle_s = event.start_s + 2 * quarter_s
        for offset_s in (-quarter_s, quarter_s) if sound.is_sustained else (0.0,):
            times_s.append(middle_s + offset_s)
            pans.append((event.pan or 0.0) + (event.pan_slope_per_s or 0.0) * offset_s)
    is_crowded = any(_is_crowded(event, heard) for event in placed)
    return Positions(np.array(times_s), np.clip(pans, -1, 1), CROWDED_FRAC if is_crowded else MISSED_FRAC)


def _is_crowded(event: SoundEvent, heard: Sequence[SoundEvent]) -> bool:
    """Whether a lasting event lies over much of it, whose place is mixed into its own."""
    others = (other for other in heard if other.event_id != event.event_id and other.kind in SUSTAINED)
    shared = (min(event.end_s, other.end_s) - max(event.start_s, other.start_s) for other in others)
    return max(shared, default=0.0) > CROWDED_SHARE * (event.end_s - event.start_s)


def support_of_thing(found: Positions, thing: Thing, width_px: int, mix: Mix) -> float:
    """Log density of the positions if the thing makes the sound."""
    if not len(found.pans):
        return 0.0
    if mix.width == 0.0:
        return _unplaced(found)
    boxes = thing.boxes_at(found.times_s)
    spread = np.hypot(PAN_SPREAD, WITHIN_FRAC * mix.width * 2 * (boxes[:, 2] - boxes[:, 0]) / width_px)
    return _tempered(found, _normal(found.pans, mix.width * thing.places(found.times_s, width_px), spread))


def support_of_unfollowed(found: Positions, mix: Mix) -> float:
    """Log density of the positions if something makes the sound that is in the picture but was not followed."""
    if not len(found.pans):
        return 0.0
    if mix.width == 0.0:
        return _unplaced(found)
    return _tempered(found, np.where(np.abs(found.pans) <= mix.width, 0.5 / mix.width, 0.0))


def support_of_unseen(found: Positions, mix: Mix) -> float:
    """Log density of the positions if something out of sight makes the sound."""
    if not len(found.pans):
        return 0.0
    if mix.width == 0.0:
        return _unplaced(found)
    beyond = max(1 - mix.width, 3 * PAN_SPREAD)  # a mix as wide as the picture crowds them at its edge
    is_beyond = np.abs(found.pans) >= 1 - beyond
    return _tempered(found, np.where(is_beyond, BEYOND_FRAC / (2 * beyond), 0.0) + (1 - BEYOND_FRAC) / 2)


def _unplaced(found: Positions) -> float:
    return _tempered(found, _normal(found.pans, np.zeros_like(found.pans), np.full_like(found.pans, UNPLACED_SPREAD)))


def _tempered(found: Positions, density: Floats) -> float:
    mixed = (1 - found.missed_frac) * density + found.missed_frac / 2
    return float(np.log(mixed).mean() * min(len(mixed), MOST_POINTS))


def _normal(values: Floats, means: Floats, spreads: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * ((values - means) / spreads) ** 2) / (spreads * np.sqrt(2 * np.pi)))
