"""The outbox: what a cell would ask, written to a file instead of being sent, each line as a batch takes it."""

import json
from collections.abc import Mapping
from typing import IO, Any, Literal

from annotators.serving.gate import Toll
from schemas.errors import Rejected
from schemas.row import Value

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"


class Asked(Value):
    """A request in an outbox. `usd`: the most that it may cost by the price list, None without a price."""

    key: str
    shard: int
    num_bytes: int
    tokens: int
    usd: float | None


class Outbox:
    """Of one cell. `takes_reasks`: whether requests that show the model an earlier reply are wanted, too."""

    def __init__(self, sink: IO[bytes], shard: int, takes_reasks: bool) -> None:
        self._sink, self._shard, self._takes_reasks = sink, shard, takes_reasks
        self._asked: dict[str, Asked] = {}

    @property
    def asked(self) -> list[Asked]:
        """One per line, in their order."""
        return list(self._asked.values())

    def defer(self, key: str, body: Mapping[str, Any], toll: Toll, is_reask: bool) -> Rejected:
        """Write the request down, once, and say that there is no answer yet: what is made of it is thrown away."""
        if key not in self._asked and (self._takes_reasks or not is_reask):
            line = json.dumps({"custom_id": key, "method": "POST", "url": ENDPOINT, "body": body}).encode() + b"\n"
            self._sink.write(line)
            self._asked[key] = Asked(key=key, shard=self._shard, num_bytes=len(line), tokens=toll.tokens, usd=toll.usd)
        return Rejected("server_error", "waits for its batch")
