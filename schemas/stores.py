"""Stores behind a URL: how fsspec opens one, how long it is waited for, and what its errors say to a person.

The only file that knows that one store is S3 and another is not. Credentials and endpoint come from where the store's own tools
look for them (for S3: `AWS_*`, profiles, the machine's role, `FSSPEC_S3_*`), in every process anew, and never from a URL: URLs
stand in run records and messages.
"""

from typing import Any
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import RootError

_BLOCK_BYTES = 16 * 2**20
_NO_CACHE = {"use_listings_cache": False}  # other processes write: a remembered listing is an old one
# Big objects travel in four blocks at a time: 64 MB of memory, where the defaults of s3fs take 500.
_S3 = _NO_CACHE | {"default_block_size": _BLOCK_BYTES, "max_concurrency": 4}
# For the first question only: a wrong endpoint is told in seconds. A build that is under way is more patient with its store.
_S3_AT_FIRST = {"config_kwargs": {"connect_timeout": 3, "read_timeout": 4, "retries": {"total_max_attempts": 2}}}
_S3_PLACES = (
    "check the bucket, the endpoint (AWS_ENDPOINT_URL or FSSPEC_S3_ENDPOINT_URL) and the credentials (AWS_PROFILE or "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
)
_S3_WORDS = {  # where the store's own words tell a person too little
    "Forbidden": "access is denied",
    "Bad Request": "the request was refused",
    "Not Found": "it does not exist",
}


def is_remote(url: str) -> bool:
    return "://" in url and not url.startswith(("file://", "local://"))


def open_store(url: str) -> tuple[Any, str]:
    """The filesystem of a URL, and the URL's path in it. RootError if there is no such kind of store, or it holds credentials.

    A name without a protocol is a plain local name: `::`, `*` and `[` in it mean nothing.
    """
    if not is_remote(url):
        return LocalFileSystem(), LocalFileSystem._strip_protocol(url)
    if has_password(url):
        raise RootError(
            f"{without_password(url)} must be given without credentials: a URL stands in records and messages; put them where "
            f"the store's own tools look for them (for S3: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
        )
    return _opened(url, _S3 if _is_s3(url) else _NO_CACHE)


def open_impatiently(url: str) -> Any:
    """A filesystem that gives up within seconds where nobody answers."""
    if not _is_s3(url):
        return open_store(url)[0]
    filesystem, _ = _opened(url, _S3 | _S3_AT_FIRST)
    filesystem.retries = 1
    return filesystem


def _opened(url: str, options: dict[str, Any]) -> tuple[Any, str]:
    """Not by fsspec's `url_to_fs`, to which `::` anywhere in a URL is a chain of stores."""
    try:
        kind = fsspec.get_filesystem_class(url.partition("://")[0])
        filesystem = kind(**kind._get_kwargs_from_urls(url), **options)
    except Exception as error:  # an unknown protocol, a package that is not installed, a malformed URL
        raise RootError(f"{url} cannot be used: {_one_line(error)}") from None
    return filesystem, kind._strip_protocol(url)


def upload_options(url: str) -> dict[str, Any]:
    """For `put_file`: objects of two blocks and more go up in parts of one block."""
    return {"chunksize": _BLOCK_BYTES} if _is_s3(url) else {}


def has_password(url: str) -> bool:
    """`key:secret@` before the host or bucket. A name alone is none: Azure's URLs say `container@account`."""
    return is_remote(url) and ":" in urlsplit(url).netloc.rpartition("@")[0]


def without_password(url: str) -> str:
    if not has_password(url):
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def was_refused(error: Exception) -> bool:
    """Whether a server said so. An empty listing is no refusal: a server that has no such folder lists nothing."""
    return bool(_response(error))


def is_missing_bucket(error: Exception) -> bool:
    """A store says of a bucket that is not there what it says of a file that is not there; S3 behind it is more exact."""
    return bool(_response(error).get("Error", {}).get("Code") == "NoSuchBucket")


def _response(error: Exception) -> dict[str, Any]:
    return getattr(error.__cause__, "response", None) or {}


def told(url: str, error: Exception) -> str:
    """What a store's error means to a person: one line that says where to look."""
    said = _S3_WORDS.get(_one_line(error), _one_line(error)).rstrip(".")
    return f"{url}: {said}" + (f"; {_S3_PLACES}" if _is_s3(url) else "")


def _is_s3(url: str) -> bool:
    return url.startswith(("s3://", "s3a://"))


def _one_line(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
