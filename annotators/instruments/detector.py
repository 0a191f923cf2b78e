"""The `instruments` event detector: sound events and measurements of any clip, by signal processing alone."""

from collections.abc import Sequence

from annotators.base import Annotator, Resources
from annotators.instruments.listening import listen
from annotators.instruments.measurements import measure
from annotators.instruments.params import InstrumentParams
from annotators.media import Media
from annotators.roles import Hearing
from schemas.errors import Rejected

LEAST_DURATION_S = 0.1


class EventDetector(Annotator[Media, Hearing]):
    """Hears hits, rings, rolls, tones, sweeps, chirps and noises, and measures the clip as a whole."""

    Params = InstrumentParams
    version = 1
    resources = Resources(cpus=1.0, memory_gb=0.5)
    params: InstrumentParams

    @property
    def model(self) -> str:
        return f"instruments@{self.version}"

    def annotate(self, batch: Sequence[Media]) -> Sequence[Hearing | Rejected]:
        return [self._hear(media) for media in batch]

    def _hear(self, media: Media) -> Hearing | Rejected:
        sound = media.sound()
        if sound.duration_s < LEAST_DURATION_S:
            return Rejected("too_short", f"instruments need {LEAST_DURATION_S} s of sound, got {sound.duration_s:.3f} s")
        heard = listen(media, self.params)
        return Hearing(heard.events, measure(heard.analysis, heard.events))
