"""Cues: what a sound and a thing have to do with each other, but for place: one log likelihood, and evidence to show."""

from dataclasses import dataclass

import numpy as np

from annotators.findings import number
from annotators.objects.activity import Agreement, agreement, is_on
from annotators.objects.moments import Striking, striking
from annotators.objects.sounds import MadeSound
from annotators.objects.stereo import Positions
from annotators.objects.things import Floats, Thing
from schemas.reasoning import Evidence
from schemas.row import Span

MARGIN_S = 0.3  # a thing that is found only once it moves was there before
NEAR_S = 0.5  # a maker of hits is busy about them
LEAST_VISIBLE = 0.05  # share of a sound that may well be of a thing that is not in sight then
MOST_LASTING, MOST_STRUCK = 4.0, 2.0  # what activity may say for a sound that lasts, and for hits, which moments tell better


@dataclass(frozen=True)
class Sight:
    """How the clip was looked at: the clock of `Thing.busy`, (T,) at `fps`, and the width of the stored picture."""

    times_s: Floats
    fps: float
    width_px: int


@dataclass(frozen=True)
class Cues:
    """What speaks for and against one thing making one sound, place left aside."""

    visible_frac: float  # of the sound, at its onsets and through its spans
    striking: Striking | None  # for hits
    agreement: Agreement
    pan: float | None  # mean stereo position of the sound; None in mono
    place: float  # where the thing is at the same times, on the same scale

    def support(self, sound: MadeSound) -> float:
        """Log of how many times likelier all this is if the thing makes the sound."""
        most = MOST_LASTING if sound.is_sustained else MOST_STRUCK
        moments = self.striking.support if self.striking else 0.0
        return float(np.log(max(self.visible_frac, LEAST_VISIBLE)) + moments + min(self.agreement.support, most))

    def evidence(self) -> list[Evidence]:
        """The numbers, for people and for those who check."""
        numbers = [
            number("visible_frac", round(self.visible_frac, 3), "1"),
            number("active_while_on_frac", round(self.agreement.active_on_frac, 3), "1"),
            number("active_while_off_frac", round(self.agreement.active_off_frac, 3), "1"),
            number("activity_support", round(self.agreement.support, 2), "nat"),
        ]
        if self.pan is not None:
            numbers += [number("pan", round(self.pan, 3), "pan"), number("place", round(self.place, 3), "pan")]
        if self.striking and self.striking.num_moves:
            numbers += [
                number("onsets", self.striking.num_onsets, "1"),
                number("onsets_on_moves", self.striking.num_matched, "1"),
                number("moves_delay_s", round(self.striking.lag_s, 3), "s"),
                number("onsets_on_moves_chance_frac", round(self.striking.chance_frac, 3), "1"),
            ]
        return numbers


def cues(sound: MadeSound, thing: Thing, heard_at: Positions, sight: Sight, tolerance_s: float) -> Cues:
    """Everything that is measured about one pair. `heard_at`: where the sound is."""
    starts_s = np.array([event.start_s for event in sound.events])
    if sound.is_sustained:
        ends_s = np.array([event.end_s for event in sound.events])
        probes_s, spans = np.linspace(starts_s, ends_s, 7).ravel(), sound.spans
    else:
        probes_s, spans = starts_s, [Span(start_s=at - NEAR_S, end_s=at + NEAR_S) for at in starts_s.tolist()]
    in_sight = [
        onset for onset, is_seen in zip(starts_s.tolist(), thing.is_visible(starts_s, MARGIN_S), strict=True) if is_seen
    ]
    return Cues(
        visible_frac=float(thing.is_visible(probes_s, MARGIN_S).mean()),
        striking=striking(thing.moments_s("impact", "stop"), in_sight, tolerance_s) if sound.is_struck else None,
        agreement=agreement(thing.busy, is_on(spans, sight.times_s), sight.fps, not sound.is_sustained),
        pan=float(heard_at.pans.mean()) if len(heard_at.pans) else None,
        place=float(thing.places(heard_at.times_s if len(heard_at.pans) else starts_s, sight.width_px).mean()),
    )
