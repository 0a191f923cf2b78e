"""Fixtures of roots that are no folders; `tests/conftest.py` makes them known to every test."""

import os
import uuid
from collections.abc import Iterator

import fsspec
import pytest

from tests.remote.server import S3Server, s3_server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for the tests of a process. Its environment is set, so that this process and those it starts find it."""
    before = dict(os.environ)
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        os.environ.update(server.environment)
        try:
            yield server
        finally:
            os.environ.clear()
            os.environ.update(before)


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """The URL of a new, empty bucket."""
    return new_bucket()


def new_bucket() -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    fsspec.filesystem("s3").mkdir(name)
    return f"s3://{name}"
