"""Names for events by how they behave (schemas.vocabulary), and how clearly they are what they are called (0..1)."""

from annotators.instruments.params import InstrumentParams
from annotators.instruments.strikes import Strike
from annotators.instruments.voices import Voice
from schemas.vocabulary import SoundKind


def name_strike(strike: Strike) -> tuple[SoundKind, float]:
    """A ring where lines keep ringing, else an impact."""
    strength = min(1.0, strike.onset.over_noise / 4)
    if strike.ringing:
        return "ring", 0.5 * strength + 0.5 * min(1.0, strike.ringing[0].duration_s)
    return "impact", 0.5 * strength + 0.5 * min(1.0, strike.fall_db / 15)


def name_voice(voice: Voice, params: InstrumentParams) -> tuple[SoundKind, float]:
    """Short and gliding: a chirp. Gliding far: a sweep. Else a tone."""
    clearness = min(1.0, float(voice.lines[0].prominence_db.mean()) / 30)
    if voice.end_s - voice.start_s <= params.longest_chirp_s and voice.glide_ratio >= params.least_chirp_ratio:
        return "chirp", clearness
    if voice.glide_ratio >= params.least_sweep_ratio:
        return "sweep", clearness
    return "tone", clearness
