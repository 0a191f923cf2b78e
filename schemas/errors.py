"""Errors that people see, and refusals that become rows.

    AudiocotError            one clear line for the user, exit code 2: what must hold, what was given, what to do
    ├── RecipeError          a recipe, a `--set`, a backend or a stage that does not exist or does not validate
    ├── SourceError          nothing to build from: a missing path, an empty folder, an unreadable manifest
    ├── RootError            a root that is not a dataset of ours, or one that cannot be read or written
    │   └── StoreError       a store behind a root that does not answer or refuses; an OSError, which may be tried again
    ├── LeaseError           another build or command is writing to the root, or has taken it over
    ├── QueryError           SQL that fails or asks for something a query may not do
    ├── ResourceError        more cores, GPUs or memory asked for than there are
    ├── ClusterError         what runs the workers went away; a ConnectionError, which may be tried again
    ├── ReleaseError         a release that would not add up, or a name that is taken
    ├── ModelError           weights or a package that a backend needs are not there or do not load
    ├── ServerError          a served model that does not answer, does not exist, or refuses the key
    └── BudgetError          the next call could cost more than `--budget-usd` leaves

`Rejected` and `Filtered` are values, not exceptions: a stage or an annotator returns them for one sample and the build
goes on. Rejected becomes a failure row; Filtered is counted by its reason and is no failure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class AudiocotError(Exception):
    """Something the user can mend. The message is one line."""


class RecipeError(AudiocotError): ...


class SourceError(AudiocotError): ...


class RootError(AudiocotError): ...


class StoreError(RootError, OSError): ...


class LeaseError(AudiocotError): ...


class QueryError(AudiocotError): ...


class ResourceError(AudiocotError): ...


class ClusterError(AudiocotError, ConnectionError): ...


class ReleaseError(AudiocotError): ...


class ModelError(AudiocotError): ...


class ServerError(AudiocotError): ...


class BudgetError(AudiocotError): ...


FAILURE_CODES: dict[str, str] = {
    "unreadable": "the file cannot be opened or holds no media",
    "vanished": "the file was listed but is gone",
    "changed": "the file has other bytes than when it was listed",
    "no_audio_track": "there is a picture but no sound track",
    "silent_audio": "the sound track is digital silence",
    "too_short": "the media is shorter than the shortest clip allowed",
    "encrypted": "the media is protected and cannot be decoded",
    "unsupported_codec": "no decoder for this codec",
    "too_large": "the picture has more pixels than are decoded",
    "decode_failed": "the decoder gave up or produced nothing",
    "bad_span": "the manifest asks for a span that the media does not have",
    "timeout": "the work took longer than its limit",
    "unparsable_json": "a model's reply did not validate after all re-asks",
    "truncated": "a model's reply was cut off at its length limit",
    "empty_reply": "a model's reply says nothing",
    "refused": "a model or its provider declined to answer",
    "request_refused": "a server refused the request as invalid; the message has what it said",
    "server_error": "a server kept failing on this request after all retries",
    "out_of_memory": "the sample does not fit into memory even in a batch of its own",
    "annotator_error": "the annotator raised an exception; the message says which",
    "invalid_answer": "the annotator's answer is not what its role promises: another type, no number, no valid row",
    "forgotten": "the source was taken down and stays out of the dataset",
    "killed_worker": "the sample killed its worker repeatedly and was set aside",
}


@dataclass(frozen=True)
class Rejected:
    """No answer for this sample. `code` is one of FAILURE_CODES; `message` says what was found."""

    code: str
    message: str

    def __post_init__(self) -> None:
        if self.code not in FAILURE_CODES:
            raise ValueError(unknown("failure code", self.code, FAILURE_CODES))


@dataclass(frozen=True)
class Filtered:
    """The stage does not apply to this sample (`no_video`) or an earlier stage failed on it (`failed_in_<stage>`)."""

    reason: str


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """The message for a name that does not exist: says it, lists the known ones, suggests the nearest."""
    names = sorted(known)
    near = get_close_matches(given, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {given!r}{hint} (known: {', '.join(names)})"
