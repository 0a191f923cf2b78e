"""The memory a worker may take: so much and no more, so that one clip cannot take a machine down.

The kernel holds the limit (RLIMIT_DATA, private memory that can be written, since Linux 4.7; man 2 getrlimit): what asks for
more is refused at that moment, in Python as a MemoryError. A watch on the resident size would come too late for code that
takes gigabytes in one call. Children inherit the limit, each for itself. Workers with a GPU have none: CUDA reserves address
space by the terabyte; there Ray's own memory monitor guards the machine.
"""

import resource
from collections.abc import Sequence
from pathlib import Path

from annotators.base import Resources
from pipeline.pools import Pool, most_workers

_GIB = 2**30


def share_gb(pool: Pool, machines: Sequence[Resources]) -> float | None:
    """What a worker of this pool may take, when nobody says: an equal share of the machine that has least for each worker.

    None for a pool without a limit.
    """
    if pool.need.gpus:
        return None
    shares = [
        machine.memory_gb / min(fits, pool.num_workers or fits)
        for machine in machines
        if (fits := most_workers(pool.need, machine.cpus, machine.gpus, machine.memory_gb))
    ]
    return min(shares, default=None)


def limit_memory(most_gb: float | None) -> None:
    """Hold this process to so much more than it has now. Nothing happens where the system has no such limit."""
    if most_gb is None or not (now := _private_bytes()):
        return
    most = now + int(most_gb * _GIB)
    _, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
    if ceiling != resource.RLIM_INFINITY:
        most = min(most, ceiling)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _private_bytes() -> int:
    """Private memory that can be written, touched or not; 0 where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), 0)
