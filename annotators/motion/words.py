"""Plain words for what is measured: colours, shapes, places, sizes, numbers, times. Shared by tracker and captioner."""

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HUES = (
    (15, "red"),
    (42, "orange"),
    (70, "yellow"),
    (165, "green"),
    (195, "cyan"),
    (255, "blue"),
    (290, "purple"),
    (340, "pink"),
    (361, "red"),
)


def colour_word(rgb: NDArray[np.float64]) -> str:
    """The everyday name of a colour given as 0..255."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(float(channel) / 255 for channel in rgb))
    if value < 0.22:
        return "dark"
    if saturation < 0.18:
        return "white" if value > 0.82 else "grey"
    if 15 <= hue * 360 < 42 and value < 0.6:
        return "brown"
    return next(name for limit, name in HUES if hue * 360 < limit)


def shape_word(width_px: float, height_px: float, fill: float) -> str | None:
    """What a box of this size, covered by this share, looks like; None when no word fits."""
    aspect = width_px / max(height_px, 1e-6)
    if aspect > 1.5:
        return "wide"
    if aspect < 1 / 1.5:
        return "tall"
    if 0.7 < fill < 0.86 and 0.8 < aspect < 1.25:
        return "round"
    return "square" if fill > 0.92 else None


def place_word(x_px: float, y_px: float, width_px: float, height_px: float) -> str:
    """Where a point is: "at the top left", "in the middle", …"""
    column = ("left", "", "right")[min(2, int(3 * x_px / width_px))]
    row = ("top", "", "bottom")[min(2, int(3 * y_px / height_px))]
    if not row and not column:
        return "in the middle"
    return "at the " + " ".join(word for word in (row, column) if word) if row else f"on the {column}"


def size_word(area_frac: float) -> str:
    """How big a box is in the picture."""
    return "large" if area_frac > 0.15 else "small" if area_frac < 0.01 else "medium-sized"


def counted(number: int, noun: str) -> str:
    """A number in words, with its noun: "one thing", "three things", "14 things"."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return f"{words[number] if number < len(words) else number} {noun}{'' if number == 1 else 's'}"


def ordinal(number: int) -> str:
    """ "first", "second", … "5th"."""
    words = ("first", "second", "third", "fourth")
    return words[number - 1] if number <= len(words) else f"{number}th"


def times_word(times_s: Sequence[float]) -> str:
    """Moments as people read them: "0.5 s", "0.5 and 1.2 s", "0.5, 1.2 and 2.0 s"."""
    *most, last = (f"{time_s:.1f}" for time_s in times_s)
    return f"{', '.join(most)} and {last} s" if most else f"{last} s"
