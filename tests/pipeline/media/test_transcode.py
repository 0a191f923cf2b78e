import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline.media.ffmpeg import FfmpegError
from pipeline.media.probe import Picture, Probe, probe
from pipeline.media.stored import stored_sound, stored_video
from pipeline.media.transcode import CopyCheck, Cut, Encoding, VideoMode, stored_size, transcode
from tests.pipeline.media.rendering import SHARED_MEDIA, clicks, needs_shared_media, onset_s, render_video


class Made:
    """A clip that was transcoded, and what is in it."""

    def __init__(
        self,
        source: Path,
        folder: Path,
        start_s: float = 0.0,
        end_s: float | None = None,
        encoding: Encoding | None = None,
    ) -> None:
        found = probe(source)
        assert isinstance(found, Probe), found
        self.probe = found
        self.video, self.audio = folder / "clip.mp4", folder / "clip.flac"
        cut = Cut(source, found, start_s, found.duration_s if end_s is None else end_s)
        self.mode: VideoMode = transcode(cut, self.video, self.audio, encoding or Encoding(), 60)

    @property
    def sound(self) -> NDArray[np.float64]:
        samples, rate_hz = soundfile.read(self.audio, always_2d=True)
        assert rate_hz == 44100
        return samples

    def pictures(self) -> list[tuple[float, NDArray[np.uint8]]]:
        with av.open(str(self.video)) as container:
            assert not container.streams.audio
            return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]

    def flash_s(self) -> float:
        return next(time_s for time_s, pixels in self.pictures() if pixels[-4, -4].min() > 128)


def stored_packets(video: Path) -> list[tuple[float, bytes]]:
    with av.open(str(video)) as container:
        return [(float(packet.pts * packet.time_base), bytes(packet)) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("offset_s", [0.5, 0.0])
def test_a_flash_and_a_click_stay_together_when_sound_starts_late(tmp_path: Path, suffix: str, offset_s: float) -> None:
    sound = clicks([2.0 - offset_s], 3.0 - offset_s)
    source = render_video(tmp_path / f"a.{suffix}", sound, flash_s=2.0, sound_offset_s=offset_s, acodec="flac", strict=-2)
    made = Made(source, tmp_path)
    assert onset_s(made.sound[:, 0], 44100) == pytest.approx(2.0, abs=0.002)
    assert made.flash_s() == pytest.approx(2.0, abs=0.002)
    assert not made.sound[: max(0, round((offset_s - 0.002) * 44100))].any()


def test_sound_before_the_first_picture_is_cut_off(tmp_path: Path) -> None:
    # The muxer keeps the sound at -0.5 s by moving the picture to 0.5 s on the clock of the container.
    source = render_video(
        tmp_path / "a.mkv",
        clicks([0.2, 2.5], 3.5),
        flash_s=2.0,
        sound_offset_s=-0.5,
        acodec="flac",
        avoid_negative_ts="make_zero",
    )
    made = Made(source, tmp_path)
    assert made.probe.audio.start_s == pytest.approx(-0.5, abs=0.002)
    assert onset_s(made.sound[:, 0], 44100) == pytest.approx(2.0, abs=0.002)
    assert made.flash_s() == pytest.approx(2.0, abs=0.002)


@pytest.mark.parametrize(("start_s", "end_s"), [(1.013, 3.0), (1.9, 2.9), (0.0, 2.5)])
def test_a_span_keeps_picture_and_sound_where_they_were(tmp_path: Path, start_s: float, end_s: float) -> None:
    source = render_video(tmp_path / "a.mp4", clicks([2.0], 3.0), flash_s=2.0)
    made = Made(source, tmp_path, start_s, end_s)
    assert made.mode == "encoded"
    assert stored_sound(made.audio).num_samples == round((end_s - start_s) * 44100)
    assert onset_s(made.sound[:, 0], 44100) == pytest.approx(2.0 - start_s, abs=0.003)
    assert made.flash_s() == pytest.approx(2.0 - start_s, abs=0.002)
    assert made.pictures()[0][0] == 0


def test_a_span_far_into_a_file_is_exact_after_the_seek(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mp4", clicks([20.0], 24.0), flash_s=20.0, duration_s=24, g=50)
    made = Made(source, tmp_path, 19.5, 22.0)
    assert onset_s(made.sound[:, 0], 44100) == pytest.approx(0.5, abs=0.003)
    assert made.flash_s() == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize("rate_hz", [8000, 48000])
def test_a_change_of_rate_moves_nothing_after_a_seek(tmp_path: Path, rate_hz: int) -> None:
    sound = clicks([9.25], 12.0, rate_hz=rate_hz, num_channels=2)
    made = Made(render_video(tmp_path / "a.mkv", sound, duration_s=12, rate_hz=rate_hz, acodec="flac"), tmp_path, 9, 12)
    assert onset_s(made.sound[:, 0], 44100) == pytest.approx(0.25, abs=0.0005)


def test_where_the_sound_has_ended_there_is_silence(tmp_path: Path) -> None:
    made = Made(render_video(tmp_path / "a.mkv", clicks([1.0], 2.0), duration_s=12), tmp_path, 9, 12)
    assert made.sound.shape == (3 * 44100, 1)
    assert not made.sound.any()


def test_a_hole_in_the_sound_is_filled_with_silence(tmp_path: Path) -> None:
    made = Made(render_video(tmp_path / "a.mkv", clicks([0.5, 2.5], 3.0), acodec="pcm_s16le"), tmp_path)
    holed = tmp_path / "holed.mkv"
    with av.open(str(tmp_path / "a.mkv")) as source, av.open(str(holed), "w") as sink:
        streams = {stream.index: sink.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.size and not (packet.stream.type == "audio" and 1.0 <= packet.pts * packet.time_base < 2.0):
                packet.stream = streams[packet.stream.index]
                sink.mux(packet)
    filled = Made(holed, tmp_path)
    assert filled.sound.shape == made.sound.shape
    tail = filled.sound[round(2.2 * 44100) :, 0]
    assert 2.2 + onset_s(tail, 44100) == pytest.approx(2.5, abs=0.002)


def test_a_whole_h264_file_is_copied_and_a_span_of_it_is_not(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mp4", clicks([1.0], 3.0))
    assert Made(source, tmp_path).mode == "copied"
    assert len(Made(source, tmp_path).pictures()) == 75
    assert Made(source, tmp_path, 0, 2.5).mode == "encoded"


@pytest.mark.parametrize("options", [{"pix_fmt": "yuv444p"}, {"vcodec": "mpeg4"}])
def test_what_is_not_plain_h264_is_encoded(tmp_path: Path, options: dict[str, str]) -> None:
    made = Made(render_video(tmp_path / "a.mkv", clicks([1.0], 3.0), **options), tmp_path)
    assert made.mode == "encoded"
    with av.open(str(made.video)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_a_damaged_stream_is_mended_by_encoding(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mp4", clicks([1.0], 3.0), size=(320, 240), movflags="+faststart", bf=0, g=10, crf=1)
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    source.write_bytes(data)
    made = Made(source, tmp_path)
    assert made.mode == "encoded"
    assert stored_video(made.video, 3.0).num_frames > 10


def test_a_header_that_lies_about_the_size_is_not_copied(tmp_path: Path) -> None:
    source = render_video(tmp_path / "in.mp4", clicks([1.0], 3.0), duration_s=3.0)
    data = bytearray(source.read_bytes())
    size_at = data.index(b"avc1", data.index(b"stsd")) + 28
    told = struct.unpack_from(">HH", data, size_at)
    struct.pack_into(">HH", data, size_at, told[0] // 2, told[1] // 2)
    source.write_bytes(data)
    made = Made(source, tmp_path)
    stored = stored_video(made.video, made.probe.duration_s)
    assert (made.mode, stored.width_px, stored.height_px) == ("encoded", *told)


def test_with_only_keyframes_decoded_a_whole_stream_is_copied_bit_by_bit(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mp4", clicks([1.0], 3.0), flash_s=2.0)
    made = Made(source, tmp_path, encoding=Encoding(copy_check="keyframes"))
    assert (made.mode, made.flash_s()) == ("copied", pytest.approx(2.0))
    assert stored_packets(made.video) == stored_packets(source)


def test_what_is_decoded_of_a_stream_decides_which_damage_is_mended(tmp_path: Path) -> None:
    source = render_video(
        tmp_path / "a.mp4", clicks([1.0], 3.0), flash_s=1.2, size=(320, 240), bf=0, g=25, sc_threshold=0, crf=1
    )
    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert packets[25].is_keyframe
    assert not packets[30].is_keyframe
    for number, modes in ((30, ("encoded", "copied")), (25, ("encoded", "encoded"))):
        data, start, size = bytearray(source.read_bytes()), packets[number].pos, packets[number].size
        data[start + size // 4 : start + size] = bytes(size - size // 4)
        damaged = tmp_path / f"damaged-{number}.mp4"
        damaged.write_bytes(data)
        checks: tuple[CopyCheck, ...] = ("every_picture", "keyframes")
        assert tuple(Made(damaged, tmp_path, encoding=Encoding(copy_check=check)).mode for check in checks) == modes


def test_a_stored_video_begins_with_a_keyframe_at_0_and_ends_with_its_clip(tmp_path: Path) -> None:
    video = render_video(tmp_path / "a.mp4", None)
    assert stored_video(video, 3.0).num_frames == 75
    with pytest.raises(ValueError, match=r"a picture was stored at 2.960 s of a clip of 2.500 s"):
        stored_video(video, 2.5)
    late = render_video(tmp_path / "late.mkv", None, output_ts_offset=0.5)
    with pytest.raises(ValueError, match=r"must begin with a keyframe at 0, they begin at 0.500 s"):
        stored_video(late, 4.0)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mkv", clicks([1.0], 3.0), vcodec="mpeg4")
    first = Made(source, tmp_path)
    contents = first.video.read_bytes(), first.audio.read_bytes()
    again = Made(source, tmp_path)
    assert (again.video.read_bytes(), again.audio.read_bytes()) == contents


def test_a_sound_file_becomes_sound_only(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, clicks([1.0], 2.5, rate_hz=48000, num_channels=2), 48000)
    made = Made(source, tmp_path)
    assert made.mode == "none"
    assert not made.video.exists()
    assert made.sound.shape == (round(2.5 * 44100), 2)
    assert onset_s(made.sound[:, 1], 44100) == pytest.approx(1.0, abs=0.001)


def test_six_channels_are_mixed_down_to_two_without_clipping(tmp_path: Path) -> None:
    rate_hz, source = 44100, tmp_path / "a.wav"
    tone = np.sin(2 * np.pi * 440 * np.arange(2 * rate_hz) / rate_hz)
    channels = np.zeros((len(tone), 6))  # L R C LFE Ls Rs
    channels[:rate_hz, 0] = tone[:rate_hz]
    channels[rate_hz:, :] = tone[rate_hz:, None]
    soundfile.write(source, channels, rate_hz, subtype="PCM_16", format="WAVEX")
    sound = Made(source, tmp_path).sound
    assert sound.shape[1] == 2
    assert np.abs(sound[1000:40000, 0]).max() > 0.3
    assert not sound[1000:40000, 1].any()
    assert 0.9 < np.abs(sound[50000:]).max() <= 1.0


def test_a_time_limit_ends_the_encoding(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mp4", clicks([1.0], 3.0))
    found = probe(source)
    assert isinstance(found, Probe)
    with pytest.raises(FfmpegError) as caught:
        transcode(Cut(source, found, 0, 2.0), tmp_path / "c.mp4", tmp_path / "c.flac", Encoding(), 0.001)
    assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    ("displayed", "stored"), [((1920, 1080), (852, 480)), ((161, 121), (160, 120)), ((1, 1), (2, 2)), ((64, 48), (64, 48))]
)
def test_stored_sizes_are_even_and_not_enlarged(displayed: tuple[int, int], stored: tuple[int, int]) -> None:
    picture = Picture(0, "h264", "yuv420p", *displayed, 1.0, 0, 25.0, False, np.zeros(1), 1.0, True)
    assert stored_size(picture, 480) == stored


@needs_shared_media
@pytest.mark.parametrize(
    ("name", "first_s"), [("Megatron-Energon__sync_test.mp4", 3.05), ("Megatron-Energon__sync_test.mkv", 3.07)]
)
def test_beeps_of_the_sync_test_stay_a_second_apart_across_clips(tmp_path: Path, name: str, first_s: float) -> None:
    for start_s, end_s in [(0.0, 9.0), (27.0, 36.0)]:
        made = Made(SHARED_MEDIA / "videos" / name, tmp_path, start_s, end_s)
        loud = np.flatnonzero(np.abs(made.sound).max(axis=1) > 0.05) / 44100
        onsets = start_s + loud[np.flatnonzero(np.diff(loud, prepend=-1) > 0.3)]
        expected = first_s + np.arange(len(onsets)) + (start_s - 3 if start_s else 0)
        assert len(onsets) == (6 if start_s == 0 else 9)
        np.testing.assert_allclose(onsets, expected, atol=0.006)
        np.testing.assert_allclose(np.diff(onsets), 1.0, atol=0.002)


@needs_shared_media
@pytest.mark.parametrize(
    "name", ["moviepy__fire2_rot180_vfr.mp4", "ExoPlayer__bbb_h264_aac_hls.ts", "ExoPlayer__sample.flv", "mdn__rabbit320.webm"]
)
def test_real_files_keep_the_times_of_all_their_pictures(tmp_path: Path, name: str) -> None:
    made = Made(SHARED_MEDIA / "videos" / name, tmp_path)
    assert made.probe.picture is not None
    np.testing.assert_allclose([time_s for time_s, _ in made.pictures()], made.probe.picture.frame_times_s, atol=1e-4)


@needs_shared_media
def test_rotated_pictures_come_out_upright(tmp_path: Path) -> None:
    name = "moviepy__fire2_rot180_vfr.mp4"
    made = Made(SHARED_MEDIA / "videos" / name, tmp_path)
    with av.open(str(SHARED_MEDIA / "videos" / name)) as container:
        raw = next(container.decode(video=0)).reformat(852, 480, format="rgb24").to_ndarray()
    stored = made.pictures()[0][1].astype(float)
    turned = np.abs(stored - np.rot90(raw, 2)).mean()
    assert turned < 5 < np.abs(stored - raw).mean()


@needs_shared_media
@pytest.mark.parametrize(
    ("name", "size"), [("mediabunny__rotate-buck-bunny_51.mp4", (270, 480)), ("ExoPlayer__video_1_rot90.mp4", (288, 352))]
)
def test_a_quarter_turn_swaps_width_and_height(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    made = Made(SHARED_MEDIA / "videos" / name, tmp_path)
    stored = stored_video(made.video, made.probe.duration_s)
    assert (stored.width_px, stored.height_px) == size
