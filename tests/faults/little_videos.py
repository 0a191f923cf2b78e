"""Many little videos, each different, made in one run of ffmpeg: enough clips for faults, cheap enough to be built often."""

import subprocess
from pathlib import Path

from pipeline.media.ffmpeg import ffmpeg_exe

SECONDS = 2


def make_videos(folder: Path, count: int, size: str = "64x48", rate: int = 10) -> list[Path]:
    """`count` videos of two seconds: a moving pattern, and a tone that rises from video to video with a knock in each."""
    folder.mkdir(parents=True, exist_ok=True)
    total_s = count * SECONDS
    tone = f"0.2*sin(2*PI*(300+20*floor(t/{SECONDS}))*t)+0.6*exp(-30*mod(t\\,{SECONDS}/2))*sin(2*PI*900*t)"
    subprocess.run(
        [
            ffmpeg_exe(), "-loglevel", "error", "-nostdin",
            "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={total_s}",
            "-f", "lavfi", "-i", f"aevalsrc={tone}:sample_rate=44100:duration={total_s}",
            "-c:v", "libx264", "-preset", "ultrafast", "-g", str(SECONDS * rate), "-pix_fmt", "yuv420p", "-c:a", "flac",
            "-f", "segment", "-segment_time", str(SECONDS), "-reset_timestamps", "1", str(folder / "%03d.mkv"),
        ],
        check=True,
    )  # fmt: skip
    return sorted(folder.iterdir())[:count]
