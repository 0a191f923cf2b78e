"""What is heard in a clip, heard once in a worker: its analysis and its events, shared by detector, verifier and answerer.

All stages of a shard run on one worker where the engine can have it so, one after the other, each over all clips of the
shard. What was heard is therefore kept for as many clips as the worker's media are, by clip id, content and parameters.
Everybody still measures for himself: what is shared is a measurement of the sound, never a row of the dataset.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from annotators.instruments.analysis import Analysis
from annotators.instruments.events import find_events
from annotators.instruments.params import InstrumentParams
from annotators.media import Media
from schemas.evidence import HeardEvent

KEPT_CLIPS = 24  # of about 20 MB each, once the analysis has let go of what only finding events needs


@dataclass(frozen=True, eq=False)
class Listened:
    """The analysis of a clip's sound and the events found in it, in the order of `find_events`."""

    analysis: Analysis
    events: Sequence[HeardEvent]


_kept: OrderedDict[tuple[str, bytes, InstrumentParams], Listened] = OrderedDict()


def listen(media: Media, params: InstrumentParams) -> Listened:
    """What is heard in a clip; the same object for all who ask with the same parameters in this process."""
    sound = media.sound()
    key = (media.clip_id, blake2b(np.ascontiguousarray(sound.samples).data, digest_size=16).digest(), params)
    if key not in _kept:
        analysis = Analysis(sound, params)
        _kept[key] = Listened(analysis, find_events(analysis))
        analysis.let_go()
    _kept.move_to_end(key)
    while len(_kept) > KEPT_CLIPS:
        _kept.popitem(last=False)
    return _kept[key]
