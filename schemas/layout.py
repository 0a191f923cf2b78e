"""Where everything is in a dataset, and how its parts are written and read.

    <root>/dataset.json                                        identity, schema version
    <root>/clips/ingest-<fingerprint8>/shard-000042.tar        <clip_id>.mp4 (silent) .flac .json
    <root>/tables/<table>/<stage>-<fingerprint8>/part-000042.parquet
    <root>/blocks/<stage>-<fingerprint8>/...                   copies of many parts in few files, see pipeline.blocks
    <root>/spare/tables/...                                    a second copy of the parts that nobody can make again
    <root>/redone/<stage>-<fingerprint8>/000042.json           what a cell said before `audiocot verify --repair` took it back
    <root>/leases/000007.json                                  who writes here, or did last
    <root>/replies/<hh>/<hash>.json                            replies of served models, by the hash of the request
    <root>/batches/<stage>-<fingerprint8>/                     batches under way, so that a killed build finds them again
    <root>/runs/<run_id>.json                                  what a build did
    <root>/releases/<name>/                                    shards, tables, manifest.json, README.md

Existence is done: a part that is there is complete. What a stage has to say about a shard (how many clips came in, what
became of them, how long it took) rides in the metadata of the part of its first table, which is written last: the mark of the
cell. So do the checksums of the cell's other files; every part has a seal over its own bytes. Readers of rows check it.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow import arrow_schema, from_arrow, to_arrow
from schemas.errors import RootError
from schemas.row import Row
from schemas.seal import BLANK, Checksum, is_whole, seal_json, sealed, unseal_json
from schemas.storage import Snapshot, Storage

R = TypeVar("R", bound=Row)
SCHEMA_VERSION = 2
IDENTITY = "dataset.json"
REPORT_KEY = b"audiocot.cell"
FILES_KEY = b"audiocot.files"
SEAL_KEY = b"audiocot.seal"
SPARE = "spare"
_FOOTER_BYTES = 1 << 16  # that of a part is a few thousand bytes
REMEDY = "`audiocot verify --repair` finds all that is damaged, and the next build makes exactly that again"
_SPARE_HELPS = "; `audiocot verify --repair` puts back the spare copy where there is one"


class Dataset:
    """A root of ours. Make one with `Dataset.create` (writes the identity if the root is new) or `Dataset.open`.

    `fence` is called before every commit and raises if another writer has taken the root over (`pipeline.lease` sets it). It
    goes with the dataset to its workers.
    """

    def __init__(self, storage: Storage, identity: Mapping[str, Any]) -> None:
        self.storage = storage
        self.identity = identity
        self.fence: Callable[[], None] | None = None

    @property
    def url(self) -> str:
        return self.storage.url

    @classmethod
    def open(cls, url: str) -> "Dataset":
        """RootError if there is no dataset of ours at the root."""
        storage = Storage(url)
        try:
            if IDENTITY not in storage.reach() and storage.is_file:
                raise RootError(f"{url} is a file; the root of a dataset is a folder")
            data = storage.read(IDENTITY)
            version = json.loads(data)["audiocot_schema"]
        except (FileNotFoundError, NotADirectoryError):
            raise RootError(f"{url} is not an AudioCoT dataset: it has no {IDENTITY}; make one with `audiocot build`") from None
        except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError):
            raise RootError(f"{url} is not an AudioCoT dataset: its {IDENTITY} is not ours{_SPARE_HELPS}") from None
        except RootError:
            raise
        except Exception as error:  # every kind of store has errors of its own
            raise RootError(f"{url} cannot be read: {' '.join(str(error).split()) or type(error).__name__}") from None
        if version != SCHEMA_VERSION:
            raise RootError(f"{url} has schema version {version}, this program reads {SCHEMA_VERSION}")
        try:
            return cls(storage, unseal_json(data))
        except ValueError:
            raise RootError(f"{url} has a {IDENTITY} that is damaged{_SPARE_HELPS}") from None

    @classmethod
    def find(cls, url: str) -> "Dataset | None":
        """The dataset at the root, None if the place is empty or absent. RootError if something else is there."""
        storage = Storage(url)
        try:
            taken = storage.reach()
            if IDENTITY in taken:
                return cls.open(url)
            if storage.is_file:
                raise RootError(f"{url} is a file; the root of a dataset is a folder")
            if taken:
                raise RootError(f"{url} is not empty and not an AudioCoT dataset (it has {taken[0]!r}); choose a new folder")
        except RootError:
            raise
        except Exception as error:  # every kind of store has errors of its own
            raise RootError(f"{url} cannot be read: {' '.join(str(error).split()) or type(error).__name__}") from None
        return None

    @classmethod
    def create(cls, url: str) -> "Dataset":
        """Open the dataset, or start one in an empty or absent place. RootError if something else is there."""
        if found := cls.find(url):
            return found
        storage = Storage(url)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        identity = {"audiocot_schema": SCHEMA_VERSION, "id": uuid.uuid4().hex, "created": now}
        dataset = cls(storage, identity)
        try:
            storage.write(IDENTITY, seal_json(identity, indent=1))
            dataset.keep_twice(IDENTITY)
        except OSError as error:
            raise RootError(f"{url} cannot be written: {error}") from None
        return dataset

    def snapshot(self) -> "Dataset":
        """The dataset as it is now, to look at: in a store each folder is listed once. Of a folder it is the dataset itself."""
        return self if self.storage.is_local else Dataset(Snapshot(self.storage), self.identity)

    @staticmethod
    def part_folder(table: str, stage: str, fingerprint: str) -> str:
        return f"tables/{table}/{stage}-{fingerprint[:8]}"

    @classmethod
    def part_path(cls, table: str, stage: str, fingerprint: str, shard: int) -> str:
        return f"{cls.part_folder(table, stage, fingerprint)}/part-{shard:06d}.parquet"

    @staticmethod
    def clips_path(fingerprint: str, shard: int) -> str:
        return f"clips/ingest-{fingerprint[:8]}/shard-{shard:06d}.tar"

    def shards_with_part(self, table: str, stage: str, fingerprint: str) -> set[int]:
        """Numbers of the shards whose part of this table is there."""
        names = self.storage.names(self.part_folder(table, stage, fingerprint))
        return {int(name[5:11]) for name in names if name.startswith("part-") and name.endswith(".parquet")}

    def write_part(
        self,
        row_type: type[R],
        rows: Iterable[R],
        stage: str,
        fingerprint: str,
        shard: int,
        report: Mapping[str, Any] | None = None,
        must_be_new: bool = False,
        files: Mapping[str, Checksum] | None = None,
    ) -> dict[str, Checksum]:
        """Write one part atomically and give its path with its checksum. No rows make an empty part with the full schema.

        `report` and `files` (what else belongs to the cell) make it the mark of a cell. Whoever has lost the
        right to write here is stopped before a mark.
        """
        path = self.part_path(row_type.table, stage, fingerprint, shard)
        data = _part_bytes(to_arrow(row_type, rows), report, files)
        if (report is not None or files is not None) and self.fence:
            self.fence()
        with self.storage.create(path, must_be_new=must_be_new) as sink:
            sink.write(data)
        return {path: Checksum.of(data)}

    def keep_twice(self, path: str) -> None:
        """Copy what nobody can make again; `audiocot verify --repair` puts one copy in the place of the other."""
        self.storage.write(f"{SPARE}/{path}", self.storage.read(path))

    def read_part(self, row_type: type[R], stage: str, fingerprint: str, shard: int) -> Sequence[R]:
        """The rows of a part. RootError, with what to do, if it is damaged; so do the other readers of parts."""
        return from_arrow(row_type, self.read_arrow(row_type, stage, fingerprint, shard))

    def read_arrow(self, row_type: type[Row], stage: str, fingerprint: str, shard: int) -> pa.Table:
        """The same as an Arrow table, not validated."""
        path = self.part_path(row_type.table, stage, fingerprint, shard)
        with self._part_errors(path):
            data = self.storage.read(path)
            if not is_whole(data):
                raise ValueError("its bytes are not those that were written")
            table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)  # half the time of read_table
            if table.schema.equals(arrow_schema(row_type)):
                return table.replace_schema_metadata(None)
            return pq.read_table(pa.BufferReader(data), schema=arrow_schema(row_type))  # of an earlier version of the class

    def num_rows(self, table: str, stage: str, fingerprint: str, shard: int) -> int:
        """How many rows a part has, from its footer."""
        return int(self.footer(self.part_path(table, stage, fingerprint, shard)).num_rows)

    def read_report(self, table: str, stage: str, fingerprint: str, shard: int) -> dict[str, Any]:
        """What the stage said about this shard when it committed."""
        path = self.part_path(table, stage, fingerprint, shard)
        with self._part_errors(path):
            report: dict[str, Any] = json.loads(self.footer(path).metadata[REPORT_KEY])
            return report

    def footer(self, path: str) -> pq.FileMetaData:
        """What a part says of itself at its end."""
        with self._part_errors(path):
            tail = self.storage.tail(path, _FOOTER_BYTES)
            try:
                return pq.read_metadata(pa.BufferReader(tail))  # counts from the end: the rest of the file is not missed
            except pa.ArrowInvalid:
                return pq.read_metadata(pa.BufferReader(self.storage.read(path)))

    @contextmanager
    def _part_errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise RootError(f"{path} in {self.url} is missing; {REMEDY}") from None
        except (pa.ArrowException, KeyError, ValueError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RootError(f"{path} in {self.url} is damaged ({said}); {REMEDY}") from None


def _part_bytes(table: pa.Table, report: Mapping[str, Any] | None, files: Mapping[str, Checksum] | None) -> bytes:
    """A sealed part. What is said in the metadata of the file, and not in that of the schema, is there once."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
        writer.write_table(table)
        listed = None if files is None else {path: checksum.to_json() for path, checksum in files.items()}
        said = {REPORT_KEY: report, FILES_KEY: listed}
        metadata = {key: json.dumps(value).encode() for key, value in said.items() if value is not None}
        writer.add_key_value_metadata({**metadata, SEAL_KEY: BLANK.encode()})
    return sealed(sink.getvalue().to_pybytes())
