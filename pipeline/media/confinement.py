"""What a program that opens files of strangers may do: one list of formats, little memory and time, no network, no secrets.

Owns the command prefix, the environment and the limits of such a child; `ffmpeg` and `probe` start theirs with them:

* Formats. Only containers that are whole in themselves are opened. A playlist, a concat list, a session description or a
  pattern of image names is a text that names other files and addresses; raw PCM and text art would turn any file into media.
* Limits of the kernel on address space, CPU time, the size of a written file, open files, and no core dumps.
* Where Linux has `unshare` and `setpriv` (util-linux) and lets us: an empty network namespace, no new privileges, and an end
  with the thread that started it. `confinement()` says what this machine gives; the other fences hold everywhere.

Left out: seccomp and Landlock. They fence a decoder that a file has taken over; what is here fences one that does as told.
"""

import math
import os
import resource
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache

GIB = 2**30
MAX_PIXELS = 8192 * 4352  # MaxLumaPs of level 6.2, the largest picture of H.264 and HEVC: 8K and a little more
MAX_OUTPUT_BYTES = 4 * GIB  # of one file: ten minutes of lossless 480p and a margin
MAX_OPEN_FILES = 64
FORMATS = (
    "mov,matroska,avi,flv,mpegts,mpeg,asf,mxf,nut,gxf,dv,rm,wtv,nsv,swf,"  # mov: mp4, m4a, 3gp; mpeg: VOB
    "wav,w64,aiff,au,caf,flac,mp3,aac,loas,ac3,eac3,dts,truehd,ogg,amr,amrnb,amrwb,ape,wv,tta,tak,mpc,mpc8,dsf,voc"
)
DEMUXER_OPTIONS = {"protocol_whitelist": "file,pipe", "format_whitelist": FORMATS}

_KEPT_NAMES = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")
# root keeps its own user namespace: in another one it could not read what belongs to other users
_NO_NETWORK = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--user", "--map-current-user", "--net")
_NO_PRIVILEGES = ("setpriv", "--no-new-privs")


def confined(command: Sequence[str], *, dies_with_caller: bool = False) -> list[str]:
    """The command with what this machine has to shut it in.

    `dies_with_caller`: it is killed when the thread that started it ends, for whatever reason.
    """
    prefix = list(_prefix())
    if dies_with_caller and prefix:
        prefix += ["--pdeathsig", "KILL"]
    return [*prefix, *command]


def confinement() -> str:
    """What confines the children on this machine, in words."""
    fences = ["formats", "limits"]
    if _NO_NETWORK[0] in _prefix():
        fences.append("no network")
    if _NO_PRIVILEGES[0] in _prefix():
        fences.append("no new privileges")
    return ", ".join(fences)


@cache
def _prefix() -> tuple[str, ...]:
    """The longest prefix that works here. The last word is `setpriv`'s, so that its options can follow."""
    for prefix in ((*_NO_NETWORK, *_NO_PRIVILEGES), _NO_PRIVILEGES):
        if all(shutil.which(word) for word in prefix if word in ("unshare", "setpriv")):
            tried = subprocess.run([*prefix, "--pdeathsig", "KILL", "true"], capture_output=True, env=environment(), timeout=60)
            if tried.returncode == 0:
                return prefix
    return ()


def environment(**more: str) -> Mapping[str, str]:
    """The environment of a confined child: nothing that could be a key, and nothing that changes what ffmpeg does."""
    return {name: os.environ[name] for name in _KEPT_NAMES if name in os.environ} | more


def limit(pid: int, *, memory_bytes: int, cpu_s: float | None = None) -> None:
    """Set the kernel's limits of a child that was just started, or of this process. No error if it has ended already."""
    # Set from outside: a preexec_fn is not safe in a process with threads.
    if not hasattr(resource, "prlimit"):
        return
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_FSIZE: MAX_OUTPUT_BYTES,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    } | ({} if cpu_s is None else {resource.RLIMIT_CPU: math.ceil(cpu_s)})
    with suppress(ProcessLookupError):
        for kind, most in limits.items():
            _, hard = resource.prlimit(pid, kind)
            if hard == resource.RLIM_INFINITY or most < hard:  # a limit that is lower already stays
                resource.prlimit(pid, kind, (most, most))
