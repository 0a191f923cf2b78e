"""Compile the locks: exact versions and hashes of every dependency, per way of installing, with no addresses.

Run by `make lock`. Two resolutions are kept apart on purpose: vLLM 0.32 needs fastapi<0.137, which holds Prefect at 3.7;
a laptop and CI get the newest Prefect that works instead of the oldest that vLLM allows.
"""

import shutil
import subprocess
import sys

LOCKS = {
    "base": [],
    "dev": ["dev", "s3"],
    "gpu": ["models", "train", "vllm", "s3"],
}
CONSTRAINED_BY = {"dev": "base"}  # what `make demo` installed stays valid when `make test` adds to it


def main() -> int:
    uv = shutil.which("uv") or f"{sys.prefix}/bin/uv"
    for name, extras in LOCKS.items():
        command = [uv, "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--quiet",
                   "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header",
                   "--no-annotate", "--output-file", f"locks/{name}.txt"]  # fmt: skip
        command += [f"--extra={extra}" for extra in extras]
        if name in CONSTRAINED_BY:
            command += ["--constraint", f"locks/{CONSTRAINED_BY[name]}.txt"]
        subprocess.run(command, check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
