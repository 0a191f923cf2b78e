"""The `correspondence` attributor: which visible thing makes which heard event, by agreement in time, place and activity.

It knows no classes: a bell and its ringing belong together because they go together. Every cue is weighed against chance
(`moments`, `activity`, `stereo`), all of them add up to a belief about all sounds at once (`belief`), and what stays in doubt
is called unclear. Left out: what things usually sound like, which only a model can know.
"""

from collections.abc import Sequence

import numpy as np

from annotators.base import Annotator, Resources
from annotators.objects.activity import activity, changes, is_active
from annotators.objects.belief import Likelihoods, beliefs
from annotators.objects.cues import Cues, cues
from annotators.objects.identity import find_things
from annotators.objects.params import CorrespondenceParams
from annotators.objects.roles import AttributionRequest, Attributions
from annotators.objects.sounds import MadeSound, made_sounds
from annotators.objects.stereo import MIXES, positions, support_of_thing, support_of_unseen, support_of_untracked
from annotators.objects.telling import attributed, found_object
from annotators.objects.things import Floats, Thing
from schemas.evidence import SoundEvent

Pairs = list[list[Cues]]  # by sound, then by thing


class Correspondence(Annotator[AttributionRequest, Attributions]):
    """Needs no weights. Never rejects: what it cannot tell is unclear."""

    Params = CorrespondenceParams
    version = 1
    resources = Resources(cpus=1.0, memory_gb=0.5)
    params: CorrespondenceParams

    @property
    def model(self) -> str:
        return f"correspondence@{self.version}"

    def annotate(self, batch: Sequence[AttributionRequest]) -> Sequence[Attributions]:
        return [self._attribute(request) for request in batch]

    def _attribute(self, request: AttributionRequest) -> Attributions:
        times_s, things = self._look(request)
        sounds = made_sounds(request.heard)
        pairs = [[cues(sound, thing, times_s, self.params.coincidence_s) for thing in things] for sound in sounds]
        belief = beliefs(
            likelihoods(sounds, things, pairs, request.heard, request.width_px or 1),
            self._priors(things),
            len(things),
            self.params.second_kind,
        )
        told = {
            event.event_id: attributed(event, chances, own, self.params)
            for sound, chances, own in zip(sounds, belief, pairs, strict=True)
            for event in sound.events
        }
        size_px = request.width_px or 1, request.height_px or 1
        return Attributions(
            [
                found_object(number, thing, float(belief[:, number].max(initial=0.0)), size_px, self.params)
                for number, thing in enumerate(things)
            ],
            [told[event.event_id] for event in request.heard],
        )

    def _look(self, request: AttributionRequest) -> tuple[Floats, list[Thing]]:
        """The clock of the pictures (T,), and the things in them. A clip without tracks costs no decoding."""
        if not request.tracks or not request.width_px:
            return np.zeros(0), []
        frames = request.media.frames(self.params.fps, self.params.max_side_px)
        changed = changes(frames)
        busy = {track.track_id: is_active(activity(changed, frames, track), self.params.fps) for track in request.tracks}
        return frames.times_s, find_things(request.tracks, request.seen, busy, request.width_px)

    def _priors(self, things: Sequence[Thing]) -> Floats:
        """Things first: what is large and long in sight is likelier a thing of its own than what is small and brief. Then the
        maker that is out of sight, and the one in the picture that was not followed."""
        weights = np.array([thing.presence for thing in things]) ** self.params.presence_power
        left = 1 - self.params.off_screen_prior - self.params.unfollowed_prior
        return np.array([*(left * weights / weights.sum()), self.params.off_screen_prior, self.params.unfollowed_prior])


def likelihoods(
    sounds: Sequence[MadeSound], things: Sequence[Thing], pairs: Pairs, heard: Sequence[SoundEvent], width_px: int
) -> Likelihoods:
    """How well each maker explains each sound under each way of mixing: all things, out of sight, not followed."""
    apart = np.array([[own.support(sound) for own in row] for sound, row in zip(sounds, pairs, strict=True)])
    placed = np.zeros((len(MIXES), len(sounds), len(things) + 2))
    for at, sound in enumerate(sounds):
        found = positions(sound, heard)
        for mixing, mix in enumerate(MIXES):
            placed[mixing, at] = [
                *(support_of_thing(found, thing, width_px, mix) for thing in things),
                support_of_unseen(found, mix),
                support_of_untracked(found, mix),
            ]
    placed[:, :, : len(things)] += apart.reshape(len(sounds), len(things))
    differ = np.array([[one.kind != other.kind for other in sounds] for one in sounds], np.bool_)
    return Likelihoods(np.array([mix.prior for mix in MIXES]), placed, differ.reshape(len(sounds), len(sounds)))
