"""The lease of a root: who may write there. One build or writing command at a time; readers need none.

Leases are numbered files `leases/<number>.json`, and the highest number holds. A lease is taken by creating the next number,
which a folder and an object store both give to exactly one of many. Nobody ever overwrites what another one wrote, so nothing
more is asked of a store than "create if it is new", and who was passed over needs no message: a higher number says it. Every
commit asks for one (`Fence`), in whatever process and on whatever machine, so a driver that was suspended, or workers that
outlive theirs, write nothing more once somebody else holds the root.

The holder writes its file again every `RENEWED_EVERY_S`. A lease that was not given back may be taken over

* at once, if its process is gone from this machine (told by boot and process namespace, not by name alone);
* otherwise when the file is older than `EXPIRES_AFTER_S`. Its age is the difference of two times that the storage itself put
  on files, that of the lease and that of one written now, so the clocks of the hosts play no part.

Left out: waiting for a lease. Who comes second is told who holds it, and stops.
"""

import json
import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from schemas.errors import LeaseError, RootError
from schemas.layout import Dataset
from schemas.storage import Storage

log = logging.getLogger(__name__)
RENEWED_EVERY_S = 10.0
EXPIRES_AFTER_S = 60.0
FOLDER = "leases"
_SOMEBODY = "somebody whose lease cannot be read"


@dataclass(frozen=True)
class Holder:
    """Who holds a lease. `started` tells processes of one number apart, `machine` machines and containers of one name."""

    command: str
    run_id: str | None
    host: str
    pid: int
    started: float
    machine: str
    since: str
    is_released: bool = False

    @classmethod
    def me(cls, command: str, run_id: str | None) -> "Holder":
        """This process, from now on."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(command, run_id, socket.gethostname(), os.getpid(), _started(os.getpid()), _machine(), now)

    @property
    def is_gone(self) -> bool:
        """Whether it certainly does not run any more: its process is not on this machine, where it was. A zombie is gone."""
        if self.machine != _machine():
            return False
        try:
            return psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE or _started(self.pid) != self.started
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            return True

    def __str__(self) -> str:
        run = f", run {self.run_id}" if self.run_id else ""
        return f"`audiocot {self.command}` (process {self.pid} on {self.host}{run}) since {self.since}"


@dataclass(frozen=True)
class Fence:
    """What every commit under a lease passes: LeaseError if a later lease was taken."""

    storage: Storage
    number: int

    def __call__(self) -> None:
        if (last := _last(self.storage)) > self.number:
            raise LeaseError(
                f"{self.storage.url} was taken over by {_read(self.storage, last) or _SOMEBODY}, because this process was not "
                f"heard of for {EXPIRES_AFTER_S:g} s; it writes nothing more; run the same command when the other has ended"
            )


@contextmanager
def hold(dataset: Dataset, command: str, run_id: str | None = None) -> Iterator[None]:
    """Hold the root while the block runs; its commits stop with LeaseError once it is lost.

    LeaseError, at once, if somebody else holds it; RootError if it cannot be written. `command`: as people know it ("build").
    """
    storage, me = dataset.storage, Holder.me(command, run_id)
    number = _take(storage, me)
    dataset.fence = Fence(storage, number)
    is_over = threading.Event()
    heart = threading.Thread(target=_beat, args=(dataset.fence, me, is_over), name="lease", daemon=True)
    heart.start()
    try:
        yield
    finally:
        is_over.set()
        heart.join()
        dataset.fence = None
        _give_back(storage, number, me)


def check_free(dataset: Dataset) -> None:
    """LeaseError if somebody holds the root now; for commands that have much to start before they take the lease."""
    _refuse_if_held(dataset.storage, _last(dataset.storage))


def _take(storage: Storage, me: Holder) -> int:
    _refuse_if_held(storage, last := _last(storage))
    number = last + 1
    try:
        with storage.create(_path(number), must_be_new=True) as sink:
            sink.write(_bytes(me))
    except FileExistsError:
        _refuse_if_held(storage, number)
        raise LeaseError(f"another command was faster to take {storage.url}; run the same command again") from None
    except OSError as error:
        raise error if isinstance(error, RootError) else RootError(f"{storage.url} cannot be written: {error}") from None
    Fence(storage, number)()  # who slept since it looked may have made a number that was long passed
    for old in (old for old in _numbers(storage) if old < number):
        storage.remove(_path(old))
    return number


def _refuse_if_held(storage: Storage, number: int) -> None:
    holder = _read(storage, number) if number else None
    if not number or (holder and (holder.is_released or holder.is_gone)):
        return
    left_s = EXPIRES_AFTER_S - _age_s(storage, number)
    if left_s > 0:
        raise LeaseError(
            f"{storage.url} is being written by {holder or _SOMEBODY}; wait until it ends "
            f"(if it has crashed, its lease expires in {left_s:.0f} s)"
        )


def _beat(fence: Fence, me: Holder, is_over: threading.Event) -> None:
    """Renew the lease until it is over or lost. A storage that fails is asked again: a lease expires late, not at once."""
    while not is_over.wait(RENEWED_EVERY_S):
        try:
            fence()
            fence.storage.write(_path(fence.number), _bytes(me))
        except LeaseError as error:
            log.warning("%s", error)
            return
        except (OSError, RootError) as error:
            log.warning("the lease of %s could not be renewed: %s", fence.storage.url, error)


def _give_back(storage: Storage, number: int, me: Holder) -> None:
    """The last file stays, so that numbers only ever go up."""
    try:
        if number == _last(storage):
            storage.write(_path(number), _bytes(replace(me, is_released=True)))
    except (OSError, RootError) as error:  # the next one on this machine sees that the process is gone
        log.warning("the lease of %s could not be given back: %s", storage.url, error)


def _age_s(storage: Storage, number: int) -> float:
    """Seconds since a lease was renewed, by the storage's own clock."""
    probe = f"{FOLDER}/now-{uuid.uuid4().hex}"
    try:
        storage.write(probe, b"what time is it?")
        now = storage.modified(probe)
    finally:
        storage.remove(probe)
    try:
        return (now - storage.modified(_path(number))).total_seconds()
    except FileNotFoundError:  # somebody else took the root over right now
        return 0.0


def _path(number: int) -> str:
    return f"{FOLDER}/{number:06d}.json"


def _numbers(storage: Storage) -> list[int]:
    return [int(name[:-5]) for name in storage.names(FOLDER) if name[:-5].isdecimal() and name.endswith(".json")]


def _last(storage: Storage) -> int:
    return max(_numbers(storage), default=0)


def _bytes(holder: Holder) -> bytes:
    return json.dumps(asdict(holder), indent=1).encode()


def _read(storage: Storage, number: int) -> Holder | None:
    """None for a lease that is damaged or not there any more."""
    try:
        return Holder(**json.loads(storage.read(_path(number))))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _started(pid: int) -> float:
    """When a process started; only ever compared on one machine."""
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return psutil.Process(pid).create_time()
    return float(stat.read_text().rpartition(")")[2].split()[19])  # ticks after boot: setting the clock moves them not


def _machine() -> str:
    """This boot of this machine and, of containers on it, this namespace of processes."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        return f"{socket.gethostname()} {psutil.boot_time():.0f}"
    return f"{boot.read_text().strip()} {os.stat('/proc/self/ns/pid').st_ino}"
