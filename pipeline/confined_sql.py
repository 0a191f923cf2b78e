"""What SQL of a user may do: read the parts of one dataset, for a while, in bounded memory, and change nothing.

Owns the settings of a DuckDB connection once its views are made, and the way a result comes out of it. DuckDB itself stops a
query at its time limit between rows; a function that does not come back (`sleep_ms`) and memory that it does not count (a
string of gigabytes) are stopped by limits of the process (`process_limits`).
"""

import os
import resource
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import psutil
import pyarrow as pa

from schemas.errors import QueryError

GIB = 2**30
_GRACE_S = 5.0  # between DuckDB's own limit and the end of the process
_ROWS_AT_ONCE = 100_000


@dataclass(frozen=True)
class QueryLimits:
    """`memory_bytes`: what DuckDB may hold; None: half of the machine's memory, at most 8 GiB. What is more goes to disk."""

    timeout_s: float
    memory_bytes: int | None = None
    spill_bytes: int = 16 * GIB
    result_bytes: int = 2 * GIB

    @property
    def most_memory_bytes(self) -> int:
        return self.memory_bytes or min(8 * GIB, psutil.virtual_memory().total // 2)


NO_HURRY = QueryLimits(timeout_s=24 * 3600)  # for questions of our own


def confine(connection: duckdb.DuckDBPyConnection, folders: Sequence[str], limits: QueryLimits) -> None:
    """From here on SQL can read what is in `folders` (paths or URLs) and nothing else, and cannot change that."""
    settings: dict[str, object] = {
        # made when it is needed, removed with the connection; SQL can read it, and what is there is the query's own
        "temp_directory": f"{tempfile.gettempdir()}/audiocot-query-{uuid.uuid4().hex}",
        "max_temp_directory_size": f"{limits.spill_bytes}B",
        "memory_limit": f"{limits.most_memory_bytes}B",
        "max_execution_time": round(limits.timeout_s * 1000),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "enable_progress_bar": False,  # it would stand in the middle of the answer
        "python_enable_replacements": False,  # names in SQL never mean variables of this program
    }
    for name, value in settings.items():
        connection.execute(f"set {name}={_literal(value)}")
    connection.execute(f"set allowed_directories=[{', '.join(_literal(folder.rstrip('/') + '/') for folder in folders)}]")
    connection.execute("set enable_external_access=false")
    connection.execute("set lock_configuration=true")


@contextmanager
def one_line_errors(limits: QueryLimits) -> Iterator[None]:
    """What goes wrong with a query, as a QueryError of one line."""
    try:
        yield
    except duckdb.InterruptException:
        raise QueryError(_too_long(limits)) from None
    except (duckdb.OutOfMemoryException, MemoryError):
        memory, disk = (f"{size / GIB:.1f} GiB" for size in (limits.most_memory_bytes, limits.spill_bytes))
        told = f"the query needs more than {memory} of memory or {disk} of disk; filter or aggregate before you sort or join"
        raise QueryError(told) from None
    except (duckdb.Error, pa.ArrowException) as error:
        raise QueryError(" ".join(str(error).split())) from None


def check_is_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError("a query must be one SELECT; the dataset is read-only")


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, limits: QueryLimits) -> pa.Table:
    """The result of a SELECT. QueryError if it is larger than it may be."""
    reader = connection.sql(sql).to_arrow_reader(_ROWS_AT_ONCE)
    kept, num_bytes = [], 0
    with reader:  # closed when it is left early, so that the connection can be asked again
        for batch in reader:
            kept.append(batch)
            num_bytes += batch.nbytes
            if num_bytes > limits.result_bytes:
                raise QueryError(f"the result is larger than {limits.result_bytes / GIB:.1f} GiB; filter, aggregate or `limit`")
    return pa.Table.from_batches(kept, reader.schema)


@contextmanager
def process_limits(limits: QueryLimits) -> Iterator[None]:
    """While it lasts, this process ends with one line when DuckDB does not stop, and takes bounded memory.

    For a process that does nothing but answer one query.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most_bytes = 2 * limits.most_memory_bytes + limits.result_bytes
    if hard == resource.RLIM_INFINITY or most_bytes < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, hard))
    watch = threading.Timer(limits.timeout_s + _GRACE_S, _end, [_too_long(limits)])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _end(message: str) -> None:
    print(f"audiocot: {message}", file=sys.stderr, flush=True)
    os._exit(2)  # the thread that asks is inside of DuckDB and hears nothing


def _too_long(limits: QueryLimits) -> str:
    return f"the query took longer than {limits.timeout_s:g} s; ask for less, or give it more with --timeout-s"


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else "'" + str(value).replace("'", "''") + "'"
