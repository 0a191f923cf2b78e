"""What to call one thing among others that look the same: by what its tracker calls it, and by place or size if need be."""

from collections.abc import Sequence

from schemas.objects import FoundObject

LEAST_APART = 0.2  # of a width of 2
LEAST_RATIO = 1.3  # of areas


def name(thing: FoundObject, things: Sequence[FoundObject]) -> str:
    """ "red round region", "left red round region" or "larger red round region", without an article.

    Things that differ in neither place nor size keep one name; then only tracks and times tell them apart.
    """
    alike = [other for other in things if other.phrase == thing.phrase and other.object_id != thing.object_id]
    distinctions = {
        "left": all(other.pan_mean - thing.pan_mean >= LEAST_APART for other in alike),
        "right": all(thing.pan_mean - other.pan_mean >= LEAST_APART for other in alike),
        "smaller": all(other.mean_area_frac >= LEAST_RATIO * thing.mean_area_frac for other in alike),
        "larger": all(thing.mean_area_frac >= LEAST_RATIO * other.mean_area_frac for other in alike),
    }
    word = next((word for word, holds in distinctions.items() if holds), None) if alike else None
    return f"{word} {thing.phrase}" if word else thing.phrase
