"""The detector as a stage sees it: any clip in, finite numbers out."""

import time

import numpy as np
import pytest
from pydantic import ValidationError

from annotators.instruments.detector import EventDetector
from annotators.media import ArrayMedia, Sound
from annotators.registry import backend_class
from annotators.roles import Hearing
from schemas.errors import Rejected
from tests.annotators.instruments.signals import RATE_HZ, as_sound, bell, click, hush, place, times, tone


def detector() -> EventDetector:
    return EventDetector(EventDetector.Params())


def hear(sound: Sound) -> Hearing:
    (hearing,) = detector().annotate([ArrayMedia("clip", sound)])
    assert isinstance(hearing, Hearing)
    return hearing


def measured(sound: Sound) -> dict[str, float]:
    return {row.name: row.value for row in hear(sound).measurements}


def busy() -> np.ndarray:
    sound = place(place(hush(9.0), bell(700.0, 2.0), 1.0, -0.3), tone(300.0, 3.0, 6), 4.0, 0.5)
    for time_s in np.arange(0.5, 8.5, 0.6):
        place(sound, click(), float(time_s), 0.2)
    return sound


def test_the_registry_knows_the_detector() -> None:
    assert backend_class("event_detector", "instruments") is EventDetector


def test_an_unknown_parameter_is_an_error() -> None:
    with pytest.raises(ValidationError, match="onset_strenght_db"):
        EventDetector.Params.model_validate({"onset_strenght_db": 3.0})


@pytest.mark.parametrize("num_channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 96_000])
@pytest.mark.parametrize("duration_s", [0.12, 2.0])
def test_digital_silence_gives_no_events_and_finite_numbers(num_channels: int, rate_hz: int, duration_s: float) -> None:
    hearing = hear(Sound(np.zeros((num_channels, round(duration_s * rate_hz)), np.float32), rate_hz))
    assert list(hearing.events) == []
    assert {row.name: row.value for row in hearing.measurements}["silence_frac"] == 1.0


def test_a_moment_of_sound_is_too_short() -> None:
    (answer,) = detector().annotate([ArrayMedia("clip", Sound(np.zeros((2, 100), np.float32), RATE_HZ))])
    assert isinstance(answer, Rejected)
    assert answer.code == "too_short"


def test_a_batch_gives_the_answers_of_single_clips() -> None:
    clips = [ArrayMedia(f"clip{k}", as_sound(busy()[:, : (k + 3) * RATE_HZ])) for k in range(3)]
    assert detector().annotate(clips) == [detector().annotate([clip])[0] for clip in clips]


def test_mono_has_the_events_of_stereo_without_their_place() -> None:
    stereo, mono = hear(as_sound(busy())), hear(as_sound(busy().mean(axis=0, keepdims=True)))
    assert [event.kind for event in mono.events] == [event.kind for event in stereo.events]
    assert all(event.pan is None for event in mono.events)
    assert "stereo_width" not in {row.name for row in mono.measurements}


def test_measurements_say_what_was_made() -> None:
    found = measured(as_sound(place(hush(6.0, -60.0), tone(1000.0, 3.0, edge_s=0.01), 3.0, pan=0.0)))
    assert found["noise_floor_dbfs"] == pytest.approx(-60.0, abs=1.0)
    assert found["snr_db"] == pytest.approx(60.0 - 20.0, abs=2.0)  # 0.2 peak, -3 dB of a sine, -3 dB of the pan law
    assert found["num_tone"] == 1
    assert found["num_events"] == 1
    assert found["pan"] == pytest.approx(0.0, abs=0.01)


def test_a_low_passed_sound_has_the_bandwidth_it_was_left() -> None:
    spectrum = np.fft.rfft(hush(4.0, -20.0))
    spectrum[:, np.fft.rfftfreq(4 * RATE_HZ, 1 / RATE_HZ) > 6000] = 0
    assert measured(as_sound(np.fft.irfft(spectrum)))["bandwidth_hz"] == pytest.approx(6000, rel=0.02)
    assert measured(as_sound(hush(4.0, -20.0)))["bandwidth_hz"] > 21_000


def test_clipping_silence_width_and_repetition_are_shares() -> None:
    sine = np.clip(1.5 * np.sin(2 * np.pi * 200 * times(2.0)), -1, 1)
    assert measured(as_sound(np.stack([sine, sine])))["clipping_frac"] == pytest.approx(0.535, abs=0.01)  # 1 - 2 asin(2/3)/pi
    half = np.concatenate([hush(2.0, -30.0), np.zeros((2, 2 * RATE_HZ))], axis=1)
    assert measured(as_sound(half))["silence_frac"] == pytest.approx(0.5, abs=0.03)
    assert measured(as_sound(hush(2.0, -30.0)))["stereo_width"] == pytest.approx(0.5, abs=0.02)
    ticking = hush(6.0)
    for time_s in np.arange(0.4, 5.8, 0.5):
        place(ticking, click(), float(time_s))
    assert measured(as_sound(ticking))["repetition_hz"] == pytest.approx(2.0, rel=0.02)


def test_it_runs_many_times_faster_than_the_sound() -> None:
    clip = ArrayMedia("warm", as_sound(hush(9.0)))
    detector().annotate([clip])
    started = time.process_time()
    detector().annotate([ArrayMedia("timed", as_sound(busy()))])
    assert time.process_time() - started < 9.0 / 15  # sixty times when the machine is not shared; see docs/benchmarks.md
