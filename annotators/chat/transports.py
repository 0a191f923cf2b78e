"""How a role that is asked in words reaches its model: a mixin per transport, put before the role's class.

A backend is a role, a transport and their parameters:
`class ServedReasoner(Served, AskingReasoner)` with `class Params(ReasonParams, ServerParams)`.
"""

from typing import Any, ClassVar, Literal

from annotators.chat.asker import Asker
from annotators.engine.asker import EngineAsker
from annotators.serving.asker import ServedAsker


class Served:
    """Any chat server. `params` are ServerParams and the role's own."""

    params: Any

    def make_asker(self) -> Asker:
        return ServedAsker(self.params)


class InEngine:
    """A vLLM engine in the worker. `params` are EngineParams and the role's own.

    `takes`: the kind of media the questions have, None for text alone.
    """

    takes: ClassVar[Literal["audio", "video"] | None] = None
    params: Any

    @classmethod
    def lacks(cls) -> list[str]:
        return EngineAsker.lacks()

    def make_asker(self) -> Asker:
        return EngineAsker(self.params, self.takes)
