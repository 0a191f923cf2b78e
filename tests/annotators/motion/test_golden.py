"""The tracker's answers on drawn worlds, written down: what makes it faster must not change what it says.

Numbers are written to a tenth of a pixel and a thousandth of the rest, which leaves room for other processors' last digits.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.media import ArrayMedia
from annotators.roles import Seeing
from tests.annotators.motion.worlds import Picture, clip, media, put_bell, put_box, put_disc, see, textured_wall

RED, BLUE, YELLOW, GREEN = (210, 40, 40), (40, 60, 210), (220, 210, 40), (40, 170, 60)


def meetings() -> ArrayMedia:
    """Two boxes that pass each other, a ball that falls on the floor, a bell that is struck, a rest and an end."""

    def draw(picture: Picture, t: float) -> None:
        since = max(0.0, t - 1.2)
        put_bell(picture, 196 + 9 * np.exp(-since / 0.3) * np.sin(2 * np.pi * 2 * since), 6, YELLOW)
        put_box(picture, 10 + 70 * min(t, 2.4), 60, 28, 28, RED)
        put_box(picture, 190 - 60 * t, 66, 34, 22, BLUE)
        fall = (t - 0.4) % 1.2
        if t < 2.8:
            put_disc(picture, 40 + 30 * t, 140 - 150 * fall * (1.2 - fall), 9, GREEN)

    return clip(draw, 3.6)


def pan_and_cut() -> ArrayMedia:
    """A camera that pans after a box, a hard cut, and a lamp that pulses in another picture."""
    wide, other = textured_wall((640, 160)), 250 - textured_wall((240, 160), seed=9)
    other[:, :, 0] //= 2
    pictures = []
    for index in range(90):
        picture = wide[:, 3 * index : 3 * index + 240].copy() if index < 50 else other.copy()
        if index < 50:
            put_box(picture, 30 + 1.5 * index, 60, 36, 36, RED)
        else:
            put_disc(picture, 120, 80, 16 + 6 * np.sin(index / 2), BLUE)
        pictures.append(picture)
    return media(np.stack(pictures))


WORLDS: dict[str, Callable[[], ArrayMedia]] = {"meetings": meetings, "pan_and_cut": pan_and_cut}


def told(seeing: Seeing) -> dict[str, Any]:
    """An answer with all boxes of every fifth frame, in plain values."""
    return {
        "tracks": [
            {
                "phrase": track.phrase,
                "span_s": [round(track.start_s, 3), round(track.end_s, 3)],
                "boxes": [[round(side, 1) for side in box.box_xyxy_px] for box in track.boxes[::5]],
                "numbers": [round(number, 3) for number in (track.coverage_frac, track.mean_score)],
            }
            for track in seeing.tracks
        ],
        "events": [[event.kind, event.track_id, round(event.time_s, 3), round(event.strength, 1)] for event in seeing.events],
        "measurements": {measured.name: round(measured.value, 3) for measured in seeing.measurements},
    }


@pytest.mark.parametrize("name", WORLDS)
def test_the_tracker_says_what_it_always_said(name: str, request: pytest.FixtureRequest) -> None:
    golden = Path(__file__).parent / "golden" / f"{name}.json"
    made = told(see(WORLDS[name]()))
    assert len(made["tracks"]) >= 2
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(made) + "\n")
    assert json.loads(golden.read_text()) == made, "if the change is meant: pytest tests/annotators/motion --update-golden"
