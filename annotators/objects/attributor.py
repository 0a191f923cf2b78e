"""The `correspondence` attributor: which visible thing makes which heard event, by agreement in time, place and activity.

It knows no classes: a bell and its ringing belong together because they go together. Every cue is weighed against chance
(`moments`, `activity`, `stereo`), all of them add up to a belief about all sounds at once (`belief`), and what stays in doubt
is called unclear. Left out: what things usually sound like, which only a model can know.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotators.base import Annotator, Resources
from annotators.objects.activity import activity, changes, is_active
from annotators.objects.belief import Likelihoods, beliefs
from annotators.objects.cues import Cues, Sight, cues
from annotators.objects.identity import find_things
from annotators.objects.params import CorrespondenceParams
from annotators.objects.roles import AttributionRequest, Attributions
from annotators.objects.sounds import MadeSound, made_sounds
from annotators.objects.stereo import MIXES, Positions, positions, support_of_thing, support_of_unfollowed, support_of_unseen
from annotators.objects.telling import attributed, found_object
from annotators.objects.things import Floats, Thing


@dataclass(frozen=True, eq=False)
class Believed:
    """Of S sounds and T things. `cues`: by sound, then by thing; `priors`: (T + 2,) and `chances`: (S, T + 2), probabilities of
    each thing, of something out of sight, and of something not followed, before and after the evidence."""

    sounds: Sequence[MadeSound]
    things: Sequence[Thing]
    cues: Sequence[Sequence[Cues]]
    priors: Floats
    chances: Floats


class Correspondence(Annotator[AttributionRequest, Attributions]):
    """Needs no weights. Never rejects: what it cannot tell is unclear."""

    Params = CorrespondenceParams
    version = 2
    resources = Resources(cpus=1.0, memory_gb=0.5)
    params: CorrespondenceParams

    @property
    def model(self) -> str:
        return f"correspondence@{self.version}"

    def annotate(self, batch: Sequence[AttributionRequest]) -> Sequence[Attributions]:
        return [self._attribute(request) for request in batch]

    def _attribute(self, request: AttributionRequest) -> Attributions:
        believed = self.believe(request)
        told = {
            event.event_id: attributed(event, chances, own, self.params)
            for sound, chances, own in zip(believed.sounds, believed.chances, believed.cues, strict=True)
            for event in sound.events
        }
        size_px = request.width_px or 1, request.height_px or 1
        objects = [
            found_object(
                number, thing, float(believed.priors[number]), float(believed.chances[:, number].max(initial=0.0)), size_px,
                self.params,
            )
            for number, thing in enumerate(believed.things)
        ]  # fmt: skip
        return Attributions(objects, [told[event.event_id] for event in request.heard])

    def believe(self, request: AttributionRequest) -> Believed:
        """What is to be believed of every sound and every thing; also for a witness with a hearing of its own."""
        sight, things = self._look(request)
        sounds = made_sounds(request.heard)
        heard_at = [positions(sound, request.heard) for sound in sounds]
        pairs = [
            [cues(sound, thing, at, sight, self.params.coincidence_s) for thing in things]
            for sound, at in zip(sounds, heard_at, strict=True)
        ]
        found = likelihoods(sounds, things, heard_at, pairs, sight.width_px)
        priors = self._priors(things)
        return Believed(sounds, things, pairs, priors, beliefs(found, priors, len(things), self.params.second_kind))

    def _look(self, request: AttributionRequest) -> tuple[Sight, list[Thing]]:
        """The things in the pictures. A clip without tracks costs no decoding."""
        fps, width_px = self.params.fps, request.width_px or 1
        tracks = [track for track in request.tracks if track.boxes]
        if not tracks:
            return Sight(np.zeros(0), fps, width_px), []
        frames = request.media.frames(fps, self.params.max_side_px)
        changed = changes(frames)
        busy = {track.track_id: is_active(activity(changed, frames, track), fps) for track in tracks}
        return Sight(frames.times_s, fps, width_px), find_things(tracks, request.seen, busy, width_px)

    def _priors(self, things: Sequence[Thing]) -> Floats:
        """Things first: what is large and long in sight is likelier a thing of its own than what is small and brief. Then the
        maker that is out of sight, and the one in the picture that was not followed."""
        weights = np.array([thing.presence for thing in things]) ** self.params.presence_power
        left = 1 - self.params.off_screen_prior - self.params.unfollowed_prior
        return np.array([*(left * weights / weights.sum()), self.params.off_screen_prior, self.params.unfollowed_prior])


def likelihoods(
    sounds: Sequence[MadeSound],
    things: Sequence[Thing],
    heard_at: Sequence[Positions],
    pairs: Sequence[Sequence[Cues]],
    width_px: int,
) -> Likelihoods:
    """How well each maker explains each sound under each way of mixing: every thing, out of sight, not followed."""
    logs = np.zeros((len(MIXES), len(sounds), len(things) + 2))
    for number, (sound, at, row) in enumerate(zip(sounds, heard_at, pairs, strict=True)):
        apart = [own.support(sound) for own in row]
        for mixing, mix in enumerate(MIXES):
            placed = [support_of_thing(at, thing, width_px, mix) for thing in things]
            logs[mixing, number, : len(things)] = np.add(apart, placed)
            logs[mixing, number, len(things) :] = support_of_unseen(at, mix), support_of_unfollowed(at, mix)
    kinds = np.array([sound.kind for sound in sounds])
    return Likelihoods(np.array([mix.prior for mix in MIXES]), logs, kinds[:, None] != kinds[None, :])
