import io

import numpy as np
import pytest
import soundfile

from pipeline.media.clip_media import StoredMedia
from tests.pipeline.media.rendering import clicks, onset_s, render_video


def _flac(samples: np.ndarray, rate_hz: int = 44100) -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, samples, rate_hz, format="FLAC")
    return sink.getvalue()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> StoredMedia:
    path = render_video(tmp_path_factory.mktemp("clip") / "a.mp4", None, flash_s=1.0, size=(128, 64))
    return StoredMedia("clip", path.read_bytes(), _flac(clicks([1.0], 3.5, num_channels=2)))


def test_sound_has_all_channels_at_the_asked_rate(media: StoredMedia) -> None:
    assert media.duration_s == 3.5
    assert media.sound().samples.shape == (2, 154350)
    sound = media.sound(16000)
    assert (sound.samples.shape, sound.samples.dtype, sound.sample_rate_hz) == ((2, 56000), np.float32, 16000)
    assert onset_s(sound.mono, 16000) == pytest.approx(1.0, abs=0.001)


def test_a_frame_is_what_is_on_screen_at_its_time(media: StoredMedia) -> None:
    frames = media.frames(fps=10, max_side_px=512)
    np.testing.assert_allclose(frames.times_s, np.arange(35) / 10)
    is_white = frames.pixels[:, -4, -4].min(axis=1) > 128
    assert np.flatnonzero(is_white).tolist() == [10]  # the flash lasts from 1.00 to 1.04


def test_the_last_picture_stays_until_the_clip_ends(media: StoredMedia) -> None:
    pixels = media.frames(fps=10, max_side_px=512).pixels
    np.testing.assert_array_equal(pixels[-1], pixels[-6])


def test_frames_are_faster_than_pictures_where_asked(media: StoredMedia) -> None:
    frames = media.frames(fps=50, max_side_px=512)
    assert len(frames.pixels) == 175
    assert np.flatnonzero(frames.pixels[:, -4, -4].min(axis=1) > 128).tolist() == [50, 51]


def test_the_longer_side_is_bounded_and_never_enlarged(media: StoredMedia) -> None:
    small = media.frames(fps=1, max_side_px=32)
    assert (small.pixels.shape[1:3], small.scale) == ((16, 32), 4.0)
    stored = media.frames(fps=1, max_side_px=4000)
    assert (stored.pixels.shape[1:3], stored.scale) == ((64, 128), 1.0)


def test_colours_are_red_green_blue(media: StoredMedia) -> None:
    red, green, blue = media.frames(fps=1, max_side_px=512).pixels[0, 8, 8].astype(int)
    assert red > 200
    assert max(green, blue) < 60


def test_the_same_request_is_decoded_once_and_cannot_be_changed(media: StoredMedia) -> None:
    assert media.sound(8000) is media.sound(8000)
    assert media.frames(5, 64) is media.frames(5, 64)
    with pytest.raises(ValueError, match="read-only"):
        media.frames(5, 64).pixels[0] = 0


def test_a_clip_without_video_has_no_frames() -> None:
    media = StoredMedia("clip", None, _flac(np.zeros(44100)))
    assert not media.has_video
    assert media.frames(5, 64).pixels.shape[0] == 0
    assert media.sound().samples.shape == (1, 44100)


def test_a_rate_of_nothing_is_refused(media: StoredMedia) -> None:
    with pytest.raises(ValueError, match="above 0"):
        media.frames(0, 64)
