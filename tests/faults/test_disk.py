"""Disks that take nothing more: full, read-only, no room for scratch. One clear line, nothing half-committed, then it goes on.

Each test mounts a tiny disk of its own in a namespace of its own, and fills it for real.
"""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
FULL_ROOT = """
import os, sys
from pathlib import Path
from annotators.base import Params
from pipeline.catalog import Catalog
from pipeline.integrity.cells import MARKERS
from pipeline.integrity.finding import inspect_files
from schemas.errors import RootError
from tests.pipeline.spelling import Speller, ingested, plan_of, rows_of, run_cell
from schemas.evidence import Caption
disk = Path(sys.argv[1])
MARKERS["spell"] = "caption"  # the stages of these tests are known to nobody else
plan = plan_of(Speller(Params()))
dataset = ingested(str(disk / "root"), plan, *(f"{number:03d}" for number in range(200)))
filler = disk / "filler"
with filler.open("wb", buffering=0) as sink:
    try:
        while True:
            sink.write(bytes(512))
    except OSError:
        pass
os.truncate(filler, filler.stat().st_size - 4096)  # room for one part of the cell, and not for the others
for _ in range(2):
    try:
        run_cell(dataset, plan)
    except RootError as error:
        print(error)
    else:
        sys.exit("the disk was not full")
assert not dataset.shards_with_part("caption", "spell", plan["spell"].fingerprint), "half a cell is committed"
assert not [path for path in disk.rglob("*") if path.name.startswith(".")], "a temporary file was left to fill the disk"
assert not [problem for problem in inspect_files(dataset).damage if "spell" in problem.path]
with Catalog(dataset, plan.fingerprints) as catalog:
    assert catalog.query("select count(*) as n from clip").to_pylist() == [{"n": 200}]
    assert catalog.query("select count(*) as n from caption").to_pylist() == [{"n": 0}]
filler.unlink()
run_cell(dataset, plan)
assert len(rows_of(dataset, plan, Caption)) == 200
assert not [problem for problem in inspect_files(dataset).damage if "spell" in problem.path]
"""
READ_ONLY_ROOT = """
import subprocess, sys
from pathlib import Path
from annotators.base import Params
from pipeline.catalog import Catalog
from pipeline.lease import hold
from schemas.errors import RootError
from schemas.layout import Dataset
from tests.pipeline.spelling import Speller, ingested, plan_of, run_cell
disk = sys.argv[1]
plan = plan_of(Speller(Params()))
dataset = ingested(disk + "/root", plan, "ab")
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
create = lambda: Dataset.create(disk + "/new")
for write in (lambda: run_cell(dataset, plan), lambda: hold(dataset, "build").__enter__(), create):
    try:
        write()
    except RootError as error:
        print(error)
    else:
        sys.exit("the disk was not read-only")
with Catalog(Dataset.open(disk + "/root"), plan.fingerprints) as catalog:
    assert catalog.query("select count(*) as n from clip").to_pylist() == [{"n": 1}]
"""
FULL_SCRATCH = """
import os, sys, tempfile
from annotators.base import Params
from schemas.errors import Rejected, ResourceError
from tests.pipeline.spelling import Spell, Speller, failures, ingested, plan_of, run_cell

class Scratching(Spell):
    def run(self, cell):
        with tempfile.NamedTemporaryFile() as scratch:
            scratch.write(bytes(10_000_000)); scratch.flush()
        return super().run(cell)

os.environ["TMPDIR"] = sys.argv[1]
plan = plan_of(Speller(Params()), Scratching)
dataset = ingested(sys.argv[2], plan, "ab")
try:
    run_cell(dataset, plan)
except ResourceError as error:
    print(error)
else:
    sys.exit("the scratch folder was not full")
assert not dataset.shards_with_part("failure", "spell", plan["spell"].fingerprint), "a clip was blamed"
"""


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this machine gives no namespace to mount a disk in: {tried.stderr.strip()}")


def on_a_disk(size: str, code: str, disk: Path, *arguments: str) -> list[str]:
    """What a program said that had a disk of that size; it must have ended well."""
    disk.mkdir()
    mount = f'mount -t tmpfs -o size={size} disk {disk} && exec "$@"'
    command = [*NAMESPACE, "sh", "-c", mount, "sh", sys.executable, "-c", code, str(disk), *arguments]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()


def test_a_full_disk_is_one_line_and_commits_nothing_half(tmp_path: Path) -> None:
    for line in on_a_disk("512k", FULL_ROOT, tmp_path / "disk"):
        assert line.startswith(
            f"{tmp_path}/disk/root must have room and be writable, but the disk says: No space left on device"
        )


def test_a_read_only_root_is_one_line_and_can_be_queried(tmp_path: Path) -> None:
    told = on_a_disk("4m", READ_ONLY_ROOT, tmp_path / "disk")
    assert len(told) == 3
    assert all("Read-only file system" in line for line in told)


def test_a_full_scratch_folder_stops_the_stage_and_blames_no_clip(tmp_path: Path) -> None:
    (told,) = on_a_disk("1m", FULL_SCRATCH, tmp_path / "disk", str(tmp_path / "root"))
    assert told.startswith(f"spell must have room for temporary files, but {tmp_path}/disk is full; free some or set TMPDIR")
