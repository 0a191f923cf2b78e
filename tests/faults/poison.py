"""A command line whose event detector is poisoned: on some clips it does what no annotator should.

`python -m tests.faults.poison build …` is `audiocot build …` with one backend more, `poisoned`. Its parameter `misdeeds` says
what it does on clips whose id begins so; on all others it is the real detector.
"""

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from annotators.base import Params
from annotators.instruments.detector import EventDetector
from annotators.instruments.params import InstrumentParams
from annotators.media import Media
from annotators.registry import BACKENDS
from annotators.roles import Hearing
from schemas.errors import Rejected
from schemas.evidence import Measured


class Poisoned(InstrumentParams):
    misdeeds: tuple[tuple[str, str], ...] = Field((), description="beginnings of clip ids, each with what is done on them")


class PoisonedDetector(EventDetector):
    Params: type[Params] = Poisoned  # type: ignore[misc]

    def annotate(self, batch: Sequence[Media]) -> Sequence[Hearing | Rejected]:
        return [self._misbehave(media) or self._hear(media) for media in batch]

    def _misbehave(self, media: Media) -> Any:
        misdeeds = self.params.misdeeds  # type: ignore[attr-defined]
        misdeed = next((what for beginning, what in misdeeds if media.clip_id.startswith(beginning)), None)
        if misdeed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if misdeed == "hang":
            time.sleep(10_000)
        if misdeed == "hoard":
            hoard = []
            while True:
                hoard.append(bytearray(32 * 2**20))
        if misdeed == "raise":
            raise ZeroDivisionError("this clip divides by zero")
        if misdeed == "garbage":
            return "a word instead of what was heard"
        if misdeed == "nan":
            return Hearing([], [Measured.model_construct(name="loudness", value=float("nan"), unit="lufs")])
        return None


BACKENDS["event_detector"]["poisoned"] = "tests.faults.poison:PoisonedDetector"

if __name__ == "__main__":
    from flows.cli import main

    main()
