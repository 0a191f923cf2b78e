"""Scenes to files: `videos/scene-000100.mp4` (H.264 + AAC) and `truth/truth.parquet` beside them.

One seed is one file, byte for byte the same on the same ffmpeg: one encoder thread, no metadata, bit-exact flags. Files
appear under their final name only when they are complete.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import ffmpeg
import numpy as np
import soundfile

from pipeline.media.ffmpeg import ffmpeg_exe
from pipeline.scenes.compose import Scene, compose
from pipeline.scenes.impacts import SAMPLE_RATE_HZ
from pipeline.scenes.measure import event_truth
from pipeline.scenes.mix import Mix, mix_scene
from pipeline.scenes.picture import Painter
from pipeline.scenes.shapes import SHAPE_WORDS
from pipeline.scenes.truth import SOUND_CLASSES, SceneTruth, ThingTruth, save_truth


def encode_command(scene: Scene, wav: Path, mp4: Path) -> list[str]:
    """The ffmpeg command that reads RGB frames from its standard input."""
    size = f"{scene.camera.width_px}x{scene.camera.height_px}"
    picture = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=size, framerate=scene.fps)
    sound = ffmpeg.input(str(wav))
    exact = {"fflags": "+bitexact", "flags:v": "+bitexact", "flags:a": "+bitexact", "map_metadata": -1, "threads": 1}
    codecs = {"vcodec": "libx264", "preset": "veryfast", "crf": 19, "pix_fmt": "yuv420p", "acodec": "aac", "b:a": "192k"}
    output = ffmpeg.output(picture.video, sound.audio, str(mp4), format="mp4", movflags="+faststart", **codecs, **exact)
    command: list[str] = ffmpeg.compile(
        output.global_args("-loglevel", "error", "-nostdin"), cmd=ffmpeg_exe(), overwrite_output=True
    )
    return command


def encode(scene: Scene, mix: Mix, painter: Painter, mp4: Path) -> None:
    """Write the video file. Raises RuntimeError with ffmpeg's own words where it fails."""
    with tempfile.TemporaryDirectory(prefix="scene-") as scratch:
        wav, partial = Path(scratch) / "mix.wav", mp4.parent.parent / f".{mp4.name}.{os.getpid()}.partial"
        soundfile.write(wav, mix.samples.T.astype(np.float32), SAMPLE_RATE_HZ, subtype="FLOAT")
        with (Path(scratch) / "errors").open("w+") as errors:
            process = subprocess.Popen(encode_command(scene, wav, partial), stdin=subprocess.PIPE, stderr=errors)
            assert process.stdin is not None
            try:
                for frame in painter.frames():
                    process.stdin.write(frame.tobytes())
                process.stdin.close()
            except BrokenPipeError:
                pass  # ffmpeg stopped early; its exit code and words say why
            if process.wait() != 0:
                partial.unlink(missing_ok=True)
                errors.seek(0)
                raise RuntimeError(f"ffmpeg could not encode {scene.name}: {errors.read().strip()}")
        partial.replace(mp4)


def scene_truth(scene: Scene, mix: Mix, painter: Painter) -> SceneTruth:
    """The row of a scene whose frames have all been drawn."""
    things = []
    for thing in scene.things:
        boxes = painter.boxes[thing.object_id]
        seen_s = np.array([box.time_s for box in boxes])
        events = []
        for stem in mix.stems:
            if stem.thing is thing:
                is_seen = bool(len(seen_s) and np.abs(seen_s - stem.voice.start_s).min() <= 1 / scene.fps)
                events.append(event_truth(mix, stem, is_seen=is_seen))
        things.append(
            ThingTruth(
                object_id=thing.object_id,
                looks=thing.look.looks,
                shape=SHAPE_WORDS[thing.look.looks],
                color=thing.look.color,
                sound_class=thing.sound_class,
                kind=SOUND_CLASSES[thing.sound_class] if thing.sound_class else None,
                is_silent_mover=thing.sound_class is None,
                is_on_screen=bool(boxes),
                lookalike_of=thing.lookalike_of,
                events=events,
                boxes=boxes,
            )
        )
    return SceneTruth(
        scene=scene.name,
        seed=scene.seed,
        duration_s=scene.duration_s,
        fps=scene.fps,
        num_frames=len(painter.times_s),
        width_px=scene.camera.width_px,
        height_px=scene.camera.height_px,
        sample_rate_hz=SAMPLE_RATE_HZ,
        ambience=scene.ambience,
        ambience_dbfs=float(10 * np.log10(np.mean(mix.ambience**2))),
        traps=scene.traps,
        things=things,
    )


def render_scene(seed: int, output_dir: Path) -> SceneTruth:
    """Render one scene's video; its truth is returned, not yet written."""
    scene = compose(seed)
    mix, painter = mix_scene(scene), Painter(scene)
    videos = output_dir / "videos"
    videos.mkdir(parents=True, exist_ok=True)
    encode(scene, mix, painter, videos / f"{scene.name}.mp4")
    return scene_truth(scene, mix, painter)


def render_scenes(
    output_dir: Path, seeds: Sequence[int], *, progress: Callable[[int], None] | None = None, workers: int = 1
) -> Path:
    """Render scenes and add them to the truth table; returns `output_dir`.

    `progress` is called here with the number of scenes done so far. More than one worker renders in child processes.
    """
    rows: list[SceneTruth] = []

    def done(row: SceneTruth) -> None:
        rows.append(row)
        if progress is not None:
            progress(len(rows))

    if workers <= 1:
        for seed in seeds:
            done(render_scene(seed, output_dir))
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for future in as_completed([pool.submit(render_scene, seed, output_dir) for seed in seeds]):
                done(future.result())
    save_truth(output_dir, rows)
    return output_dir
