"""Tolerances of the instrument verifier, each described; what lies between support and refutation is unverifiable."""

from pydantic import Field

from annotators.base import Params
from annotators.instruments.params import InstrumentParams
from annotators.objects.params import CorrespondenceParams


class VerifierParams(Params):
    """Tolerances within which a claim is supported; it is refuted beyond `refute_factor` times the tolerance."""

    instruments: InstrumentParams = Field(InstrumentParams(), description="how the sound is measured")
    min_kind_score: float = Field(0.5, ge=0, le=1, description="an event whose kind is less clear is doubtful")
    min_kind_score_in_noise: float = Field(0.75, ge=0, le=1, description="a hit within noise that is less clear is doubtful")
    min_snr_db: float = Field(6.0, description="an event that stands out less of its background is doubtful")
    clear_kind_score: float = Field(
        0.85, ge=0, le=1, description="from this clearness on, an event of a similar kind refutes the claimed kind"
    )
    onset_s: float = Field(0.15, gt=0, description="tolerance of the onset of hits and chirps")
    sustained_onset_s: float = Field(0.5, gt=0, description="tolerance of the onset of sustained sounds")
    order_margin_s: float = Field(0.1, gt=0, description="onsets closer than this have no order")
    least_break_s: float = Field(0.15, gt=0, description="a shorter break in a sustained sound may be none")
    least_overlap_s: float = Field(0.1, gt=0, description="two sounds that share less do not sound together")
    silence_over_floor_db: float = Field(
        6.0, gt=0, description="a span that rises less over the background, without events, is silent"
    )
    refute_factor: float = Field(1.6, ge=1, description="a number is refuted beyond this many tolerances")
    loudness_lu: float = Field(2.0, gt=0, description="tolerance of loudness")
    pitch_frac: float = Field(0.05, gt=0, description="tolerance of pitch, as a share of the claimed one")
    pan: float = Field(0.25, gt=0, description="tolerance of the stereo position")
    side_pan: float = Field(0.12, gt=0, description="a position beyond this is left or right, within half of it the centre")
    rate_frac: float = Field(0.10, gt=0, description="tolerance of a rate, as a share")
    duration_frac: float = Field(0.25, gt=0, description="tolerance of a duration, as a share")
    duration_s: float = Field(0.15, gt=0, description="tolerance of a duration, at least")
    brightness_frac: float = Field(0.20, gt=0, description="tolerance of the spectral centre, as a share")
    loudness_trend_lu: float = Field(
        3.0, gt=0, description="a change of loudness from this on is a trend, below half of it none"
    )
    pitch_trend_octaves: float = Field(
        0.12, gt=0, description="a change of pitch from this on is a trend, below half of it none"
    )
    pan_trend: float = Field(0.2, gt=0, description="a change of position from this on is a move, below half of it none")
    rate_trend_frac: float = Field(0.25, gt=0, description="a change of rate from this on is a trend, below half of it none")
    brightness_trend_octaves: float = Field(0.4, gt=0, description="a change of the spectral centre that is a trend")
    correspondence: CorrespondenceParams = Field(
        CorrespondenceParams(), description="how sounds are weighed against the things that are seen"
    )
    source_support_at: float = Field(0.8, gt=0.5, lt=1, description="a track this probable to make a sound may be its maker")
    source_refute_at: float = Field(
        0.05, gt=0, lt=0.5, description="a track this improbable to make a sound may not be its maker"
    )
    source_evidence: float = Field(
        3.0, gt=1, description="the evidence must change the odds of a maker by this factor, whatever they were before"
    )
