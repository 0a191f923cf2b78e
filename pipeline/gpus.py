"""The GPUs of this machine, as the driver's own tool lists them. Torch is not imported for the question."""

import shutil
import subprocess
from dataclasses import dataclass

_TIMEOUT_S = 20


@dataclass(frozen=True)
class Gpu:
    name: str
    memory_gb: float
    driver: str


def find_gpus() -> list[Gpu]:
    """NVIDIA GPUs as nvidia-smi lists them; none where it is absent or does not answer."""
    if not (tool := shutil.which("nvidia-smi")):
        return []
    command = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [gpu for line in listed.splitlines() if (gpu := _gpu(line))]


def _gpu(line: str) -> Gpu | None:
    """One line of nvidia-smi; memory is in MiB, or `[N/A]` on machines that share it with the CPU."""
    fields = [field.strip() for field in line.split(",")]
    if len(fields) != 3:
        return None
    name, memory_mib, driver = fields
    return Gpu(name, round(float(memory_mib) / 1024, 1) if memory_mib.replace(".", "").isdigit() else 0.0, driver)
