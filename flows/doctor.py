"""Doctor: what this machine has, and what each backend still lacks to run here.

Looks, and changes nothing. A key is reported as set or not set, its value is never read into the report. Torch is not
imported: a GPU is what the driver's own tool says. Whether a backend can run is the backend's knowledge: its class may say
`lacks()`, one line per thing with how to get it; a class that cannot even be imported lacks its extra.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from annotators.registry import BACKENDS, backend_class
from pipeline.executors import usable_cores
from pipeline.gpus import Gpu, find_gpus
from pipeline.media.confinement import confinement
from pipeline.media.ffmpeg import ffmpeg_exe, ffmpeg_version

KEYS = ("OPENAI_API_KEY", "HF_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL")
PACKAGES = (
    "audiocot", "av", "duckdb", "ffmpeg-python", "librosa", "numpy", "openai", "opencv-python-headless", "prefect", "pyarrow",
    "pydantic", "ray", "webdataset", "qwen-vl-utils", "s3fs", "sam2", "torch", "transformers", "vllm",
)  # fmt: skip
EXTRAS = {
    "torch": "models",
    "transformers": "models",
    "sam2": "models",
    "qwen_vl_utils": "models",
    "vllm": "vllm",
    "s3fs": "s3",
}


@dataclass(frozen=True)
class Tool:
    """A program and where it comes from. `problem` says why it cannot be used, None if it can."""

    path: str | None
    version: str | None
    origin: str | None
    problem: str | None = None


@dataclass(frozen=True)
class BackendState:
    """Whether a backend can run here; `lacks` is empty if it can."""

    role: str
    name: str
    lacks: list[str]

    @property
    def can_run(self) -> bool:
        return not self.lacks


@dataclass(frozen=True)
class Diagnosis:
    """`packages`: name → version, None where it is not installed. `keys`: name → whether it is set."""

    python: str
    system: str
    ffmpeg: Tool
    confinement: str  # of the decoders of sources
    num_cores: int
    memory_gb: float
    memory_available_gb: float
    disk_free_gb: float
    disk_at: str
    gpus: list[Gpu]
    packages: dict[str, str | None]
    keys: dict[str, bool]
    ray_address: str | None
    backends: list[BackendState]


def diagnose(environment: Mapping[str, str] = os.environ) -> Diagnosis:
    """Look at everything. Nothing that is missing is an error here."""
    memory = psutil.virtual_memory()
    here = Path.cwd()
    return Diagnosis(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        ffmpeg=find_ffmpeg(),
        confinement=confinement(),
        num_cores=usable_cores(),
        memory_gb=round(memory.total / 2**30, 1),
        memory_available_gb=round(memory.available / 2**30, 1),
        disk_free_gb=round(shutil.disk_usage(here).free / 2**30, 1),
        disk_at=str(here),
        gpus=find_gpus(),
        packages={name: _version(name) for name in PACKAGES},
        keys={name: bool(environment.get(name)) for name in KEYS},
        ray_address=environment.get("RAY_ADDRESS"),
        backends=[backend_state(role, name) for role, names in BACKENDS.items() for name in names],
    )


def find_ffmpeg() -> Tool:
    """The ffmpeg that builds would use."""
    try:
        path = ffmpeg_exe()
        origin = "system" if shutil.which("ffmpeg") == path else "imageio-ffmpeg"
        return Tool(path, ffmpeg_version(), origin)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return Tool(None, None, None, f"{error}; install ffmpeg, or `pip install imageio-ffmpeg`")


def backend_state(role: str, name: str) -> BackendState:
    """What a backend says that it lacks."""
    try:
        return BackendState(role, name, backend_class(role, name).lacks())
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        remedy = f"; get it with `pip install 'audiocot[{EXTRAS[missing]}]'`" if missing in EXTRAS else ""
        return BackendState(role, name, [f"{error}{remedy}"])
    except Exception as error:  # a broken backend is a finding, and the other findings are still wanted
        return BackendState(role, name, [f"does not load: {type(error).__name__}: {error}"])


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
