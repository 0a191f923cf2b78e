"""Onsets: where they are, to milliseconds, and where there are none."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from tests.annotators.instruments.signals import analysed, click, glide, hush, place, tone

CLICKS_S = (0.5, 1.1, 1.62, 2.05, 2.4)


def clicks(level_db: float = -60.0) -> np.ndarray:
    sound = hush(3.0, level_db)
    for k, time_s in enumerate(CLICKS_S):
        place(sound, click(seed=k), time_s)
    return sound


def test_a_click_train_has_its_onsets_to_five_milliseconds() -> None:
    found = [onset.time_s for onset in analysed(clicks()).all_onsets]
    assert found == pytest.approx(CLICKS_S, abs=0.005)


def test_a_weak_click_after_a_strong_one_counts() -> None:
    sound = place(place(hush(2.0), click(), 0.5), click(seed=3), 0.8, gain=0.02)
    assert [onset.time_s for onset in analysed(sound).all_onsets] == pytest.approx((0.5, 0.8), abs=0.005)


def test_onsets_do_not_depend_on_the_gain() -> None:
    loud = [onset.time_s for onset in analysed(clicks()).all_onsets]
    soft = [onset.time_s for onset in analysed(0.05 * clicks()).all_onsets]
    assert soft == pytest.approx(loud, abs=0.002)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 48_000])
def test_any_sample_rate_gives_the_same_onsets(rate_hz: int) -> None:
    resampled = resample_poly(clicks(), rate_hz, 44_100, axis=1)
    found = [onset.time_s for onset in analysed(resampled, rate_hz).all_onsets]
    assert found == pytest.approx(CLICKS_S, abs=0.006)


def test_clicks_are_found_over_a_siren_and_over_noise() -> None:
    sound = clicks(-40.0)
    place(sound, glide(600, 1200, 3.0), 0.0)
    assert [onset.time_s for onset in analysed(sound).all_onsets if onset.time_s > 0.1] == pytest.approx(CLICKS_S, abs=0.008)


@pytest.mark.parametrize("seed", range(4))
def test_sustained_noise_has_no_clear_onsets(seed: int) -> None:
    assert analysed(hush(6.0, -25.0, seed)).all_onsets == []


def test_beating_tones_have_no_onsets_after_their_start() -> None:
    sound = hush(4.0, -70.0)
    place(place(sound, tone(500, 4.0, edge_s=0.2), 0.0), tone(506, 4.0, edge_s=0.2), 0.0)
    assert [onset for onset in analysed(sound).all_onsets if 0.3 < onset.time_s < 3.7] == []


def test_onsets_of_a_span_are_those_within_it() -> None:
    found = analysed(clicks()).onsets(1.0, 2.05 - 0.02)
    assert [onset.time_s for onset in found] == pytest.approx((1.1, 1.62), abs=0.005)
