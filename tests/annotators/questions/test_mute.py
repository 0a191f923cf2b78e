"""Media without its sound."""

import pytest

from annotators.questions.mute import Silence, SilentVideo
from tests.annotators.chat.clips import clip


def test_a_silent_video_shows_its_pictures_and_refuses_its_sound() -> None:
    silent = SilentVideo(clip())
    assert len(silent.frames(5.0, 64).pixels) == 10
    assert (silent.clip_id, silent.duration_s, silent.has_video) == ("clip-1", 2.0, True)
    for rate_hz in (None, 16_000):
        with pytest.raises(ValueError, match="clip-1 was given as a silent video"):
            silent.sound(rate_hz)


@pytest.mark.parametrize(("rate_hz", "count"), [(None, 66_150), (16_000, 24_000)])
def test_silence_is_zeros_as_long_as_the_clip_at_any_rate(rate_hz: int | None, count: int) -> None:
    sound = Silence("clip-1", 1.5).sound(rate_hz)
    assert sound.samples.shape == (1, count)
    assert not sound.samples.any()
    assert len(Silence("clip-1", 1.5).frames(5.0, 64).pixels) == 0
