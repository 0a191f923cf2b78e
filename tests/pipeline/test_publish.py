"""Publishing as a commit: a name means one content for ever, and `CURRENT` always names a release that is whole."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.catalog import Catalog
from pipeline.integrity.finding import inspect_files
from pipeline.release.params import ReleaseParams
from pipeline.release.publish import CURRENT, ReleasePlan, current_release, is_published, make_current, plan_release, publish
from pipeline.release.select import Selection
from pipeline.splits import SplitParams
from schemas.errors import ReleaseError
from schemas.layout import Dataset
from tests.pipeline.conftest import Built, build
from tests.remote.fixtures import new_bucket

NAMES = ("cpu-" + "a" * 8, "a-much-longer-name-" + "b" * 8)
NUM_MOVES = 200
READER = f"""
import sys
from pipeline.release.publish import current_release
from schemas.layout import Dataset
dataset, seen, strange = Dataset.open(sys.argv[1]), set(), set()
print("reading", flush=True)
while not dataset.storage.exists("stop"):
    name = current_release(dataset)
    (seen if name in {NAMES} else strange).add(name)
print(len(seen), sorted(map(repr, strange)))
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.pipeline.conftest import build
import pipeline.build, pipeline.release.publish as publishing
module = pipeline.build if sys.argv[3] == "make_current" else publishing
setattr(module, sys.argv[3], lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
build(Path(sys.argv[1]), sys.argv[2], release={"shard_mb": 100})
"""


@pytest.fixture(params=["folder", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a dataset may be made."""
    if request.param == "folder":
        return str(tmp_path / "root")
    request.getfixturevalue("s3")
    return f"{new_bucket()}/root"


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def publish_as(built: Built, name: str, params: ReleaseParams) -> None:
    """What `params` select, under the full name of a release."""
    with Catalog(built.dataset, built.plan.fingerprints) as catalog:
        planned = plan_release(catalog, built.plan, params, SplitParams(), "other")
        release = ReleasePlan(name, planned.selection, [])
        publish(built.dataset, built.plan, release, catalog, built.report.accounts, [], "policy", {})


def test_a_name_that_is_published_takes_no_other_content(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    copied = Built(dataset, built.plan, built.report, built.source)
    folder = Path(dataset.url) / "releases" / built.report.release
    before = digests(folder)
    with pytest.raises(ReleaseError) as refused:
        publish_as(copied, built.report.release, ReleaseParams(max_false_share=1.0))
    assert str(refused.value) == (
        f"release {built.report.release} is published, and what is published is never changed; give the recipe another name "
        f"(--set name=...) to publish something else"
    )
    assert digests(folder) == before


def test_who_reads_current_while_it_moves_always_finds_the_name_of_a_release(root: str) -> None:
    dataset = Dataset.create(root)
    first, second = (ReleasePlan(name, Selection(), []) for name in NAMES)
    make_current(dataset, first)
    command = [sys.executable, "-c", READER, root]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "reading\n"
        for number in range(NUM_MOVES):
            make_current(dataset, first if number % 2 else second)
        dataset.storage.write("stop", b"")
        assert reader.stdout.read() == "2 []\n"
    assert reader.returncode == 0
    assert current_release(dataset) == NAMES[0]


@pytest.mark.parametrize(
    ("killed_at", "is_there"), [pytest.param("write_card", False, marks=pytest.mark.long), ("make_current", True)]
)
def test_a_kill_while_a_release_is_published_leaves_the_old_one_current_and_whole(
    built: Built, copy_of: Callable[[Built], Dataset], killed_at: str, is_there: bool
) -> None:
    dataset = copy_of(built)
    old = Path(dataset.url) / "releases" / built.report.release
    before = digests(old)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(built.source), dataset.url, killed_at], timeout=300, check=False, capture_output=True
    )
    assert killed.returncode == -9, killed.stderr
    assert (current_release(dataset), digests(old)) == (built.report.release, before)
    (begun,) = (name for name in dataset.storage.names("releases") if name not in (built.report.release, Path(CURRENT).name))
    assert is_published(dataset, ReleasePlan(begun, Selection(), [])) == is_there

    again = build(built.source, dataset.url, release={"shard_mb": 100})
    assert again.report.release == current_release(dataset) == begun
    assert digests(old) == before
    assert not [problem for problem in inspect_files(dataset).damage if problem.path.startswith("releases/")]
