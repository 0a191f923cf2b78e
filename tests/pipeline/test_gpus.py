"""GPUs are found by asking the driver's tool, whatever state it is in."""

import stat
from pathlib import Path

import pytest

from pipeline.gpus import Gpu, find_gpus


def test_gpus_are_what_nvidia_smi_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771, 570.1'\necho 'NVIDIA GB10, [N/A], 580.2'\n")
    tool.chmod(tool.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_gpus() == [Gpu("NVIDIA H200", 140.4, "570.1"), Gpu("NVIDIA GB10", 0.0, "580.2")]
    tool.write_text("#!/bin/sh\necho no driver >&2\nexit 9\n")
    assert find_gpus() == []


def test_a_machine_without_nvidia_smi_has_no_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_gpus() == []
