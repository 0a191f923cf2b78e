"""A sample: one clip with its media (decoded on demand) and the rows earlier stages wrote about it."""

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

from annotators.media import Media
from schemas.media import Clip
from schemas.row import Row

R = TypeVar("R", bound=Row)


class Sample:
    """`rows` holds only the tables that the stage requires; asking for another is a KeyError."""

    def __init__(self, clip: Clip, media: Media, rows: Mapping[type[Row], Sequence[Row]]) -> None:
        self.clip = clip
        self.media = media
        self._rows = rows

    def of(self, row_type: type[R]) -> Sequence[R]:
        """The rows of one table about this clip, in the order they were written."""
        return cast(Sequence[R], self._rows[row_type])
