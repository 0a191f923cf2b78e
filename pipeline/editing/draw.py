"""The editing tasks of a clip: which of the five operations, and everything that their rows say.

A task is drawn from a seed of its own, the hash of the stage's seed, the clip and the operation: another clip, another
operation or another number of tasks moves none of its draws. Which operations come first is drawn the same way, every order
alike, so that all five are about equally frequent wherever clips have partners.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from pipeline.editing import spans
from pipeline.editing.measures import gain_under, integrated_lufs
from pipeline.editing.params import EditParams, Range
from pipeline.editing.partners import find_partner
from pipeline.editing.profile import Profile
from pipeline.editing.render import Samples, mixed_in
from schemas.edits import OPERATIONS, Edit, Operation

_AUDIBLE_LU = 20.0  # what is masked is at most so much below the clip: the relative gate of EBU Tech 3342
_MOST_GAIN_DB = 20.0  # beyond this a part would be mostly its own background
_SNR_TOLERANCE_LU = 0.1


@dataclass(frozen=True)
class Drawn:
    """`num_without_partner`: operations whose turn it was, and nobody to mix with."""

    edits: list[Edit]
    num_without_partner: int


@dataclass(frozen=True)
class Drawer:
    """Draws the tasks of the clips of a shard.

    `others`: the clips that may lend a sound. `sound_of`: the stored sound of a clip by its id, float64 (channels, n).
    """

    params: EditParams
    model: str
    others: Sequence[Profile]
    sound_of: Callable[[str], Samples]

    def draw(self, of: Profile) -> Drawn:
        """Up to `per_clip` tasks; fewer where little is heard in the clip and nobody lends it a sound."""
        sound = self.sound_of(of.clip_id)
        edits: list[Edit] = []
        num_without_partner = 0
        for operation in operations_in_turn(self.params.seed, of.clip_id):
            if len(edits) == self.params.per_clip:
                break
            rng = default_rng(seed_of(self.params.seed, of.clip_id, operation))
            if operation in ("extension", "inpainting"):
                edit = self._silenced(rng, operation, of, sound)
            elif partner := find_partner(rng, operation, of, self.others, self.params):
                edit = self._mixed(rng, operation, of, sound, partner)
            else:
                num_without_partner += 1
                continue
            if edit is not None:
                edits.append(edit)
        return Drawn(edits, num_without_partner)

    def _silenced(self, rng: Generator, operation: Operation, of: Profile, sound: Samples) -> Edit | None:
        """None where nothing audible would be masked."""
        fade = _samples(rng, self.params.gap_fade_s, of)
        find_mask = spans.extension_mask if operation == "extension" else spans.inpainting_mask
        mask = find_mask(rng, of, fade, self.params)
        if integrated_lufs(sound[:, mask.first : mask.end], of.rate_hz) < of.lufs - _AUDIBLE_LU:
            return None
        gain_db = gain_under(_peak(sound), self.params.headroom_db)
        return self._edit(operation, of, mask=[mask], crossfade=fade, gain_db=gain_db)

    def _mixed(self, rng: Generator, operation: Operation, of: Profile, sound: Samples, partner: Profile) -> Edit | None:
        """None where the part cannot be made as loud as it should be."""
        fade = _samples(rng, self.params.crossfade_s, of)
        if operation == "extraction":
            part = spans.whole_part(rng, partner, of)
        else:
            part = spans.salient_part(rng, partner, of, fade, self.params)
        mask = spans.place(rng, part.end - part.first, of)
        edit = self._edit(
            operation,
            of,
            mask=[mask],
            crossfade=fade,
            gain_db=0.0,
            other_clip_id=partner.clip_id,
            other=part,
            offset=mask.first,
            other_gain_db=0.0,
        )
        other_sound = self.sound_of(partner.clip_id)
        clip_lufs = integrated_lufs(sound[:, mask.first : mask.end], of.rate_hz)
        part_sound = mixed_in(edit, other_sound)[:, mask.first : mask.end]
        other_gain_db = self._other_gain_db(of, part_sound, clip_lufs, rng.uniform(*self.params.snr_lu))
        layer = mixed_in(edit.model_copy(update={"other_gain_db": other_gain_db}), other_sound)
        snr_lu = clip_lufs - integrated_lufs(layer[:, mask.first : mask.end], of.rate_hz)
        if snr_lu > self.params.snr_lu[1] + _SNR_TOLERANCE_LU:
            return None
        gain_db = gain_under(max(_peak(sound), _peak(sound + layer)), self.params.headroom_db)
        return edit.model_copy(update={"other_gain_db": other_gain_db, "gain_db": gain_db, "snr_lu": round(snr_lu, 3)})

    def _other_gain_db(self, of: Profile, part_sound: Samples, clip_lufs: float, snr_lu: float) -> float:
        """In whole hundredths. Where the clip pauses, what is mixed in is measured by the clip as a whole instead.

        The part's own peak stays within full scale, so that a mix is never turned down far for the sake of one crack.
        """
        wanted_lufs = max(clip_lufs - snr_lu, of.lufs - self.params.max_below_lu)
        wanted_db = wanted_lufs - integrated_lufs(part_sound, of.rate_hz)
        up_to_full_scale_db = -20 * math.log10(max(_peak(part_sound), 1e-6))
        return round(min(wanted_db, up_to_full_scale_db, _MOST_GAIN_DB), 2)

    def _edit(self, operation: Operation, of: Profile, **drawn: Any) -> Edit:
        nothing_mixed_in = dict.fromkeys(("other_clip_id", "other", "offset", "other_gain_db", "snr_lu"))
        return Edit.model_validate(
            {
                "clip_id": of.clip_id,
                "model": self.model,
                "edit_id": f"{of.clip_id}/{operation}",
                "operation": operation,
                "sample_rate_hz": of.rate_hz,
                "num_samples": of.num_samples,
                "num_channels": of.clip.num_channels,
                "seed": seed_of(self.params.seed, of.clip_id, operation),
                **nothing_mixed_in,
                **drawn,
            }
        )


def operations_in_turn(seed: int, clip_id: str) -> list[Operation]:
    """All five, in an order that is drawn for the clip."""
    operations = list(OPERATIONS)
    return [operations[index] for index in default_rng(seed_of(seed, clip_id, "order")).permutation(len(operations))]


def seed_of(seed: int, clip_id: str, purpose: str) -> int:
    """48 bits: a number that JSON and every reader of it can hold."""
    digest = hashlib.blake2b(f"{seed}\n{clip_id}\n{purpose}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")


def _samples(rng: Generator, range_s: Range, of: Profile) -> int:
    return round(rng.uniform(*range_s) * of.rate_hz)


def _peak(sound: Samples) -> float:
    return float(np.abs(sound).max())
