"""Regions of single frames become tracks: constant-velocity prediction, colour, overlap, and the Hungarian assignment.

Two things that meet become one region; it is divided between their tracks by colour and expected place, so that each keeps
its id when they part. A thing that falls into pieces is put together again within its expected box.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from annotators.motion.regions import (
    Box,
    Picture,
    Region,
    area_px,
    colour_bins,
    colours_at,
    intersection_px,
    likeness,
    owners,
    region_at,
)

MIN_LIKENESS = 0.35
MAX_SIZE_RATIO = 4.0
WORST_COST = 1.0e3
COLOUR_MEMORY = 0.9
VELOCITY_MEMORY = 0.5
PROVEN_FRAMES = 4
MAX_CLAIMANTS = 4  # a region that more trails lie in is a change of the whole picture, not a meeting of things


class Trail:
    """A track while it grows. `seen`: frame index to the region seen there; guesses are never stored.

    `last` is what was seen last, at `last_index`; `velocity` in working pixels per frame.
    """

    def __init__(self, index: int, region: Region) -> None:
        self.seen = {index: region}
        self.last_index, self.last = index, region
        self.colours = region.colours
        self.velocity = np.zeros(2)

    @property
    def is_proven(self) -> bool:
        return len(self.seen) >= PROVEN_FRAMES

    def add(self, index: int, region: Region) -> None:
        """Take `region` as what is seen at `index`."""
        step = (region.centre - self.last.centre) / (index - self.last_index)
        memory = VELOCITY_MEMORY if len(self.seen) > 1 else 0.0
        self.velocity = memory * self.velocity + (1 - memory) * step
        self.colours = COLOUR_MEMORY * self.colours + (1 - COLOUR_MEMORY) * region.colours
        self.seen[index] = region
        self.last_index, self.last = index, region

    def may_return(self, index: int, max_gap: int) -> bool:
        """A proven thing may stay unseen for `max_gap` frames, a speck for one or two."""
        return index - self.last_index <= (max_gap if self.is_proven else 2)


def link(frames: Sequence[Picture], regions: Sequence[list[Region]], max_gap: int) -> list[Trail]:
    """Trails through one shot, in order of first appearance. `max_gap`: frames a thing may stay unseen."""
    finished: list[Trail] = []
    live: list[Trail] = []
    for index, found in enumerate(regions):
        finished += [trail for trail in live if not trail.may_return(index, max_gap)]
        live = [trail for trail in live if trail.may_return(index, max_gap)]
        if not found:
            continue
        expected = _expected(live, index)
        pieces = _divide(frames[index], found, live, expected)
        pairs = _assign(live, pieces, expected, index)
        taken = set(pairs.values())
        for trail_at, piece_at in pairs.items():
            spare = [
                at
                for at in range(len(pieces))
                if at not in taken and _is_piece_of(live[trail_at], pieces[piece_at], pieces[at])
            ]
            taken.update(spare)
            whole = _joined(frames[index], [pieces[at] for at in (piece_at, *spare)])
            live[trail_at].add(index, whole)
        live += [Trail(index, pieces[at]) for at in range(len(pieces)) if at not in taken]
    return sorted(finished + live, key=lambda trail: next(iter(trail.seen)))


def _expected(live: list[Trail], index: int) -> Box:
    """The boxes expected at a frame, moving on with constant velocity, (trails, 4)."""
    if not live:
        return np.zeros((0, 4))
    steps = np.array([trail.velocity for trail in live]) * np.array([[index - trail.last_index] for trail in live])
    boxes: Box = np.array([trail.last.box for trail in live]) + np.concatenate([steps, steps], axis=1)
    return boxes


def _assign(live: list[Trail], pieces: list[Region], expected: Box, index: int) -> dict[int, int]:
    """Trail position to piece position: the cheapest assignment among the possible pairs."""
    if not live or not pieces:
        return {}
    costs = _costs(live, pieces, expected, index)
    rows, columns = scipy.optimize.linear_sum_assignment(costs)
    return {
        row: column
        for row, column, cost in zip(rows.tolist(), columns.tolist(), costs[rows, columns].tolist(), strict=True)
        if cost < WORST_COST
    }


def _costs(live: list[Trail], pieces: list[Region], expected: Box, index: int) -> NDArray[np.float64]:
    """(trails, pieces): disagreement of overlap, colour and place; WORST_COST where a pair cannot be."""
    boxes = np.array([piece.box for piece in pieces])
    alike = np.sqrt(np.array([trail.colours for trail in live])) @ np.sqrt(np.array([piece.colours for piece in pieces])).T
    ratio = np.array([piece.area_px for piece in pieces]) / np.array([[trail.last.area_px] for trail in live])
    areas, expected_areas = area_px(boxes)[None], area_px(expected)[:, None]
    side = np.sqrt(np.maximum(expected_areas, areas))
    unseen = np.array([[index - trail.last_index] for trail in live])
    speed = np.array([[math.hypot(*trail.velocity)] for trail in live])
    reach = 0.75 * side + 4.0 + 1.5 * speed * unseen
    offsets = (expected[:, None, :2] + expected[:, None, 2:] - boxes[None, :, :2] - boxes[None, :, 2:]) / 2
    distance = np.hypot(offsets[..., 0], offsets[..., 1])
    newness = np.array([[0.0 if trail.is_proven else 0.3] for trail in live])  # the old choose first
    overlap = intersection_px(expected[:, None], boxes[None])
    apart = 1 - overlap / np.maximum(expected_areas + areas - overlap, 1e-9)
    costs: NDArray[np.float64] = apart + (1 - alike) + distance / reach + newness
    impossible = (alike < MIN_LIKENESS) | (ratio < 1 / MAX_SIZE_RATIO) | (ratio > MAX_SIZE_RATIO) | (distance > reach)
    costs[impossible] = WORST_COST
    return costs


def _divide(frame: Picture, found: list[Region], live: list[Trail], expected: Box) -> list[Region]:
    """`found`, with each region that several old trails lie in divided between them."""
    proven = [at for at, trail in enumerate(live) if trail.is_proven]
    if len(proven) < 2:  # nobody to divide it between
        return found
    shared_px = intersection_px(expected[proven, None], np.array([region.box for region in found])[None])
    most = shared_px.argmax(axis=1).tolist()
    lies_in = (shared_px.max(axis=1) > 0.3 * area_px(expected[proven])).tolist()
    claims: dict[int, list[int]] = {}
    for trail_at, found_at, lies in zip(proven, most, lies_in, strict=True):
        if lies:
            claims.setdefault(found_at, []).append(trail_at)
    pieces: list[Region] = []
    for found_at, region in enumerate(found):
        claimants = claims.get(found_at, [])
        if 1 < len(claimants) <= MAX_CLAIMANTS:
            pieces += _shared_out(frame, region, [live[at] for at in claimants], expected[claimants])
        else:
            pieces.append(region)
    return pieces


def _shared_out(frame: Picture, region: Region, claimants: list[Trail], expected: Box) -> list[Region]:
    """One piece per claimant that has enough pixels of its colours near its expected place."""
    x, y = int(region.box[0]), int(region.box[1])
    places = np.flatnonzero(region.mask)
    bins = colour_bins(colours_at(frame, places, region.mask.shape[1], x, y))
    owner = owners([
        np.log(trail.colours + np.float32(1e-4)).take(bins) + _nearness(box, region).take(places)
        for trail, box in zip(claimants, expected, strict=True)
    ])  # fmt: skip
    pieces = []
    for at, trail in enumerate(claimants):
        mine = owner == at
        if np.count_nonzero(mine) >= 0.2 * trail.last.area_px:
            mask = np.zeros_like(region.mask)
            mask.reshape(-1)[places] = mine
            pieces.append(region_at(frame, mask, x, y))
    return pieces or [region]


def _nearness(box: Box, region: Region) -> NDArray[np.float64]:
    """Log of how well each place (h, w) of a region's box fits another box: 0 at its middle, -2 at its edges, lower outside."""
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 + 0.5
    height, width = region.mask.shape
    x, y = int(region.box[0]) + np.arange(width), int(region.box[1]) + np.arange(height)
    level, upright = ((x + 0.5 - middle[0]) / half[0]) ** 2, ((y + 0.5 - middle[1]) / half[1]) ** 2
    return np.asarray(np.minimum(-2 * level, -2 * upright[:, None]))


def _is_piece_of(trail: Trail, main: Region, piece: Region) -> bool:
    """Whether a spare piece belongs to a thing: within its usual size around the main piece, and like it."""
    left, top, right, bottom = main.box.tolist()  # plain numbers: arrays of two cost ten times more
    x0, y0, x1, y1 = piece.box.tolist()
    last = trail.last.box.tolist()
    wide, tall = last[2] - last[0], last[3] - last[1]
    gap = max(max(left, x0) - min(right, x1), max(top, y0) - min(bottom, y1))
    fits = max(right, x1) - min(left, x0) <= 1.2 * wide + 2 and max(bottom, y1) - min(top, y0) <= 1.2 * tall + 2
    return fits and gap <= 0.1 * max(wide, tall) + 2 and likeness(trail.colours, piece.colours) > MIN_LIKENESS


def _joined(frame: Picture, pieces: list[Region]) -> Region:
    if len(pieces) == 1:
        return pieces[0]
    x0, y0 = np.min([piece.box[:2] for piece in pieces], axis=0).astype(int)
    x1, y1 = np.max([piece.box[2:] for piece in pieces], axis=0).astype(int)
    mask = np.zeros((y1 - y0, x1 - x0), np.bool_)
    for piece in pieces:
        left, top, right, bottom = piece.box.astype(int)
        mask[top - y0 : bottom - y0, left - x0 : right - x0] |= piece.mask
    return region_at(frame, mask, int(x0), int(y0))
