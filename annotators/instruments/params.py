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
    onset_strength_db: float = Field(3.3, gt=0, description="mean rise over the bands that is the least for an onset")
    onset_over_noise: float = Field(
        6.25, gt=0, description="an onset's strength over what the fluctuation of its surroundings gives"
    )
    faint_onset_ratio: float = Field(
        0.7, gt=0, le=1, description="share of the threshold at which an onset is faint, not absent"
    )
    least_onset_gap_s: float = Field(0.03, gt=0, description="two onsets closer than this are one")
    dynamic_range_db: float = Field(40.0, gt=0, description="events lie within this of the loudest twentieth of the clip")
    quietest_dbfs: float = Field(-75.0, description="what is quieter is silence")
    least_fall_db: float = Field(4.0, gt=0, description="an onset whose energy falls this much within 60 ms is a hit")
    least_faint_fall_db: float = Field(9.0, gt=0, description="the same for an onset that barely stands out")
    clear_onset_ratio: float = Field(1.35, ge=1, description="an onset this far over its threshold needs no lines to be a hit")
    least_hits_of_a_roll: int = Field(4, ge=2, description="hits closer than 0.15 s that make a roll")
    least_voice_s: float = Field(0.06, gt=0, description="shortest pitched sound")
    longest_chirp_s: float = Field(0.35, gt=0, description="a pitched sound that glides and is no longer than this is a chirp")
    least_chirp_ratio: float = Field(1.06, gt=1, description="least glide of a chirp, highest over lowest pitch")
    least_sweep_ratio: float = Field(1.26, gt=1, description="least glide of a sweep: a third of an octave")
    loud_noise_dbfs: float = Field(-41.0, description="steady noise louder than this is an event even if it lasts all along")
    faint_noise_dbfs: float = Field(-58.0, description="noise quieter than this is never an event")
    noise_rise_db: float = Field(8.0, gt=0, description="noise this much over the quietest of the clip is an event")
    least_noise_s: float = Field(0.5, gt=0, description="shortest stretch of noise")
