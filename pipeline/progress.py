"""How long work tells somebody how far it is; the face decides what to do with it."""

from typing import Protocol


class Progress(Protocol):
    """`phase` opens (or re-opens) a named piece of work; `advance` moves it."""

    def phase(self, name: str, total: int) -> None: ...

    def advance(self, name: str, by: int = 1, note: str = "") -> None: ...


class SilentProgress:
    """Tells nobody."""

    def phase(self, name: str, total: int) -> None:
        return

    def advance(self, name: str, by: int = 1, note: str = "") -> None:
        return
