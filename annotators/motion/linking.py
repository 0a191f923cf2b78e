"""Regions of single frames become tracks: constant-velocity prediction, colour, overlap, and the Hungarian assignment.

Two things that meet become one region; it is divided between their tracks by colour and expected place, so that each keeps
its id when they part. A thing that falls into pieces is put together again within its expected box.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from annotators.motion.regions import Box, Picture, Region, area_px, colour_bins, intersection_px, iou, likeness, region_at

MIN_LIKENESS = 0.35
MAX_SIZE_RATIO = 4.0
WORST_COST = 1.0e3
COLOUR_MEMORY = 0.9
VELOCITY_MEMORY = 0.5
PROVEN_FRAMES = 4
MAX_CLAIMANTS = 4  # a region that more trails lie in is a change of the whole picture, not a meeting of things


@dataclass
class Trail:
    """A track while it grows. `seen`: frame index to the region seen there; guesses are never stored."""

    seen: dict[int, Region]
    colours: NDArray[np.float32]
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))  # working px per frame

    @property
    def last_index(self) -> int:
        return next(reversed(self.seen))

    @property
    def last(self) -> Region:
        return self.seen[self.last_index]

    def expected(self, index: int) -> Box:
        """The box expected at a frame, moving on with constant velocity."""
        box: Box = (self.last.box.reshape(2, 2) + self.velocity * (index - self.last_index)).ravel()
        return box

    def add(self, index: int, region: Region) -> None:
        """Take `region` as what is seen at `index`."""
        step = (region.centre - self.last.centre) / (index - self.last_index)
        memory = VELOCITY_MEMORY if len(self.seen) > 1 else 0.0
        self.velocity = memory * self.velocity + (1 - memory) * step
        self.colours = COLOUR_MEMORY * self.colours + (1 - COLOUR_MEMORY) * region.colours
        self.seen[index] = region


def link(frames: Sequence[Picture], regions: Sequence[list[Region]], max_gap: int) -> list[Trail]:
    """Trails through one shot, in order of first appearance. `max_gap`: frames a thing may stay unseen."""
    finished: list[Trail] = []
    live: list[Trail] = []
    for index, found in enumerate(regions):
        finished += [trail for trail in live if not _may_return(trail, index, max_gap)]
        live = [trail for trail in live if _may_return(trail, index, max_gap)]
        pieces = _divide(frames[index], found, live, index)
        pairs = _assign(live, pieces, index)
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
        live += [Trail({index: pieces[at]}, pieces[at].colours) for at in range(len(pieces)) if at not in taken]
    return sorted(finished + live, key=lambda trail: next(iter(trail.seen)))


def _may_return(trail: Trail, index: int, max_gap: int) -> bool:
    """A proven thing may stay unseen for `max_gap` frames, a speck for one or two."""
    patience = max_gap if len(trail.seen) >= PROVEN_FRAMES else 2
    return index - trail.last_index <= patience


def _assign(live: list[Trail], pieces: list[Region], index: int) -> dict[int, int]:
    """Trail position to piece position: the cheapest assignment among the possible pairs."""
    if not live or not pieces:
        return {}
    costs = _costs(live, pieces, index)
    rows, columns = linear_sum_assignment(costs)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if costs[row, column] < WORST_COST}


def _costs(live: list[Trail], pieces: list[Region], index: int) -> NDArray[np.float64]:
    """(trails, pieces): disagreement of overlap, colour and place; WORST_COST where a pair cannot be."""
    expected = np.stack([trail.expected(index) for trail in live])
    boxes = np.stack([piece.box for piece in pieces])
    alike = np.sqrt(np.stack([trail.colours for trail in live])) @ np.sqrt(np.stack([piece.colours for piece in pieces])).T
    ratio = np.array([piece.area_px for piece in pieces]) / np.array([[trail.last.area_px] for trail in live])
    side = np.sqrt(np.maximum(area_px(expected)[:, None], area_px(boxes)[None]))
    unseen = np.array([[index - trail.last_index] for trail in live])
    reach = 0.75 * side + 4.0 + 1.5 * np.array([[np.hypot(*trail.velocity)] for trail in live]) * unseen
    offsets = (expected[:, None, :2] + expected[:, None, 2:] - boxes[None, :, :2] - boxes[None, :, 2:]) / 2
    distance = np.hypot(offsets[..., 0], offsets[..., 1])
    newness = np.array([[0.3 if len(trail.seen) < PROVEN_FRAMES else 0.0] for trail in live])  # the old choose first
    costs = (1 - iou(expected[:, None], boxes[None])) + (1 - alike) + distance / reach + newness
    impossible = (alike < MIN_LIKENESS) | (ratio < 1 / MAX_SIZE_RATIO) | (ratio > MAX_SIZE_RATIO) | (distance > reach)
    return np.where(impossible, WORST_COST, costs)


def _divide(frame: Picture, found: list[Region], live: list[Trail], index: int) -> list[Region]:
    """`found`, with each region that several old trails lie in divided between them."""
    proven = [trail for trail in live if len(trail.seen) >= PROVEN_FRAMES]
    if not found or len(proven) < 2:  # nothing to divide, or nobody to divide it between
        return found
    expected = np.stack([trail.expected(index) for trail in proven])
    shared_px = intersection_px(expected[:, None], np.stack([region.box for region in found])[None])
    claims: dict[int, list[Trail]] = {}
    for trail, shared, most in zip(proven, shared_px, area_px(expected), strict=True):
        if shared.max() > 0.3 * most:
            claims.setdefault(int(shared.argmax()), []).append(trail)
    pieces: list[Region] = []
    for at, region in enumerate(found):
        claimants = claims.get(at, [])
        pieces += _shared_out(frame, region, claimants, index) if 1 < len(claimants) <= MAX_CLAIMANTS else [region]
    return pieces


def _shared_out(frame: Picture, region: Region, claimants: list[Trail], index: int) -> list[Region]:
    """One piece per claimant that has enough pixels of its colours near its expected place."""
    x, y = int(region.box[0]), int(region.box[1])
    rows, columns = np.nonzero(region.mask)
    bins = colour_bins(frame[y + rows, x + columns])
    scores = np.stack([
        np.log(trail.colours[bins] + 1e-4) + _nearness(trail.expected(index), x + columns, y + rows) for trail in claimants
    ])  # fmt: skip
    owner = scores.argmax(axis=0)
    pieces = []
    for at, trail in enumerate(claimants):
        mine = owner == at
        if mine.sum() >= 0.2 * trail.last.area_px:
            mask = np.zeros_like(region.mask)
            mask[rows[mine], columns[mine]] = True
            pieces.append(region_at(frame, mask, x, y))
    return pieces or [region]


def _nearness(box: Box, x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log of how well a place fits a box: 0 at its middle, -2 at its edges, lower outside."""
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 + 0.5
    off: NDArray[np.float64] = np.maximum(np.abs((x + 0.5 - middle[0]) / half[0]), np.abs((y + 0.5 - middle[1]) / half[1]))
    return -2 * off**2


def _is_piece_of(trail: Trail, main: Region, piece: Region) -> bool:
    """Whether a spare piece belongs to a thing: within its usual size around the main piece, and like it."""
    gap = np.maximum(main.box[:2], piece.box[:2]) - np.minimum(main.box[2:], piece.box[2:])
    usual = trail.last.box[2:] - trail.last.box[:2]
    expected_size = np.maximum(main.box[2:], piece.box[2:]) - np.minimum(main.box[:2], piece.box[:2])
    fits = bool((expected_size <= 1.2 * usual + 2).all() and gap.max() <= 0.1 * usual.max() + 2)
    return fits and likeness(trail.colours, piece.colours) > MIN_LIKENESS


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
