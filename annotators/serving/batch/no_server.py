"""In place of a client where there is no server: `vllm run-batch` answered what it could, and nobody can be asked directly."""

from collections.abc import Mapping
from typing import Any

from annotators.serving.batch.record import left_over
from annotators.serving.completion import Answered
from annotators.serving.gate import Toll
from annotators.serving.replies import reply_key
from annotators.site import Site
from schemas.errors import Rejected

_NOBODY = "vllm run-batch gave no reply, and there is no server to ask directly; name one with base_url"


class NoServer:
    """Refuses every request, with what the batch said about it if it did."""

    url = "vllm run-batch"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._left: tuple[int, dict[str, Rejected]] = (-1, {})

    async def complete(self, body: Mapping[str, Any], toll: Toll) -> Answered | Rejected:
        if self._site.replies is None:
            return Rejected("server_error", _NOBODY)
        if self._left[0] != self._site.visit:
            self._left = self._site.visit, left_over(self._site.replies.storage, self._site.cell)
        return self._left[1].get(reply_key(body)) or Rejected("server_error", _NOBODY)

    def refuse(self, error: Exception) -> None:
        return

    async def close(self) -> None:
        return
