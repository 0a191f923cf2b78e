"""Whose sound is mixed into a clip: another source of the same split, as unlike it as there is."""

from collections.abc import Sequence

from numpy.random import Generator

from pipeline.editing.measures import spectral_overlap
from pipeline.editing.params import EditParams
from pipeline.editing.profile import Profile
from schemas.edits import Operation

_LEAST_COVER_FRAC = 0.5  # of the clip, by a sound that is to be heard all along


def find_partner(
    rng: Generator, operation: Operation, of: Profile, others: Sequence[Profile], params: EditParams
) -> Profile | None:
    """One of the `num_partners` that are least like the clip, None where nobody may lend a sound to it."""
    fitting = sorted(
        (other for other in others if _may_lend(other, operation, of, params)),
        key=lambda other: (likeness(of, other), other.clip_id),
    )
    return fitting[rng.integers(min(len(fitting), params.num_partners))] if fitting else None


def likeness(one: Profile, other: Profile) -> float:
    """0..3: shared third-octave spectrum, plus shared kinds of sound (Jaccard index), plus 1 for the same label."""
    kinds = one.kinds | other.kinds
    shared = len(one.kinds & other.kinds) / len(kinds) if kinds else 0.0
    is_same_label = one.clip.label is not None and one.clip.label == other.clip.label
    return spectral_overlap(one.spectrum, other.spectrum) + shared + is_same_label


def _may_lend(other: Profile, operation: Operation, of: Profile, params: EditParams) -> bool:
    """Of the same split and rate, of another source, long and loud enough, with something in it that can be spoken of."""
    is_stranger = other.clip.source_id != of.clip.source_id and other.split == of.split
    covers = operation != "extraction" or other.num_samples >= _LEAST_COVER_FRAC * of.num_samples
    return is_stranger and covers and bool(other.clear) and other.rate_hz == of.rate_hz and is_usable(other, params)


def is_usable(profile: Profile, params: EditParams) -> bool:
    """Long enough and loud enough to take part."""
    return profile.clip.duration_s >= params.min_clip_s and profile.lufs >= params.min_lufs
