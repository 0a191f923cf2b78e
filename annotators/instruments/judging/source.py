"""Claims about which visible thing makes a sound.

Every sound of the clip, as the verifier hears it, is weighed against every visible thing at once, in time, in place and in
activity (`annotators.objects`): what is another thing's cannot be this one's, and what fits nothing seen came from elsewhere. A
claim is supported where this makes it probable and the evidence, not the picture alone, speaks for it; refuted where it makes
it improbable and the evidence speaks against it. Loudness that follows size was left out: two smooth curves agree too easily.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log

from annotators.findings import as_evidence, number, refuted, supported, unverifiable
from annotators.instruments.judging.ear import Ear, kind_of
from annotators.media import Media
from annotators.objects.attributor import Believed, Correspondence
from annotators.objects.cues import MARGIN_S
from annotators.objects.roles import AttributionRequest
from annotators.objects.things import seen_spans
from schemas.evidence import HeardEvent, SeenEvent, SoundEvent, Track
from schemas.reasoning import Judged, Stated
from schemas.vocabulary import ANY_SOUND

_LEAST_SIGHT_FRAC = 1 / 3  # of the sounds that a track is said to make


@dataclass(frozen=True, eq=False)
class Eye:
    """What was seen: tracks and motion events, how wide the picture is, and the clip itself to look at again.

    Without a clip, or without a picture, it sees nothing.
    """

    tracks: Sequence[Track]
    seen: Sequence[SeenEvent]
    width_px: int | None
    media: Media | None = None
    _beliefs: dict[Ear, Believed] = field(default_factory=dict, init=False, repr=False)

    @property
    def sees(self) -> bool:
        return self.width_px is not None and self.media is not None and self.media.has_video

    def believed(self, ear: Ear) -> Believed:
        """What is to be believed of every sound that `ear` hears. Weighed once, pictures are decoded for the first claim."""
        assert self.media is not None
        if ear not in self._beliefs:
            clip_id = self.media.clip_id
            heard = [
                SoundEvent(**event.model_dump(), clip_id=clip_id, model="", event_id=_event_id(number))
                for number, event in enumerate(ear.events)
            ]
            request = AttributionRequest(self.media, heard, self.tracks, self.seen, self.width_px, height_px=None)
            self._beliefs[ear] = Correspondence(ear.params.correspondence).believe(request)
        return self._beliefs[ear]


def judge_source(claim: Stated, ear: Ear, eye: Eye) -> Judged:
    """Whether the track `object` makes the `subject` within the span."""
    if claim.subject is None or claim.object is None:
        return unverifiable("a source claim needs a subject and a track")
    if not eye.sees or all(track.track_id != claim.object for track in eye.tracks):
        return unverifiable(f"no track {claim.object!r} is known")
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    if ear.is_silent(start_s, end_s):
        return refuted(f"nothing sounds from {start_s:.1f} s to {end_s:.1f} s", confidence=0.95)
    if kind_of(claim.subject) is None and claim.subject != ANY_SOUND:
        return unverifiable(f"a measurement cannot tell which sounds are {claim.subject!r}")
    sure, maybe = (
        ear.within(events, start_s, end_s, ear.params.onset_s)
        for events in (ear.sure(claim.subject), ear.possible(claim.subject))
    )
    if not sure and not maybe:
        return unverifiable(f"{claim.subject} is not heard clearly from {start_s:.1f} s to {end_s:.1f} s")
    return _weighed(claim.object, claim.subject, [*sure, *maybe], bool(sure), ear, eye)


def _weighed(track_id: str, subject: str, events: Sequence[HeardEvent], is_sure: bool, ear: Ear, eye: Eye) -> Judged:
    """The verdict by the likeliest of the sounds that are or may be the subject's: to make the hits is to make some of them.

    `is_sure`: whether any of them surely is; else the claim can only be refuted.
    """
    believed, p = eye.believed(ear), ear.params
    named = {_event_id(number) for number, event in enumerate(ear.events) if event in events}
    sounds = [at for at, sound in enumerate(believed.sounds) if any(event.event_id in named for event in sound.events)]
    thing = next(
        (at for at, one in enumerate(believed.things) if any(track.track_id == track_id for track in one.tracks)), None
    )
    if thing is None:
        return unverifiable(f"{track_id} is seen nowhere", as_evidence(events))
    best = max(sounds, key=lambda at: float(believed.chances[at, thing]))
    chance, prior = float(believed.chances[best, thing]), float(believed.priors[thing])
    ratio = _odds(chance) / _odds(prior)
    cues = believed.cues[best][thing]
    evidence = [number("probability", chance, "1"), number("prior", prior, "1"), *cues.evidence()]
    said = f"it is {chance:.0%} probable that {track_id} makes the {subject}, {prior:.0%} before the evidence"
    # what a mix does not place is in the centre, as are many things: that alone is no evidence
    is_placed = any(_reach(event) > p.side_pan for event in believed.sounds[best].events)
    has_evidence = ratio >= p.source_evidence and (is_placed or cues.support(believed.sounds[best]) >= log(p.source_evidence))
    if is_sure and has_evidence and chance >= p.source_support_at:
        if _sight_frac(track_id, believed.sounds[best].events, eye) < _LEAST_SIGHT_FRAC:
            return unverifiable(f"{track_id} is hardly in sight while {subject} sounds", evidence)
        return supported(said, evidence, (chance - p.source_support_at) / (1 - p.source_support_at))
    if cues.visible_frac == 0:
        return unverifiable(f"{track_id} is not in sight while {subject} sounds", evidence)
    if chance <= p.source_refute_at and ratio <= 1 / p.source_evidence:
        return refuted(said, evidence, 1 - chance / p.source_refute_at)
    return unverifiable(f"{said}: no proof either way", evidence)


def _sight_frac(track_id: str, events: Sequence[SoundEvent], eye: Eye) -> float:
    """Share of the events during which the track itself is seen, not only another of what is taken for the same thing."""
    spans = [span for track in eye.tracks if track.track_id == track_id for span in seen_spans(track)]
    seen = [
        any(start_s - MARGIN_S <= event.end_s and event.start_s <= end_s + MARGIN_S for start_s, end_s in spans)
        for event in events
    ]
    return sum(seen) / len(seen)


def _reach(event: HeardEvent) -> float:
    """How far from the centre an event gets, 0 .. 1; 0 in mono."""
    way = (event.pan_slope_per_s or 0.0) * (event.end_s - event.start_s) / 2
    return abs(event.pan or 0.0) + abs(way)


def _event_id(number: int) -> str:
    return f"s{number:03d}"


def _odds(probability: float) -> float:
    return probability / max(1 - probability, 1e-12)
