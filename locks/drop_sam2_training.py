"""Remove the top-level package `training` that the wheel of sam2 installs beside its own: it would hide ours.

sam2 needs it only to be fine-tuned. Run by `make setup-vllm` and by the Dockerfile, with the Python of the environment, after
the dependencies and before this project. It removes the files that sam2's own record lists there, and what Python cached of
them, and nothing else.
"""

import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path


def main() -> int:
    try:
        installed = files("sam2") or []
    except PackageNotFoundError:
        return 0
    theirs = [Path(str(path.locate())) for path in installed if path.parts[0] == "training"]
    for path in theirs:
        path.unlink(missing_ok=True)
    for folder in sorted({path.parent for path in theirs}, key=lambda folder: -len(folder.parts)):
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
