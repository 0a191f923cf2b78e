"""The files of releases: the manifest, what it lists, and which release is the current one."""

from collections.abc import Collection, Sequence

from pipeline.integrity.problems import Problem, read_sealed
from pipeline.release.publish import CURRENT, MANIFEST
from schemas.layout import Dataset
from schemas.seal import Checksum, unseal_json


def release_name(path: str) -> str:
    """The release that a file belongs to."""
    return path.split("/")[1]


def look_at_release(
    dataset: Dataset, name: str, paths: Collection[str], is_expected: bool
) -> tuple[list[Problem], dict[str, Checksum]]:
    """What is wrong with a release at first sight, and what every file of it must be.

    `is_expected`: it was published by a run that is on record.
    """
    folder = f"releases/{name}"
    manifest = f"{folder}/{MANIFEST}"
    if manifest not in paths:
        left = [Problem(path, "unfinished", "its release has no manifest") for path in paths]
        return ([Problem(manifest, "missing", "a run has published this release")] if is_expected else left), {}
    data = read_sealed(dataset, manifest)
    if isinstance(data, Problem):
        return [data], {}
    record = unseal_json(data)
    listed = {
        f"{folder}/{file['path']}": Checksum(file["num_bytes"], file["sha256"])
        for kind in ("shards", "tables", "files")
        for file in record[kind]
    }
    unknown = sorted(set(paths) - set(listed) - {manifest})
    return [Problem(path, "unlisted", "the manifest of its release does not know it") for path in unknown], listed


def check_current(dataset: Dataset, published: Sequence[str], on_record: Collection[str]) -> list[Problem]:
    """Whether CURRENT names a release that is there and that a run on record has published.

    `published`: the names of those that are there; none, and CURRENT need not be there. `on_record`: names in run records.
    """
    if not published:
        return []
    try:
        name = dataset.storage.read(CURRENT).decode(errors="replace")
    except FileNotFoundError:
        return [Problem(CURRENT, "missing", "it names the newest release")]
    if name not in published:
        return [Problem(CURRENT, "changed", f"it names a release that is not there, {name!r}")]
    unlisted = Problem(f"releases/{name}/{MANIFEST}", "unlisted", "the record of the run that published it is gone")
    return [] if name in on_record else [unlisted]
