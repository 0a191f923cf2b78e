"""No file of a source can make a decoder open another file or call anybody, and no decoder could if it wanted to."""

import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import ffmpeg
import psutil
import pytest

from pipeline.media.confinement import MAX_OPEN_FILES, confined, confinement, environment
from pipeline.media.ffmpeg import FfmpegError, ffmpeg_exe, media_input, run_ffmpeg
from pipeline.media.probe import Probe, Prober
from schemas.errors import Rejected
from tests.faults.ingesting import take_in
from tests.faults.lures import Listener, listening, write_lures, write_secret
from tests.pipeline.media.rendering import clicks, render_video


@dataclass(frozen=True)
class Trap:
    """A source folder full of lures, the secret file outside of it, and who called."""

    folder: Path
    secret: Path
    lures: list[Path]
    listener: Listener


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trap]:
    base = tmp_path_factory.mktemp("trap")
    secret = write_secret(base / "elsewhere")
    with listening() as listener:
        yield Trap(base / "source", secret, write_lures(base / "source", secret, listener.port), listener)


def test_the_lures_are_real(trap: Trap) -> None:
    """An ffmpeg that may do what it likes opens the secret file, makes sound of passwords and calls the listener."""
    for name in ("abs-list.m3u8", "rel-map.m3u8", "abs-dash.mpd", "passwords.sw", "passwords.ans"):
        told = _bare("-i", str(trap.folder / name))
        assert told.returncode == 0, (name, told.stderr)
    told = _bare("-enable_drefs", "1", "-use_absolute_path", "1", "-i", str(trap.folder / "reference.mov"), sink="s16le")
    assert trap.secret.read_bytes()[:188] in told.stdout
    _bare("-protocol_whitelist", "file,http,tcp", "-i", str(trap.folder / "http-list.m3u8"))
    assert trap.listener.calls
    trap.listener.calls.clear()


def test_no_lure_is_opened_by_the_probe(trap: Trap) -> None:
    prober = Prober()
    try:
        answers = {lure.name: prober.probe(lure, 20) for lure in trap.lures}
    finally:
        prober.close()
    codes = {name: answer.code for name, answer in answers.items() if isinstance(answer, Rejected)}
    assert set(codes) | {"reference.mov"} == set(answers)
    assert set(codes.values()) <= {"unreadable", "decode_failed"}
    assert trap.listener.calls == []


def test_no_lure_is_opened_by_ffmpeg_even_without_a_probe_before_it(trap: Trap) -> None:
    secret = trap.secret.read_bytes()
    for lure in trap.lures:
        try:
            sound = run_ffmpeg(media_input(lure).output("pipe:", format="s16le", acodec="pcm_s16le", t=2), timeout_s=20)
        except FfmpegError:
            continue
        assert lure.name == "reference.mov"
        assert secret[:188] not in sound  # a packet of the transport stream
    assert trap.listener.calls == []


def test_a_folder_of_lures_gives_the_clips_of_its_honest_file_only(trap: Trap, tmp_path: Path) -> None:
    honest = render_video(trap.folder / "honest.mp4", clicks([1.0], 3.0))
    (trap.folder / "honest.input.wav").unlink()
    taken = take_in(trap.folder, tmp_path / "root")
    honest.unlink()
    lengths = {clip.duration_s for clip in taken.clips if clip.has_video}
    assert [account.adds_up for account in taken.accounts] == [True, True]
    # the linked secret is a file of the folder like any other, as links to videos elsewhere are
    named = {row.name for row in taken.listings if row.source_id in {clip.source_id for clip in taken.clips}}
    assert named == {"honest.mp4", "sequence-1.ts"}
    assert len(lengths) == 2
    assert set(taken.codes().values()) <= {"unreadable", "decode_failed"}
    _is_nowhere(Path(taken.dataset.url), b"root:x:0:0")
    assert trap.listener.calls == []


@pytest.mark.skipif("no network" not in confinement(), reason="this machine lets nobody make a network namespace")
def test_a_confined_child_has_no_network_no_privileges_and_no_secrets(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "aws-canary")
    monkeypatch.setenv("FFREPORT", "file=/tmp/report.log")
    told = subprocess.run(
        confined(["sh", "-c", "env; cat /proc/self/status /proc/net/dev"], dies_with_caller=True),
        capture_output=True, text=True, env=environment(), check=True,
    ).stdout  # fmt: skip
    assert "canary" not in told
    assert "FFREPORT" not in told
    assert "NoNewPrivs:\t1" in told
    assert [
        line.split(":")[0].strip() for line in told.splitlines() if ": " in line and line.strip().startswith(("lo", "eth"))
    ] == ["lo"]
    call = ffmpeg.input(f"http://127.0.0.1:{trap.listener.port}/x.ts").output("pipe:", format="null")
    with pytest.raises(FfmpegError):
        run_ffmpeg(call, timeout_s=20)
    assert trap.listener.calls == []


def test_the_children_run_within_limits(tmp_path: Path) -> None:
    prober = Prober()
    try:
        assert isinstance(prober.probe(render_video(tmp_path / "a.mp4", clicks([0.5], 2.0)), 30), Probe)
        assert prober._child is not None
        pid = prober._child.pid
        limits = {line[:26].strip(): line[26:].split()[0] for line in Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]}
        names = psutil.Process(pid).environ()
    finally:
        prober.close()
    assert int(limits["Max address space"]) <= 4 * 2**30
    assert limits["Max core file size"] == "0"
    assert int(limits["Max open files"]) <= MAX_OPEN_FILES
    assert int(limits["Max file size"]) <= 4 * 2**30
    assert set(names) <= {"PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "PYTHONPATH"}


def test_an_ffmpeg_does_not_outlive_whoever_started_it(tmp_path: Path) -> None:
    """The worker is killed with SIGKILL and can stop nothing any more."""
    if "privileges" not in confinement():
        pytest.skip("this machine has no setpriv")
    program = (
        "import ffmpeg; from pipeline.media.ffmpeg import run_ffmpeg\n"
        "run_ffmpeg(ffmpeg.input('testsrc=size=64x64', format='lavfi', re=None).output('pipe:', format='null'), timeout_s=600)"
    )
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).resolve().parents[2])
    while not (running := _children(worker.pid, "testsrc")):
        assert worker.poll() is None
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    assert psutil.wait_procs(running, timeout=20)[1] == []


def test_a_run_that_writes_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.media.confinement.MAX_OUTPUT_BYTES", 1 << 20)
    endless = ffmpeg.input("testsrc=size=640x480:rate=1000", format="lavfi").output(
        f"file:{tmp_path / 'a.avi'}", vcodec="rawvideo"
    )
    with pytest.raises(FfmpegError, match=r"wrote more than|File too large") as caught:
        run_ffmpeg(endless, timeout_s=60)
    assert caught.value.code == "decode_failed"
    assert (tmp_path / "a.avi").stat().st_size <= 1 << 20


def _children(pid: int, word: str) -> list[psutil.Process]:
    """Those with this word in their command; what ends meanwhile is none."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):
            if word in " ".join(child.cmdline()):
                found.append(child)
    return found


def _bare(*arguments: str, sink: str = "null") -> subprocess.CompletedProcess[bytes]:
    command = [ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-rw_timeout", "2000000", *arguments, "-t", "1", "-f", sink, "-"]
    return subprocess.run(command, capture_output=True, timeout=60)


def _is_nowhere(root: Path, canary: bytes) -> None:
    """Parquet is compressed, so tables are read; everything else is searched as it is."""
    import pyarrow.parquet as pq

    for path in (path for path in root.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            assert canary.decode() not in str(pq.read_table(path).to_pylist()), path
        else:
            assert canary not in path.read_bytes(), path
        if path.suffix == ".tar":
            with tarfile.open(path) as tar:
                assert all("/" not in name for name in tar.getnames())
