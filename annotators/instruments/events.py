"""The events of a clip: hits, rolls, voices and noises put together, named, and measured.

Names follow schemas.vocabulary: they say how a sound behaves. What makes it is nobody's business here.
"""

import numpy as np

from annotators.instruments.analysis import Analysis
from annotators.instruments.kinds import name_strike, name_voice
from annotators.instruments.noises import Noise, find_noises, noise_pan
from annotators.instruments.partials import Partial
from annotators.instruments.stereo import Pan
from annotators.instruments.strikes import Strike, find_strikes, rolls_and_singles
from annotators.instruments.voices import Voice, find_voices
from schemas.evidence import HeardEvent
from schemas.vocabulary import SoundKind

_STROKES_DB = 1.0
_BREATH_DB = 9.0
_BREATH_HISS_DB = 20.0


def find_events(analysis: Analysis) -> tuple[HeardEvent, ...]:
    """All events in order of onset."""
    strikes = find_strikes(analysis)
    rolls, singles = rolls_and_singles(strikes, analysis.params.least_hits_of_a_roll)
    roll_spans = [(roll[0].onset.time_s, roll[-1].end_s) for roll in rolls]
    voices = find_voices(_unclaimed(analysis, strikes, roll_spans), analysis.params.least_voice_s)
    noises = [noise for noise in find_noises(analysis, roll_spans) if not _is_breath(noise, voices)]
    events = [_roll_event(analysis, roll) for roll in rolls]
    events += [_strike_event(analysis, strike) for strike in singles]
    events += [_voice_event(analysis, voice) for voice in voices]
    events += [_noise_event(analysis, noise) for noise in noises]
    return tuple(sorted(events, key=lambda event: (event.onsets_s[0], event.kind)))


def _unclaimed(analysis: Analysis, strikes: list[Strike], roll_spans: list[tuple[float, float]]) -> list[Partial]:
    """Clear lines that no hit started and that are not the flickering ones of a roll."""
    claimed = {id(line) for strike in strikes for line in strike.lines}
    return [
        line
        for line in analysis.partials
        if line.is_clear
        and id(line) not in claimed
        and line.top_db > analysis.faintest_dbfs
        and line.median_hz >= analysis.params.lowest_pitch_hz
        and not any(_is_of_roll(line, start_s, end_s) for start_s, end_s in roll_spans)
        and not any(_is_afterglow(line, strike) for strike in strikes)
    ]


def _is_of_roll(line: Partial, start_s: float, end_s: float) -> bool:
    is_within = start_s - 0.1 < line.start_s and line.end_s < end_s + 0.4
    return is_within and (line.roughness_db > _STROKES_DB or line.duration_s < 0.3)


def _is_afterglow(line: Partial, strike: Strike) -> bool:
    """A line that shows late in the decay of a hit, or that takes up one of its ringing lines after an interruption."""
    since_s = line.start_s - strike.onset.time_s
    if -0.05 < since_s < 0.2 and line.slope_db_per_s < -60.0:
        return True
    return 0 < line.start_s < strike.end_s + 0.5 and any(
        ring.start_s < line.start_s and abs(line.median_hz / ring.median_hz - 1.0) < 0.02 and line.slope_db_per_s < -8.0
        for ring in strike.ringing
    )


def _is_breath(noise: Noise, voices: list[Voice]) -> bool:
    """Noise well under a voice, as long as it is and without a hiss, is part of that voice: the exhaust of an engine."""
    for voice in voices:
        shared = min(noise.end_s, voice.end_s) - max(noise.start_s, voice.start_s)
        whole = max(noise.end_s, voice.end_s) - min(noise.start_s, voice.start_s)
        is_faint = noise.level_db < voice.level_db - _BREATH_DB and noise.hiss_db < voice.level_db - _BREATH_HISS_DB
        if shared > 0.6 * whole and is_faint:
            return True
    return False


def _event(
    analysis: Analysis, kind: SoundKind, kind_score: float, start_s: float, end_s: float, *,
    onsets_s: list[float] | None = None, pitch_hz: tuple[float, float, float] | None = None,
    repetition_hz: float | None = None, snr_db: float | None = None, pan: Pan | None = None,
) -> HeardEvent:  # fmt: skip
    """The event with all that the analysis says about its span. `pitch_hz`: median, start, end."""
    pan = pan or analysis.pan(start_s, end_s)
    return HeardEvent(
        start_s=start_s,
        end_s=end_s,
        kind=kind,
        kind_score=float(np.clip(kind_score, 0.0, 1.0)),
        onsets_s=onsets_s or [start_s],
        peak_dbfs=analysis.peak_dbfs(start_s, end_s),
        loudness_lufs=analysis.loudness_lufs(start_s, end_s),
        loudness_slope_db_per_s=analysis.loudness_slope_db_per_s(start_s, end_s),
        pitch_hz=pitch_hz[0] if pitch_hz else None,
        pitch_start_hz=pitch_hz[1] if pitch_hz else None,
        pitch_end_hz=pitch_hz[2] if pitch_hz else None,
        harmonicity=analysis.harmonicity(start_s, end_s),
        centroid_hz=analysis.centroid_hz(start_s, end_s),
        flatness=analysis.flatness(start_s, end_s),
        pan=pan.mean if pan else None,
        pan_slope_per_s=pan.slope_per_s if pan else None,
        repetition_hz=repetition_hz,
        snr_db=analysis.energy_over_floor_db(start_s, end_s) if snr_db is None else snr_db,
    )


def _strike_event(analysis: Analysis, strike: Strike) -> HeardEvent:
    kind, score = name_strike(strike)
    onset_s = strike.onset.time_s
    freq_hz = strike.ringing[0].median_hz if strike.ringing else None
    return _event(
        analysis, kind, score, onset_s, max(strike.end_s, onset_s + 0.02),
        pitch_hz=(freq_hz, freq_hz, freq_hz) if freq_hz else None,
        pan=analysis.pan_of_lines(strike.ringing) if strike.ringing else analysis.pan(onset_s, onset_s + 0.06),
    )  # fmt: skip


def _roll_event(analysis: Analysis, roll: list[Strike]) -> HeardEvent:
    onsets_s = [strike.onset.time_s for strike in roll]
    gaps = np.diff(onsets_s)
    return _event(
        analysis, "roll", 1.0 - float(np.std(gaps) / np.mean(gaps)), onsets_s[0], max(roll[-1].end_s, onsets_s[-1] + 0.02),
        onsets_s=onsets_s, repetition_hz=float(1.0 / np.median(gaps)),
    )  # fmt: skip


def _voice_event(analysis: Analysis, voice: Voice) -> HeardEvent:
    kind, score = name_voice(voice, analysis.params)
    freqs_hz = voice.pitch_hz
    edge = max(1, min(5, len(freqs_hz) // 6))
    pitch_hz = float(np.median(freqs_hz)), float(np.median(freqs_hz[:edge])), float(np.median(freqs_hz[-edge:]))
    start_s, end_s = max(0.0, voice.start_s), min(voice.end_s, analysis.duration_s)
    return _event(analysis, kind, score, start_s, end_s, pitch_hz=pitch_hz, pan=analysis.pan_of_lines(voice.lines))


def _noise_event(analysis: Analysis, noise: Noise) -> HeardEvent:
    score = 0.5 + 0.5 * analysis.flatness(noise.start_s, noise.end_s)
    snr_db, pan = max(noise.over_quiet_db, 0.0), noise_pan(analysis, noise)
    return _event(analysis, "noise", score, noise.start_s, noise.end_s, snr_db=snr_db, pan=pan)
