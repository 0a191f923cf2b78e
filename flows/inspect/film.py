"""The picture side of a clip on the time axis: a strip of frames with track boxes, and a lane of tracks and motion events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.patches import Rectangle

from annotators.media import Frames, Media
from flows.inspect.palette import FAINT, INK, MOTIONS, track_colour
from schemas.evidence import MotionEvent, RoiTrack, TrackBox

FRAME_HEIGHT_IN = 1.2
MIN_FRAMES, MAX_FRAMES = 5, 16
FRAME_MAX_SIDE_PX = 480
BOX_TOLERANCE_S = 0.12
MAX_TRACKS = 12
TRACK_ROW_IN = 0.2


@dataclass(frozen=True)
class FilmStrip:
    """Frames from the middles of equal stretches of the clip, each drawn over its stretch."""

    frames: Frames
    slot_s: float
    height_in: float

    def draw(self, axes: Any, tracks: Sequence[RoiTrack]) -> None:
        for number, (picture, time_s) in enumerate(zip(self.frames.pixels, self.frames.times_s, strict=True)):
            left = number * self.slot_s
            axes.imshow(picture, extent=(left, left + self.slot_s * 0.985, 0, 1), aspect="auto", zorder=1)
            label = {"boxstyle": "square,pad=0.15", "facecolor": "black", "alpha": 0.55, "linewidth": 0}
            axes.text(
                left + self.slot_s * 0.02, 0.03, f"{time_s:.2f} s", fontsize=6, color="white", bbox=label, va="bottom", zorder=4
            )  # fmt: skip
            for index, track in enumerate(tracks):
                if box := box_at(track, float(time_s)):
                    self._draw_box(axes, box, left, track_colour(index), track.track_id)
        axes.set_ylim(0, 1)
        axes.set_yticks([0.5], ["frames"])

    def _draw_box(self, axes: Any, box: TrackBox, left: float, colour: str, name: str) -> None:
        _, height, width, _ = self.frames.pixels.shape
        x0, y0, x1, y1 = (edge / self.frames.scale for edge in box.box_xyxy_px)
        to_s = self.slot_s * 0.985 / width
        corner = (left + x0 * to_s, 1 - y1 / height)
        axes.add_patch(
            Rectangle(corner, (x1 - x0) * to_s, (y1 - y0) / height, fill=False, edgecolor=colour, linewidth=1.4, zorder=3)
        )
        axes.text(
            corner[0], 1 - y0 / height, name, fontsize=5.5, color="white", va="bottom", zorder=4, clip_on=True,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": colour, "linewidth": 0},
        )  # fmt: skip


def film_strip(media: Media, inches_per_second: float) -> FilmStrip | None:
    """As many frames as are about `FRAME_HEIGHT_IN` high side by side; None for a clip without a picture."""
    if not media.has_video:
        return None
    probe = media.frames(1 / media.duration_s, FRAME_MAX_SIDE_PX).pixels.shape
    aspect = probe[2] / probe[1]
    width_in = media.duration_s * inches_per_second
    num = min(MAX_FRAMES, max(MIN_FRAMES, round(width_in / (FRAME_HEIGHT_IN * aspect))))
    twice = media.frames(2 * num / media.duration_s, FRAME_MAX_SIDE_PX)  # every second one is the middle of a stretch
    middles = Frames(twice.pixels[1::2][:num], twice.times_s[1::2][:num], twice.scale)
    slot_s = media.duration_s / num
    return FilmStrip(middles, slot_s, slot_s * inches_per_second / aspect)


def box_at(track: RoiTrack, time_s: float) -> TrackBox | None:
    """The box nearest to a moment, None where the track was not seen around it."""
    nearest = min(track.boxes, key=lambda box: abs(box.time_s - time_s), default=None)
    return nearest if nearest and abs(nearest.time_s - time_s) <= BOX_TOLERANCE_S else None


@dataclass(frozen=True)
class MotionLane:
    """One row per track with its events as markers; cuts and events without a track go through all rows."""

    tracks: Sequence[RoiTrack]
    events: Sequence[MotionEvent]

    @property
    def height_in(self) -> float:
        return TRACK_ROW_IN * max(1, min(len(self.tracks), MAX_TRACKS) + (len(self.tracks) > MAX_TRACKS)) + 0.12

    def draw(self, axes: Any) -> None:
        shown = self.tracks[:MAX_TRACKS]
        row_of = {track.track_id: row for row, track in enumerate(shown)}
        for row, track in enumerate(shown):
            colour = track_colour(row)
            axes.barh(
                row + 0.5, track.end_s - track.start_s, left=track.start_s, height=0.72, color=colour, alpha=0.22, linewidth=0
            )
            axes.text(
                track.start_s, row + 0.5, f" {track.phrase}", fontsize=7, color=INK, va="center_baseline", parse_math=False
            )
        for event in self.events:
            row = row_of.get(event.track_id or "", -1)
            if row >= 0:
                axes.plot(
                    event.time_s, row + 0.5, MOTIONS[event.kind], color=track_colour(row), markersize=6, zorder=3,
                    markeredgecolor="white", markeredgewidth=0.6,
                )  # fmt: skip
            elif event.track_id is None:
                axes.axvline(event.time_s, color=INK, linestyle=(0, (2, 2)), linewidth=1)
                axes.text(event.time_s, 0.35, f" {event.kind}", fontsize=6.5, color=INK)
        num_rows = max(1, len(shown))
        if len(self.tracks) > MAX_TRACKS:
            axes.text(0, num_rows + 0.6, f" and {len(self.tracks) - MAX_TRACKS} more tracks", fontsize=7, color=FAINT)
            num_rows += 1
        axes.set_ylim(num_rows + 0.1, -0.1)
        axes.set_yticks([row + 0.5 for row in range(len(shown))], [track.track_id for track in shown])
