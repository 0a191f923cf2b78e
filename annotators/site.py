"""What a worker gives its annotators: the things that all workers of a build share, and the cell it is doing.

Only served models use it. Whoever runs an annotator by hand, without a build, makes `Site()`: no limits but the server's own,
no budget, nothing remembered.
"""

from dataclasses import dataclass, field

from annotators.serving.batch.outbox import Outbox
from annotators.serving.gate import Gate, LocalGate
from annotators.serving.replies import ReplyStore


@dataclass
class Site:
    """`cell` is what replies are billed to, "<stage>-<fingerprint8>/<shard>"; `visit` counts the cells that were begun.

    With an `outbox`, requests without a paid reply are put there and not sent: the rows of such a cell are thrown away.
    """

    gate: Gate = field(default_factory=LocalGate)
    replies: ReplyStore | None = None
    cell: str = ""
    visit: int = 0
    outbox: Outbox | None = None

    def begin(self, cell: str, outbox: Outbox | None = None) -> None:
        """The worker calls it before each cell, also before one that is tried again."""
        self.cell = cell
        self.outbox = outbox
        self.visit += 1
