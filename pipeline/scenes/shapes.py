"""What things look like: polygons in the thing's own frame, where the unit is its size, x right and y up from its anchor.

`SHAPES[looks](phase, vigor)` gives the parts from back to front. A fixture (the pole of a flag, the frame of a door) stands
still and does not belong to the thing that is tracked.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A filled polygon, (n, 2). `tint` multiplies the thing's colour; `rgb` replaces it."""

    points: Array
    tint: float = 1.0
    rgb: tuple[int, int, int] | None = None
    is_fixture: bool = False


Shape = Callable[[float, float], list[Part]]
DARK, GREY, WOOD, LIGHT = (45, 45, 55), (125, 125, 135), (112, 82, 58), (240, 240, 235)
RAINDROPS = np.random.default_rng(4).random((18, 2))  # where in its fall and where across the cloud a drop begins


def ellipse(x: float, y: float, rx: float, ry: float) -> Array:
    turn = np.linspace(0, 2 * np.pi, 29)[:-1]
    return np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], axis=1)


def box(x0: float, y0: float, x1: float, y1: float) -> Array:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)


def poly(*points: tuple[float, float]) -> Array:
    return np.array(points, float)


def bar(x0: float, y0: float, x1: float, y1: float, width: float) -> Array:
    """A straight stick."""
    along = np.array([x1 - x0, y1 - y0])
    side = np.array([-along[1], along[0]]) * width / 2 / np.hypot(*along)
    a, b = np.array([x0, y0]), np.array([x1, y1])
    return np.array([a + side, b + side, b - side, a - side])


def turned(points: Array, angle_rad: float, x: float, y: float) -> Array:
    """Rotated counter-clockwise around a point."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    rotated: Array = (points - (x, y)) @ np.array([[c, s], [-s, c]]) + (x, y)
    return rotated


def ball(phase: float, vigor: float) -> list[Part]:
    return [
        Part(ellipse(0, 0, 1, 1), 0.62),
        Part(ellipse(-0.03, 0.04, 0.9, 0.9)),
        Part(ellipse(-0.33, 0.38, 0.27, 0.22), 1.45),
    ]


def balloon(phase: float, vigor: float) -> list[Part]:
    string = bar(0, -1.1, 0.12 * np.sin(6 * phase), -2.0, 0.06)
    return [Part(string, rgb=LIGHT), Part(ellipse(0, 0, 0.85, 1.1)), Part(ellipse(-0.28, 0.45, 0.2, 0.26), 1.4)]


def walker(phase: float, vigor: float) -> list[Part]:
    swing = 0.42 * vigor * np.cos(np.pi * phase)
    legs = [turned(box(-0.05, 0, 0.06, 0.42), side * swing, 0, 0.42) for side in (-1, 1)]
    arm = turned(box(-0.035, 0.36, 0.035, 0.68), swing, 0, 0.68)
    body = poly((-0.15, 0.38), (0.15, 0.38), (0.17, 0.7), (0.1, 0.76), (-0.1, 0.76), (-0.17, 0.7))
    head = ellipse(0, 0.88, 0.12, 0.12)
    return [Part(legs[0], 0.5), Part(legs[1], 0.65), Part(body), Part(head, 1.25), Part(arm, 0.75)]


def car(phase: float, vigor: float) -> list[Part]:
    wheels = [ellipse(x, 0.1, 0.1, 0.1) for x in (-0.28, 0.28)]
    cabin = poly((-0.28, 0.3), (-0.18, 0.48), (0.16, 0.48), (0.28, 0.3))
    windows = poly((-0.22, 0.31), (-0.15, 0.44), (0.13, 0.44), (0.21, 0.31))
    body = poly((-0.5, 0.1), (0.5, 0.1), (0.5, 0.24), (0.42, 0.31), (-0.46, 0.31), (-0.5, 0.26))
    hubs = [ellipse(x + 0.04 * np.cos(9 * phase), 0.1 - 0.04 * np.sin(9 * phase), 0.03, 0.03) for x in (-0.28, 0.28)]
    parts = [Part(cabin, 0.85), Part(windows, rgb=(190, 215, 230)), Part(body)]
    return [*parts, *[Part(w, rgb=DARK) for w in wheels], *[Part(h, rgb=GREY) for h in hubs]]


def ambulance(phase: float, vigor: float) -> list[Part]:
    lamp = (90, 150, 255) if (2 * phase) % 1 < 0.5 else (30, 50, 140)
    body = poly((-0.5, 0.1), (0.5, 0.1), (0.5, 0.3), (0.36, 0.5), (-0.5, 0.5))
    window = poly((0.24, 0.3), (0.44, 0.3), (0.34, 0.46), (0.24, 0.46))
    stripe = box(-0.5, 0.2, 0.5, 0.25)
    wheels = [ellipse(x, 0.1, 0.1, 0.1) for x in (-0.28, 0.28)]
    parts = [
        Part(box(-0.08, 0.5, 0.08, 0.57), rgb=lamp),
        Part(body),
        Part(window, rgb=(190, 215, 230)),
        Part(stripe, rgb=LIGHT),
    ]
    return [*parts, *[Part(w, rgb=DARK) for w in wheels]]


def bell(phase: float, vigor: float) -> list[Part]:
    outline = [(-0.06, 0), (-0.2, -0.1), (-0.26, -0.5), (-0.36, -0.78), (-0.44, -0.86)]
    mantle = poly(*outline, *[(-x, y) for x, y in reversed(outline)])
    return [
        Part(box(-0.5, 0, 0.5, 0.08), rgb=WOOD, is_fixture=True),
        Part(ellipse(0, -0.88, 0.1, 0.12), 0.5),
        Part(mantle),
        Part(box(-0.4, -0.82, 0.4, -0.75), 0.7),
        Part(poly((-0.15, -0.12), (-0.08, -0.12), (-0.13, -0.7), (-0.24, -0.7)), 1.4),
    ]


def glasses(phase: float, vigor: float) -> list[Part]:
    parts = []
    for side in (-1, 1):
        gap = side * (0.22 + 0.28 * phase)
        bowl = poly((-0.2, 0.95), (0.2, 0.95), (0.16, 0.62), (0, 0.5), (-0.16, 0.62)) + np.array([gap, 0])
        stem = box(gap - 0.025, 0.06, gap + 0.025, 0.52)
        foot = ellipse(gap, 0.05, 0.15, 0.04)
        shine = bar(gap - 0.12, 0.9, gap - 0.1, 0.66, 0.035)
        parts += [Part(stem, 0.8), Part(foot, 0.8), Part(bowl), Part(shine, 1.5)]
    return parts


def drum(phase: float, vigor: float) -> list[Part]:
    parts = []
    for side in (-1, 1):
        lift = 0.3 * vigor * (0.5 + 0.5 * side * np.sin(2 * np.pi * phase))
        parts.append(Part(bar(side * 0.15, 0.62 + 0.02, side * 0.55, 0.85 + lift, 0.05), rgb=WOOD))
    skirt = poly((-0.45, 0.05), (0.45, 0.05), (0.45, 0.55), (-0.45, 0.55))
    stripes = [bar(x, 0.08, x + 0.15, 0.52, 0.03) for x in (-0.4, -0.1, 0.2)]
    skin = [Part(ellipse(0, 0.55, 0.45, 0.1), rgb=LIGHT)]
    return [Part(skirt), Part(ellipse(0, 0.06, 0.45, 0.08)), *[Part(s, 0.6) for s in stripes], *skin, *parts]


def door(phase: float, vigor: float) -> list[Part]:
    width = 0.62 * (1 - 0.75 * phase)
    leaf = poly((-0.31, 0.02), (-0.31 + width, 0.02 - 0.1 * phase), (-0.31 + width, 0.98 + 0.06 * phase), (-0.31, 0.98))
    panels = [np.stack([-0.31 + 0.2 * width + 0.6 * (leaf[:, 0] + 0.31), y + 0.34 * leaf[:, 1]], axis=1) for y in (0.09, 0.55)]
    knob = ellipse(-0.31 + 0.86 * width, 0.48, 0.035, 0.035)
    return [
        Part(box(-0.37, 0, 0.37, 1.04), rgb=WOOD, is_fixture=True),
        Part(box(-0.31, 0.01, 0.31, 0.98), rgb=(38, 34, 34), is_fixture=True),
        Part(leaf),
        *[Part(panel, 0.8) for panel in panels],
        Part(knob, rgb=(230, 200, 90)),
    ]


def clock(phase: float, vigor: float) -> list[Part]:
    face = [
        Part(ellipse(0, 0.28, 0.3, 0.3), rgb=WOOD, is_fixture=True),
        Part(ellipse(0, 0.28, 0.25, 0.25), rgb=LIGHT, is_fixture=True),
    ]
    hands = [bar(0, 0.28, 0, 0.47, 0.03), bar(0, 0.28, 0.12, 0.34, 0.04)]
    face += [Part(h, rgb=DARK, is_fixture=True) for h in hands]
    bob = [Part(ellipse(0, -0.85, 0.2, 0.2), 0.7), Part(ellipse(0, -0.85, 0.15, 0.15))]
    return [Part(bar(0, 0, 0, -0.75, 0.05), rgb=GREY), *bob, *face]


def hammer(phase: float, vigor: float) -> list[Part]:
    anvil = poly((-0.3, 0), (0.3, 0), (0.2, 0.12), (0.2, 0.28), (0.42, 0.4), (-0.34, 0.4), (-0.2, 0.28), (-0.2, 0.12))
    handle, head = box(0.1, 0.5, 0.85, 0.57), box(-0.12, 0.4, 0.12, 0.68)
    angle = -0.95 * phase
    parts = [Part(handle, rgb=WOOD), Part(head)]
    raised = [Part(turned(p.points, angle, 0.85, 0.53), p.tint, p.rgb) for p in parts]
    return [Part(anvil, rgb=(96, 98, 108), is_fixture=True), *raised]


def horn(phase: float, vigor: float) -> list[Part]:
    cone = poly((-0.3, 0.4), (-0.3, 0.6), (0.42, 0.9), (0.42, 0.1))
    return [Part(cone), Part(ellipse(0.42, 0.5, 0.1, 0.4), 0.55), Part(box(-0.48, 0.38, -0.3, 0.62), 0.75)]


def alarm(phase: float, vigor: float) -> list[Part]:
    lamp = (255, 245, 160) if vigor > 0 else (95, 85, 60)
    case = poly((-0.5, 0.08), (-0.42, 0), (0.42, 0), (0.5, 0.08), (0.5, 0.62), (0.42, 0.7), (-0.42, 0.7), (-0.5, 0.62))
    slots = [Part(box(-0.35, y, 0.35, y + 0.05), 0.5) for y in (0.12, 0.22)]
    return [Part(case), *slots, Part(ellipse(0, 0.48, 0.15, 0.15), rgb=lamp)]


def bird(phase: float, vigor: float) -> list[Part]:
    lift = 0.4 * np.sin(2 * np.pi * phase)
    wing = poly((-0.18, 0.05), (0.16, 0.05), (0.0, 0.1 + lift), (-0.12, 0.12 + lift))
    beak = poly((0.46, 0.12), (0.6, 0.07), (0.46, 0.04))
    tail = poly((-0.35, 0.02), (-0.62, 0.12), (-0.6, -0.06))
    return [
        Part(tail, 0.7),
        Part(ellipse(0, 0, 0.4, 0.17)),
        Part(ellipse(0.36, 0.09, 0.14, 0.13)),
        Part(beak, rgb=(250, 190, 60)),
        Part(ellipse(0.4, 0.12, 0.025, 0.025), rgb=DARK),
        Part(wing, 0.65),
    ]


def cloud(phase: float, vigor: float) -> list[Part]:
    puffs = [(-0.3, 0, 0.2, 0.14), (0.3, 0, 0.22, 0.15), (0, 0.08, 0.27, 0.2), (0, -0.03, 0.42, 0.12)]
    streaks = []
    if vigor > 0:
        for start, place in RAINDROPS:
            fall = start + 1.9 * phase
            x = -0.42 + 0.84 * ((place + 0.37 * np.floor(fall)) % 1)
            y = -0.1 - 0.75 * (fall % 1)
            streaks.append(Part(bar(x, y, x - 0.02, y - 0.14, 0.03), rgb=(175, 205, 240)))
    return streaks + [Part(ellipse(*p), 0.9 if k == 3 else 1.0) for k, p in enumerate(puffs)]


def flag(phase: float, vigor: float) -> list[Part]:
    along = np.linspace(0, 1, 15)
    wave = 0.17 * vigor * along * np.sin(2 * np.pi * (1.1 * along - 1.7 * phase))
    droop = -0.55 * (1 - np.sqrt(vigor)) * along**1.5
    x = along * (0.45 + 0.5 * np.sqrt(vigor))
    top, bottom = np.stack([x, wave + droop], 1), np.stack([x, wave + droop - 0.55], 1)
    pole = box(-0.05, -1.6, 0.0, 0.06)
    middle = np.concatenate([np.stack([x, wave + droop - 0.2], 1), np.stack([x, wave + droop - 0.35], 1)[::-1]])
    return [Part(pole, rgb=GREY, is_fixture=True), Part(np.concatenate([top, bottom[::-1]])), Part(middle, 1.35)]


SHAPES: dict[str, Shape] = {
    "ball": ball, "balloon": balloon, "walker": walker, "car": car, "ambulance": ambulance, "bell": bell, "glasses": glasses,
    "drum": drum, "door": door, "clock": clock, "hammer": hammer, "horn": horn, "alarm": alarm, "bird": bird, "cloud": cloud,
    "flag": flag,
}  # fmt: skip
SHAPE_WORDS: dict[str, str] = {
    "ball": "round", "balloon": "round", "walker": "tall", "car": "box", "ambulance": "box", "bell": "bell-shaped",
    "glasses": "pair", "drum": "cylinder", "door": "box", "clock": "round", "hammer": "stick", "horn": "cone", "alarm": "box",
    "bird": "winged", "cloud": "cloud-shaped", "flag": "waving",
}  # fmt: skip
COLORS: dict[str, tuple[int, int, int]] = {
    "red": (214, 60, 52), "orange": (236, 137, 46), "yellow": (238, 205, 70), "green": (76, 166, 82), "teal": (48, 158, 160),
    "blue": (62, 108, 206), "purple": (138, 84, 190), "pink": (232, 124, 168), "white": (232, 232, 226),
}  # fmt: skip
