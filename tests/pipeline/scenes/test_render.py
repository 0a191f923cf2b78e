import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.media.ffmpeg import ffmpeg_exe
from pipeline.scenes import SceneTruth, load_truth, render_scenes
from pipeline.scenes.compose import compose
from pipeline.scenes.mix import mix_scene

RATE = 44_100
Stereo = NDArray[np.float32]


def decoded_sound(rendered_dir: Path, truth: SceneTruth) -> Stereo:
    """The sound of a scene's file as any player hears it, float32 (2, n): edit list applied."""
    video = rendered_dir / "videos" / f"{truth.scene}.mp4"
    command = [ffmpeg_exe(), "-loglevel", "error", "-i", str(video), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32).reshape(-1, 2).T


def of_seed(truths: list[SceneTruth], seed: int) -> SceneTruth:
    return next(truth for truth in truths if truth.seed == seed)


def test_the_same_seed_gives_the_same_bytes_in_this_process_and_in_workers(rendered_dir: Path, tmp_path: Path) -> None:
    counts: list[int] = []
    render_scenes(tmp_path, [114, 108], progress=counts.append, workers=2)
    assert counts == [1, 2]
    for seed in (108, 114):
        name = f"videos/scene-{seed:06d}.mp4"
        assert (tmp_path / name).read_bytes() == (rendered_dir / name).read_bytes()
    again, first = load_truth(tmp_path), load_truth(rendered_dir)
    assert again == [of_seed(first, 108), of_seed(first, 114)]


def test_truth_lies_beside_the_videos_and_nothing_else_among_them(rendered_dir: Path, truths: list[SceneTruth]) -> None:
    assert sorted(p.name for p in rendered_dir.iterdir()) == ["truth", "videos"]
    assert sorted(p.name for p in (rendered_dir / "videos").iterdir()) == [f"{truth.scene}.mp4" for truth in truths]


def test_files_are_ordinary_h264_and_aac_of_the_stated_size_and_length(rendered_dir: Path, truths: list[SceneTruth]) -> None:
    for truth in truths:
        with av.open(str(rendered_dir / "videos" / f"{truth.scene}.mp4")) as container:
            video, sound = container.streams.video[0], container.streams.audio[0]
            assert (video.codec_context.name, sound.codec_context.name) == ("h264", "aac")
            assert (video.width, video.height, video.average_rate) == (truth.width_px, truth.height_px, truth.fps)
            assert (sound.rate, sound.channels, video.frames) == (RATE, 2, truth.num_frames)
            assert not set(container.metadata) & {"encoder", "creation_time", "title"}
        assert decoded_sound(rendered_dir, truth).shape[1] == pytest.approx(truth.duration_s * RATE, abs=1024)


def test_encoding_shifts_nothing(rendered_dir: Path, truths: list[SceneTruth]) -> None:
    for truth in truths:
        heard, meant = decoded_sound(rendered_dir, truth).mean(axis=0), mix_scene(compose(truth.seed)).samples.mean(axis=0)
        size = 2 * max(len(heard), len(meant))
        match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(meant, size)))
        assert abs((int(np.argmax(match)) + size // 2) % size - size // 2) <= 1, truth.scene


def test_ticks_are_heard_within_five_milliseconds_of_the_truth(rendered_dir: Path, truths: list[SceneTruth]) -> None:
    truth = of_seed(truths, 108)
    heard = np.abs(decoded_sound(rendered_dir, truth).mean(axis=0))
    assert len(truth.things[0].events) >= 5
    for event in truth.things[0].events:
        around = slice(round((event.onset_s - 0.05) * RATE), round((event.onset_s + 0.05) * RATE))
        part = heard[around]
        first_s = around.start / RATE + float(np.argmax(part > 0.25 * part.max())) / RATE
        assert first_s == pytest.approx(event.onset_s, abs=0.005)


def test_decoded_pan_level_and_pitch_are_those_of_the_truth(rendered_dir: Path, truths: list[SceneTruth]) -> None:
    truth = of_seed(truths, 114)
    sound = decoded_sound(rendered_dir, truth)
    events = [event for thing in truth.things for event in thing.events]
    assert {thing.sound_class for thing in truth.things} == {"horn", "rain"}
    for event in events:
        part = sound[:, round(event.start_s * RATE) : round(event.end_s * RATE)].astype(float)
        left, right = np.sqrt((part**2).mean(axis=1))
        assert 4 / np.pi * np.arctan2(right, left) - 1 == pytest.approx(event.pan, abs=0.1)
        assert 10 * np.log10((part**2).mean()) == pytest.approx(event.rms_dbfs, abs=0.5)
        if event.pitch_hz is not None:
            spectrum = np.abs(np.fft.rfft(part.sum(axis=0) * np.hanning(part.shape[1]), 2**18))
            harmonic = float(np.argmax(spectrum)) * RATE / 2**18 / event.pitch_hz
            assert harmonic == pytest.approx(round(harmonic), rel=0.01)


def test_unseen_things_have_no_boxes_and_silent_things_no_events(truths: list[SceneTruth]) -> None:
    things = [thing for truth in truths for thing in truth.things]
    assert any(not thing.is_on_screen for thing in things)
    assert any(thing.is_silent_mover for thing in things)
    for thing in things:
        assert thing.is_on_screen == bool(thing.boxes)
        assert thing.is_silent_mover == (not thing.events)
        assert not any(event.is_seen for event in thing.events) or thing.boxes


def test_sounding_things_that_are_seen_move_while_they_sound(truths: list[SceneTruth]) -> None:
    for truth in truths:
        for thing in truth.things:
            for event in thing.events if thing.is_on_screen else []:
                moved = [box.moved_px for box in thing.boxes if event.start_s - 0.1 <= box.time_s <= event.end_s + 0.4]
                assert sum(moved) >= 2, (truth.scene, thing.looks, event.onset_s)


def test_a_decoded_frame_shows_the_thing_inside_its_box(rendered_dir: Path, truths: list[SceneTruth]) -> None:
    truth = of_seed(truths, 120)
    ball = next(thing for thing in truth.things if thing.looks == "ball")
    with av.open(str(rendered_dir / "videos" / f"{truth.scene}.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    first, start_px = frames[0].astype(int), ball.boxes[0].box_xyxy_px
    box = max(ball.boxes, key=lambda b: abs(b.box_xyxy_px[1] - start_px[1]))  # the lowest, far from where it began
    assert box.box_xyxy_px[1] > start_px[3]
    x0, y0, x1, y1 = (round(v) for v in box.box_xyxy_px)
    index = round(box.time_s * truth.fps)
    changes = np.abs(frames[index].astype(int) - first).max(axis=2) > 25
    assert changes[y0:y1, x0:x1].mean() > 0.6


def test_a_failing_encoder_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "videos").mkdir()
    monkeypatch.setattr("pipeline.scenes.render.ffmpeg_exe", lambda: "/bin/false")
    with pytest.raises(RuntimeError, match="scene-000114"):
        render_scenes(tmp_path, [114])
    assert list((tmp_path / "videos").iterdir()) == []
