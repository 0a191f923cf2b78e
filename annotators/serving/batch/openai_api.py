"""OpenAI's Batch API, and what is compatible with it: /v1/files and /v1/batches.

A call is tried again by the official client. Only making a batch is not: whether a request whose connection broke has made one
is found out by the id of its file first, so that no file becomes two batches. Files are left at the server, where those of
batches expire after 30 days.
"""

import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import openai
from openai.types import Batch

from annotators.chat.structured import plain_text
from annotators.serving.batch.outbox import ENDPOINT
from annotators.serving.batch.record import Record
from annotators.serving.batch.server import Look
from annotators.serving.client import UNUSABLE, address, backoff_s
from annotators.serving.params import ServerParams
from schemas.errors import ServerError

_OFF_BY_S = 300.0  # a server's clock may differ from ours
_UPLOAD_TIMEOUT_S = 900.0
_PASSING = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)
_NO_ROOM = "token_limit_exceeded"  # more tokens wait in batches of this model than the account may have


class OpenAIBatches:
    def __init__(self, params: ServerParams) -> None:
        self._params = params
        self._url, self._key = address(params)
        self._openai = openai.OpenAI(
            base_url=self._url, api_key=self._key or "none", max_retries=params.max_retries, timeout=params.timeout_s
        )
        self._silent_since: float | None = None

    def upload(self, name: str, lines: Iterable[bytes]) -> str:
        """Upload the requests, one per line; the file's id."""
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as file, self._errors_told():
            file.writelines(lines)
            file.flush()
            with Path(file.name).open("rb") as source:
                patient = self._openai.with_options(timeout=_UPLOAD_TIMEOUT_S)
                return patient.files.create(file=(f"{name}.jsonl", source), purpose="batch").id

    def create(self, name: str, file_id: str, uploaded_at: float) -> str:
        """Start the job, once: after a failure it is looked for before it is asked for again. The job's id."""
        once = self._openai.with_options(max_retries=0)
        for failures in count(1):
            try:
                with self._errors_told(but=_PASSING if failures <= self._params.max_retries else ()):
                    return once.batches.create(
                        input_file_id=file_id, endpoint=ENDPOINT, completion_window="24h", metadata={"audiocot": name}
                    ).id
            except _PASSING:
                if found := self.find(file_id, uploaded_at):
                    return found
            time.sleep(random.uniform(0, backoff_s(failures)))  # noqa: S311 (full jitter: no two retry together)
        raise AssertionError("the last failure is told")

    def find(self, file_id: str, uploaded_at: float) -> str | None:
        """The id of the job of this file, if the server has one. `uploaded_at`: no older job can be it."""
        with self._errors_told():
            for batch in self._openai.batches.list(limit=100):  # the newest first
                if batch.input_file_id == file_id:
                    return batch.id
                if batch.created_at < uploaded_at - _OFF_BY_S:
                    return None
        return None

    def look(self, record: Record) -> Look:
        """A server that says nothing for a while is asked again later, for `patience_s`."""
        silent_s = time.monotonic() - (self._silent_since or time.monotonic())
        try:
            with self._errors_told(but=_PASSING if silent_s <= self._params.patience_s else ()):
                batch = self._retrieve(record)
        except _PASSING:
            self._silent_since = self._silent_since or time.monotonic()
            return Look("running", said="the server does not answer")
        self._silent_since = None
        num_done = batch.request_counts.completed + batch.request_counts.failed if batch.request_counts else 0
        if batch.status == "failed":
            return self._refused(batch)
        is_over = batch.status in ("completed", "expired", "cancelled")
        return Look("ended" if is_over else "running", num_done, batch.status)

    def _retrieve(self, record: Record) -> Batch:
        assert record.batch_id is not None
        try:
            return self._openai.batches.retrieve(record.batch_id)
        except openai.NotFoundError:
            raise ServerError(
                f"{self._who} must know batch {record.batch_id}, made of {len(record.asked)} requests, and does not; is it the "
                f"same account? If the batch is gone for good, delete its record, {record.number:06d}.json in batches/*/"
            ) from None

    def _refused(self, batch: Batch) -> Look:
        """Checked before anything is answered: nothing is paid."""
        errors = (batch.errors.data if batch.errors else None) or []
        if any(error.code == _NO_ROOM for error in errors):
            return Look("full", said=self._plain(errors[0].message))
        line = f" in line {errors[0].line}" if errors and errors[0].line else ""
        said = f"{self._plain(errors[0].message)}{line} ({errors[0].code})" if errors else "no reason given"
        return Look("refused", said=f"{self._who} does not take batch {batch.id}: {said}")

    def results(self, record: Record) -> Iterator[bytes]:
        """Lines without the key, wherever the server repeats it: what they say is stored and published."""
        with self._errors_told():
            batch = self._retrieve(record)
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id:
                    for line in self._openai.files.content(file_id).content.splitlines():
                        yield line.replace(self._key.encode(), "…".encode()) if self._key else line

    def close(self) -> None:
        self._openai.close()

    @contextmanager
    def _errors_told(self, but: tuple[type[openai.APIError], ...] = ()) -> Iterator[None]:
        """As ServerError, in one line."""
        try:
            yield
        except but:
            raise
        except openai.APIStatusError as error:
            how = UNUSABLE.get(error.status_code, "does not do it")
            said = "" if error.status_code == 401 else f": {self._plain(error)}"  # 401 quotes the key
            raise ServerError(f"{self._who} {how} (HTTP {error.status_code}{said})") from None
        except openai.APIError as error:
            raise ServerError(f"{self._who} cannot be reached: {self._plain(error)}") from None

    @property
    def _who(self) -> str:
        return f"the batch server of {self._params.model} at {self._url}"

    def _plain(self, said: object) -> str:
        """One line without the key."""
        line = " ".join(plain_text(str(said or "")).split()) or "no reason given"
        return (line.replace(self._key, "…") if self._key else line)[:300]
