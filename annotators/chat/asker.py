"""An asker: how questions reach a model. Made in the driver (cheap, picklable), opened in a worker."""

from collections.abc import Sequence
from typing import Protocol

from annotators.base import CallEstimate, Resources
from annotators.chat.request import ChatRequest, Reply
from annotators.site import Site
from schemas.accounting import Used
from schemas.errors import Rejected


class Asker(Protocol):
    @property
    def model(self) -> str:
        """ "name@revision" for rows."""
        ...

    @property
    def resources(self) -> Resources: ...

    @property
    def batch_size(self) -> int:
        """Clips whose questions are best asked together."""
        ...

    def connect(self, site: Site) -> None: ...

    def open(self) -> None:
        """ModelError or ServerError if the model is not to be had."""
        ...

    def ask(self, requests: Sequence[ChatRequest]) -> list[Reply | Rejected]:
        """One reply per request, in order. Structured replies are validated and re-asked here."""
        ...

    def take_usage(self) -> Sequence[Used]: ...

    def estimate(self, requests: Sequence[ChatRequest], reply_tokens: float) -> CallEstimate | None:
        """What these requests are expected to cost with replies of this length. Needs no server."""
        ...

    def close(self) -> None: ...
