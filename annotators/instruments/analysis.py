"""One analysis of a clip's sound: all that can be measured about it.

`Analysis` is the only door to the instruments: what it offers over a span is what a claim can be checked against. Its parts
are computed on first use.

Which spans hold events is not decided here (see `events`), nor how long an analysis is kept (`listening`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from annotators.instruments.loudness import ABSOLUTE_GATE_LUFS, MOMENTARY_S, LoudnessCurve, loudness_curve
from annotators.instruments.onsets import Onset, find_onsets
from annotators.instruments.params import InstrumentParams
from annotators.instruments.partials import Partial, find_partials
from annotators.instruments.pitch import Pitch, PitchTrack, pitch_over, pitch_track, prominence_db
from annotators.instruments.spectra import SILENCE_POWER, Bands, Floats, Spectrogram, bands, decibels, spectrogram
from annotators.instruments.stereo import Pan, pan_of
from annotators.media import Sound

_LEAST_FRAMES_FOR_A_SLOPE = 3


@dataclass(frozen=True, eq=False)
class Analysis:
    """All that is measured about one sound. Spans are clipped to the sound; times are seconds, levels dB re full scale."""

    sound: Sound
    params: InstrumentParams

    @property
    def duration_s(self) -> float:
        return self.sound.duration_s

    @cached_property
    def quick(self) -> Spectrogram:
        """Spectra of 12 ms every 3 ms: they say when."""
        return spectrogram(self.sound.samples, self.sound.sample_rate_hz, 0.012, 0.003)

    @cached_property
    def long(self) -> Spectrogram:
        """Spectra of 93 ms every 20 ms: they say at which frequency."""
        return spectrogram(self.sound.samples, self.sound.sample_rate_hz, 0.093, 0.02)

    @cached_property
    def levels_dbfs(self) -> Floats:
        """Level of each 50 ms, over all frequencies."""
        power = self.quick.mean_power.sum(axis=1)
        edges = np.arange(0, len(power), max(1, round(0.05 / self.quick.hop_s)))
        return decibels(np.add.reduceat(power, edges) / np.diff([*edges, len(power)]))

    @cached_property
    def faintest_dbfs(self) -> float:
        """What is fainter than this beside the loudest twentieth of the clip, or at all, is no event."""
        loud = float(np.percentile(self.levels_dbfs, 95))
        return max(loud - self.params.dynamic_range_db, self.params.quietest_dbfs)

    @cached_property
    def middle(self) -> Spectrogram:
        """Spectra of 46 ms every 10 ms: a compromise, for lines that glide or decay."""
        return spectrogram(self.sound.samples, self.sound.sample_rate_hz, 0.046, 0.01)

    @cached_property
    def partials(self) -> list[Partial]:
        """Lines up to 8 kHz followed through the middle spectra."""
        return find_partials(self.middle, prominence_db(self.middle, 8000.0), self.params.quietest_dbfs - 10)

    @cached_property
    def bands(self) -> Bands:
        """Band energies of the quick spectra."""
        p = self.params
        return bands(self.quick, p.lowest_band_hz, p.highest_band_hz, p.bands_per_octave)

    @cached_property
    def floor_power(self) -> Floats:
        """The clip's steady background: power per band (bands,) that its 100 ms means exceed nine tenths of the time."""
        num = max(1, round(0.1 / self.bands.hop_s))
        whole = len(self.bands.times_s) // num * num
        power = self.bands.mean_power
        smooth = power[:whole].reshape(-1, num, power.shape[1]).mean(axis=1) if whole else power
        return np.percentile(smooth, 10, axis=0).astype(np.float32)

    @cached_property
    def loudness(self) -> LoudnessCurve:
        return loudness_curve(self.sound)

    @property
    def integrated_lufs(self) -> float | None:
        """Gated loudness of the clip; None when too short or too quiet for the gate."""
        return self.loudness.integrated_lufs

    @cached_property
    def prominence(self) -> Floats:
        """dB by which the bins of the long spectra stand out along frequency (frames, bins up to 8 kHz)."""
        return prominence_db(self.long, 8000.0)

    @cached_property
    def pitch_track(self) -> PitchTrack:
        return pitch_track(self.long, self.prominence, self.params.lowest_pitch_hz, self.params.highest_pitch_hz)

    @cached_property
    def faint_and_clear_onsets(self) -> list[Onset]:
        """Every onset of the clip, in order, with those under the threshold that other evidence may confirm."""
        return find_onsets(self.sound, self.bands, self.floor_power, self.params)

    @cached_property
    def all_onsets(self) -> list[Onset]:
        """Every clear onset of the clip, in order."""
        return [onset for onset in self.faint_and_clear_onsets if onset.over_noise >= 1.0]

    def onsets(self, start_s: float, end_s: float) -> list[Onset]:
        """Onsets within the span."""
        return [onset for onset in self.all_onsets if start_s <= onset.time_s < end_s]

    def loudness_lufs(self, start_s: float, end_s: float) -> float:
        """Momentary maximum over the span; a span shorter than 0.4 s has the one window around it. At least -120."""
        return float(self.loudness.sliding_lufs(start_s, end_s, MOMENTARY_S)[1].max())

    def loudness_slope_db_per_s(self, start_s: float, end_s: float) -> float | None:
        """Straight line through the loudness in windows of a tenth of the span (at least 50 ms). None under 0.15 s."""
        if end_s - start_s < 0.15:
            return None
        window_s = max(0.05, (end_s - start_s) / 10)
        centres, levels = self.loudness.sliding_lufs(start_s, end_s, window_s)
        levels = np.maximum(levels, ABSOLUTE_GATE_LUFS)
        return float(np.polyfit(centres, levels, 1)[0]) if len(centres) >= _LEAST_FRAMES_FOR_A_SLOPE else None

    def pitch(self, start_s: float, end_s: float) -> Pitch | None:
        """The strongest pitch over the span; None where too little of it is pitched."""
        return pitch_over(self.pitch_track, self.long.frames(start_s, end_s), self.params.least_pitch_confidence)

    def harmonicity(self, start_s: float, end_s: float) -> float:
        """Share of the energy (90 Hz to 8 kHz) that lies in spectral lines: 0 noise .. 1 tones."""
        frames = self.long.frames(start_s, end_s)
        power = self.long.mean_power[frames, : self.prominence.shape[1]]
        in_lines = np.where(self.prominence[frames] > 9.0, power, 0.0).sum()
        return float(in_lines / max(power.sum(), SILENCE_POWER))

    def pan(self, start_s: float, end_s: float) -> Pan | None:
        """Position of what the span adds to the 50 ms before it (at its start: to the clip's floor). None unless stereo.

        Only bands that rise by 6 dB count. Where none does, or where the span is most of the clip, all of it counts.
        """
        if self.bands.power.shape[0] != 2:
            return None
        frames = self.bands.frames(start_s, end_s)
        power = self.bands.power[:, frames].astype(np.float64)
        background = self._floor_by_channel
        if start_s > 0.06:
            before = self.bands.power[:, self.bands.frames(start_s - 0.056, start_s - 0.006)].mean(axis=1)
            background = np.maximum(background, before)
        rises = power.mean(axis=(0, 1)) > 4.0 * background.mean(axis=0)
        if rises.any() and end_s - start_s < 0.5 * self.duration_s:
            power = np.maximum(power - background[:, None], 0.0)[:, :, rises]
        return pan_of(power.sum(axis=2), self.bands.times_s[frames])

    @cached_property
    def _floor_by_channel(self) -> Floats:
        """Power per channel and band that is exceeded nine tenths of the time (channels, bands)."""
        floor: Floats = np.percentile(self.bands.power[:, ::16], 10, axis=1).astype(np.float32)
        return floor

    def pan_of_lines(self, lines: Sequence[Partial]) -> Pan | None:
        """Position of spectral lines, whatever else sounds at the same time. None unless stereo."""
        power = self.middle.power
        if power.shape[0] != 2:
            return None
        frames = np.concatenate([line.frames for line in lines])
        bins = np.concatenate([np.round(line.freqs_hz / line.bin_hz).astype(int) for line in lines])
        first = int(frames.min())
        energy = np.zeros((2, int(frames.max()) - first + 1))
        for channel in (0, 1):
            np.add.at(energy[channel], frames - first, power[channel, frames, bins])
        sounding = energy.sum(axis=0) > 0
        return pan_of(energy[:, sounding], self.middle.times_s[first : first + len(sounding)][sounding])

    def centroid_hz(self, start_s: float, end_s: float) -> float:
        """Centre of gravity of the power spectrum over the span."""
        power = self.long.mean_power[self.long.frames(start_s, end_s)].sum(axis=0)
        return float(np.sum(power * self.long.freqs_hz) / max(power.sum(), SILENCE_POWER))

    def flatness(self, start_s: float, end_s: float) -> float:
        """Geometric over arithmetic mean of the span's power spectrum: 0 tonal .. 1 white."""
        power = self.long.mean_power[self.long.frames(start_s, end_s)].mean(axis=0).astype(np.float64) + SILENCE_POWER * 1e-6
        return float(np.exp(np.mean(np.log(power))) / np.mean(power))

    def level_dbfs(self, start_s: float, end_s: float) -> float:
        """RMS level over the span; at least -120."""
        piece = self._samples(start_s, end_s)
        return float(10 * np.log10(max(float(np.mean(piece.astype(np.float64) ** 2)), SILENCE_POWER)))

    def peak_dbfs(self, start_s: float, end_s: float) -> float:
        """Largest sample over the span; at least -120."""
        return float(20 * np.log10(max(float(np.abs(self._samples(start_s, end_s)).max()), 1e-6)))

    def energy_over_floor_db(self, start_s: float, end_s: float) -> float:
        """Largest 50 ms level within the span, over the bands, above the clip's floor."""
        power = self.bands.mean_power[self.bands.frames(start_s, end_s)].sum(axis=1)
        width = min(len(power), max(1, round(0.05 / self.bands.hop_s)))
        smooth = np.convolve(power, np.ones(width) / width, mode="valid")
        return float(10 * np.log10((smooth.max() + SILENCE_POWER) / (self.floor_power.sum() + SILENCE_POWER)))

    def decay_time_s(self, onset_s: float, drop_db: float = 20.0) -> float | None:
        """How long after its onset a hit's energy over the level before it has fallen by `drop_db`. None: it does not."""
        later = [onset.time_s for onset in self.all_onsets if onset.time_s > onset_s + self.params.least_onset_gap_s]
        frames = self.bands.frames(onset_s, min([onset_s + 4.0, self.duration_s, *later]))
        before = self.bands.frames(max(0.0, onset_s - 0.05), max(0.01, onset_s - 0.008))
        power = self.bands.mean_power[frames].sum(axis=1) - self.bands.mean_power[before].sum(axis=1).mean()
        width = min(len(power), max(1, round(0.02 / self.bands.hop_s)))
        smooth = np.convolve(power, np.ones(width) / width, mode="same")
        top = int(smooth[: max(1, round(0.1 / self.bands.hop_s))].argmax())
        below = np.flatnonzero(smooth[top:] < smooth[top] * 10 ** (-drop_db / 10))
        return float((top + below[0]) * self.bands.hop_s) if len(below) else None

    def let_go(self) -> None:
        """Forget the spectra that only finding events needs, three quarters of the memory; they come back when asked for."""
        for name in ("quick", "middle"):
            self.__dict__.pop(name, None)

    def _samples(self, start_s: float, end_s: float) -> Floats:
        rate, num = self.sound.sample_rate_hz, self.sound.samples.shape[1]
        first = int(np.clip(round(start_s * rate), 0, max(num - 1, 0)))
        return self.sound.samples[:, first : max(first + 1, min(num, round(end_s * rate)))]
