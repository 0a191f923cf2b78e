"""Every threshold of the instruments, shared by detector, captioner and verifier."""

from pydantic import Field

from annotators.base import Params


class InstrumentParams(Params):
    """Levels are dB re full scale as mean squares (a full-scale sine has -3.01 dB)."""

    lowest_band_hz: float = Field(90.0, gt=0, description="lower edge of the lowest band that onsets are looked for in")
    highest_band_hz: float = Field(16000.0, gt=0, description="upper edge of the highest band; the sample rate may lower it")
    bands_per_octave: int = Field(3, ge=1, le=12, description="resolution of the bands")
    lowest_pitch_hz: float = Field(45.0, gt=0, description="lowest fundamental that is looked for")
    highest_pitch_hz: float = Field(4500.0, gt=0, description="highest fundamental that is looked for")
    least_pitch_confidence: float = Field(0.5, ge=0, le=1, description="frames with a less certain pitch count as unpitched")
    onset_strength_db: float = Field(3.0, gt=0, description="mean rise over the bands that is the least for an onset")
    onset_over_noise: float = Field(
        2.5, gt=0, description="an onset's strength over what the fluctuation of its surroundings gives"
    )
    least_onset_gap_s: float = Field(0.03, gt=0, description="two onsets closer than this are one")
    quietest_dbfs: float = Field(-75.0, description="what is quieter is silence")
