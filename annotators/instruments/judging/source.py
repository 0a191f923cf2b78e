"""Claims about which visible thing makes a sound.

Hits: the track's bounces must fall on the subject's onsets more often than chance explains, and no other track may do as
well on the same onsets. Sustained sounds: their stereo position must follow the track across the picture. Evidence against:
bounces and onsets that keep apart, onsets that are another track's, or a sound that clearly comes from the other side of
the picture. Loudness that follows size was left out: two smooth curves agree too easily.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotators.correspondence import Coincidence, Strikes, coincidence, following, position, strikes
from annotators.findings import as_evidence, number, refuted, supported, unverifiable
from annotators.instruments.judging.ear import Ear, kind_of
from annotators.instruments.judging.measures import pan_curve
from annotators.likeness import SUSTAINED
from schemas.evidence import HeardEvent, SeenEvent, Track
from schemas.reasoning import Evidence, Judged, Stated
from schemas.vocabulary import ANY_SOUND

_CLEARLY_ASIDE = 0.25
_LIVE_PAN = 0.3  # a stereo picture whose sounds reach this far to a side places them


@dataclass(frozen=True, eq=False)
class Eye:
    """What was seen: tracks and motion events, and how wide the picture is."""

    tracks: Sequence[Track]
    seen: Sequence[SeenEvent]
    width_px: int | None

    def track(self, track_id: str) -> Track | None:
        return next((track for track in self.tracks if track.track_id == track_id), None)

    def bounces_s(self, track_id: str) -> list[float]:
        return [event.time_s for event in self.seen if event.track_id == track_id and event.kind == "impact"]


def judge_source(claim: Stated, ear: Ear, eye: Eye) -> Judged:
    """Whether the track `object` makes the `subject` within the span."""
    if claim.subject is None or claim.object is None:
        return unverifiable("a source claim needs a subject and a track")
    track = eye.track(claim.object)
    if track is None or not eye.width_px:
        return unverifiable(f"no track {claim.object!r} is known")
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    if ear.is_silent(start_s, end_s):
        return refuted(f"nothing sounds from {start_s:.1f} s to {end_s:.1f} s", confidence=0.95)
    if kind_of(claim.subject) is None and claim.subject != ANY_SOUND:
        return unverifiable(f"a measurement cannot tell which sounds are {claim.subject!r}")
    events = ear.within(ear.sure(claim.subject), start_s, end_s, ear.params.onset_s)
    if not events:
        return unverifiable(f"{claim.subject} is not heard clearly from {start_s:.1f} s to {end_s:.1f} s")
    if elsewhere := _elsewhere(track, events, ear, eye.width_px):
        return elsewhere
    sustained = [event for event in events if event.kind in SUSTAINED]
    if len(sustained) == len(events):
        return _judge_sustained(track, max(sustained, key=lambda e: e.end_s - e.start_s), ear, eye)
    return _judge_hits(track, events, ear, eye)


def _judge_hits(track: Track, events: list[HeardEvent], ear: Ear, eye: Eye) -> Judged:
    """The track's bounces against the onsets that fall while it is seen, and against what the other tracks explain."""
    tolerance_s = ear.params.coincidence_s
    first_s, last_s = track.start_s - tolerance_s, track.end_s + tolerance_s
    onsets = [onset for event in events for onset in (event.onsets_s or [event.start_s]) if first_s <= onset <= last_s]
    if not onsets:
        return unverifiable(f"{track.track_id} is not in sight at the onsets", as_evidence(events))
    found = strikes(eye.bounces_s(track.track_id), onsets, tolerance_s, 0.0, ear.duration_s)
    with_any = strikes(eye.bounces_s(track.track_id), ear.onsets_s, tolerance_s, 0.0, ear.duration_s)
    rival = _best_rival(track, onsets, eye, ear)
    evidence = _strike_evidence(found)
    said = (
        f"{found.explained.num_matched} of {len(onsets)} onsets are at one of the {found.heard.num_moments} bounces "
        f"of {track.track_id}"
    )
    if found.p_chance <= ear.params.max_p_chance and found.explained.num_matched > rival.num_matched:
        return supported(f"{said}, by chance {found.explained.chance_frac:.0%} would be", evidence, 1 - 50 * found.p_chance)
    if found.contradicts(ear.params.max_p_maker) and with_any.heard.p_maker <= ear.params.max_p_maker:
        reason = f"{said}, and {with_any.heard.num_matched} of its bounces are heard at all"
        return refuted(reason, evidence, 1 - 5 * found.explained.p_maker)
    is_rivals = rival.is_mostly and rival.p_chance <= ear.params.max_p_chance
    if is_rivals and found.explained.matched_frac <= 0.25:
        return refuted(f"{said}, another track bounces at {rival.num_matched} of them", evidence, 0.7)
    return unverifiable(f"{said}: no proof either way", evidence)


def _best_rival(track: Track, onsets: Sequence[float], eye: Eye, ear: Ear) -> Coincidence:
    """What the other track that bounces at most of the onsets explains of them."""
    others = [eye.bounces_s(other.track_id) for other in eye.tracks if other.track_id != track.track_id]
    found = [coincidence(onsets, bounces, ear.params.coincidence_s, 0.0, ear.duration_s) for bounces in [[], *others]]
    return max(found, key=lambda other: other.num_matched)


def _judge_sustained(track: Track, event: HeardEvent, ear: Ear, eye: Eye) -> Judged:
    """The sound's stereo position against the place of this track, and of the others."""
    times_s, pan = pan_curve(event, ear)
    width_px = eye.width_px or 1
    own = following(pan, position(track, width_px, times_s))
    evidence = [
        number("pan_gap", min(own.gap, 2.0), "pan", event.start_s, event.end_s),
        number("pan_correlation", own.correlation, "1", event.start_s, event.end_s),
    ]
    rivals = [following(pan, position(other, width_px, times_s)) for other in eye.tracks if other is not track]
    has_rival = any(other.correlation >= 0.8 and other.gap <= own.gap + 0.1 for other in rivals)
    said = f"the sound's position and {track.track_id} correlate by {own.correlation:.2f}"
    moved = float(np.ptp(pan[np.isfinite(pan)])) if np.isfinite(pan).any() else 0.0
    if own.num_points < 5:
        return unverifiable(f"{track.track_id} is seen too shortly while {event.kind} sounds", evidence)
    if own.correlation >= 0.85 and own.gap <= 0.2 and moved >= 0.3 and own.travel >= 0.3 and not has_rival:
        return supported(f"{said}, {own.gap:.2f} apart", evidence, own.correlation - own.gap)
    if own.travel >= 0.5 and moved >= 0.3 and own.correlation <= -0.5:
        return refuted(f"{said}: the sound moves against it", evidence, 0.7)
    if own.travel >= 0.8 and moved <= 0.15 and _is_live(ear):
        return refuted(f"{track.track_id} moves across the picture while the sound stays in its place", evidence, 0.5)
    return unverifiable(f"{said}: no proof either way", evidence)


def _elsewhere(track: Track, events: list[HeardEvent], ear: Ear, width_px: int) -> Judged | None:
    """A refutation if the sounds clearly come from another place than where the track is; None otherwise."""
    placed = [(event.start_s, event.pan) for event in events if event.pan is not None and _is_alone(event, ear)]
    if not placed or not _is_live(ear):
        return None
    times_s, pan = np.array(placed).T
    there = position(track, width_px, times_s)
    is_seen = np.isfinite(there)
    if not is_seen.any():
        return None
    pan, there = pan[is_seen], there[is_seen]
    # mixes differ in how wide they spread their sounds: only what lies clearly on opposite sides is apart
    apart = (np.sign(pan) != np.sign(there)) & (np.minimum(np.abs(pan), np.abs(there)) >= _CLEARLY_ASIDE)
    if not apart.all():
        return None
    reason = f"the sound is at {np.median(pan):+.2f}, {track.track_id} at {np.median(there):+.2f}"
    return refuted(reason, as_evidence(events), 0.3 + 0.1 * int(apart.sum()))


def _is_alone(event: HeardEvent, ear: Ear) -> bool:
    """Whether no other event lies over much of it, whose place would be mixed into its own. Hits are placed by their attack."""
    if event.kind not in SUSTAINED:
        return True
    shared = (min(event.end_s, other.end_s) - max(event.start_s, other.start_s) for other in ear.events if other is not event)
    return max(shared, default=0.0) <= 0.3 * (event.end_s - event.start_s)


def _is_live(ear: Ear) -> bool:
    """Whether the stereo picture places sounds at all: mono and narrow recordings say nothing about place."""
    return any(abs(event.pan) >= _LIVE_PAN for event in ear.events if event.pan is not None)


def _strike_evidence(found: Strikes) -> list[Evidence]:
    return [
        number("bounces", found.heard.num_moments, "1"),
        number("bounces_on_onsets", found.heard.num_matched, "1"),
        number("onsets_on_bounces", found.explained.num_matched, "1"),
        number("p_chance", found.p_chance, "1"),
        number("p_maker", max(found.heard.p_maker, found.explained.p_maker), "1"),
    ]
