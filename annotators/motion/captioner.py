"""The `motion` captioner: puts tracks and motion events into plain sentences.

It says what was measured and nothing else: colours, shapes, sizes, places, directions, and the order of what happens. What
the things are is left to models that recognise. The same evidence always gives the same words.
"""

from collections.abc import Sequence
from itertools import groupby

from pydantic import Field

from annotators.base import Annotator, Params, Resources
from annotators.media import Media
from annotators.motion.words import counted, ordinal, place_word, size_word, times_word
from annotators.roles import VideoRequest
from schemas.evidence import Said, SeenEvent, Track
from schemas.vocabulary import MotionKind

VERBS: dict[MotionKind, str] = {
    "impact": "bounces or is struck",
    "start": "starts to move",
    "stop": "comes to rest",
    "appear": "comes into view",
    "vanish": "goes out of view",
    "cut": "changes as a whole",
}
TRAVEL_DIAGONALS = 0.5  # a thing that ends nearer to where it began stays in its place


class CaptionParams(Params):
    """Parameters of the motion captioner. Ask for the pictures that the tracker asked for, and nothing is decoded again."""

    fps: float = Field(25.0, gt=0, le=60, description="frames per second of the pictures whose size is looked up")
    max_side_px: int = Field(320, ge=16, description="longer side of the pictures whose size is looked up")
    max_things: int = Field(6, ge=1, description="most things that are described, the largest first")
    max_happenings: int = Field(20, ge=1, description="most happenings that are told, in order of time")


class MotionCaptioner(Annotator[VideoRequest, list[Said]]):
    """Two captions of each clip's picture: what moves there, and in which order things happen."""

    Params = CaptionParams
    version = 1
    resources = Resources(cpus=1.0, memory_gb=0.5)
    params: CaptionParams

    @property
    def model(self) -> str:
        return f"motion@{self.version}"

    def annotate(self, batch: Sequence[VideoRequest]) -> Sequence[list[Said]]:
        return [self._say(request) for request in batch]

    def _say(self, request: VideoRequest) -> list[Said]:
        if not request.media.has_video:
            return []
        names = _names(request.tracks)
        return [
            Said(modality="video", question="content", text=self._content(request, names)),
            Said(modality="video", question="temporal", text=self._order(request, names)),
        ]

    def _content(self, request: VideoRequest, names: dict[str, str]) -> str:
        num_cuts = sum(event.kind == "cut" for event in request.events)
        shots = f" The picture has {counted(num_cuts, 'cut')}." if num_cuts else ""
        if not request.tracks:
            return "Nothing moves in the picture." + shots
        size_px = _picture_size(request.media, self.params)
        largest = sorted(request.tracks, key=lambda track: -_mean_area_px(track))[: self.params.max_things]
        told = [_description(track, names[track.track_id], size_px) for track in request.tracks if track in largest]
        verb = "moves" if len(request.tracks) == 1 else "move"
        rest = len(request.tracks) - len(told)
        more = f" There {'is' if rest == 1 else 'are'} {rest} more." if rest else ""
        return f"{counted(len(request.tracks), 'thing').capitalize()} {verb} in the picture. {' '.join(told)}{more}{shots}"

    def _order(self, request: VideoRequest, names: dict[str, str]) -> str:
        in_order = sorted(request.events, key=lambda event: (event.time_s, event.track_id or ""))
        if not in_order:
            steady = [f"The {names[track.track_id]} moves throughout." for track in request.tracks]
            return " ".join(steady[: self.params.max_things]) or "Nothing happens in the picture from beginning to end."
        runs = [list(run) for _, run in groupby(in_order, key=lambda event: (event.kind, event.track_id))]
        told = " ".join(_sentence(run, names) for run in runs[: self.params.max_happenings])
        rest = sum(len(run) for run in runs[self.params.max_happenings :])
        return told + (f" {counted(rest, 'more change').capitalize()} {'follows' if rest == 1 else 'follow'}." if rest else "")


def _sentence(run: list[SeenEvent], names: dict[str, str]) -> str:
    """One sentence for the same thing happening to the same track one or several times in a row."""
    subject = f"the {names[run[0].track_id]}" if run[0].track_id in names else "the picture"
    return f"At {times_word([event.time_s for event in run])} {subject} {VERBS[run[0].kind]}."


def _description(track: Track, name: str, size_px: tuple[float, float]) -> str:
    """Size, name, place and way of one thing."""
    first, last = (_centre(track.boxes[at].box_xyxy_px) for at in (0, -1))
    area_frac = _mean_area_px(track) / (size_px[0] * size_px[1])
    where = place_word(first[0], first[1], *size_px)
    span = "" if track.coverage_frac > 0.8 else ", partly hidden,"
    return f"The {size_word(area_frac)} {name} {where}{span} {_way(track, first, last, size_px)}."


def _way(track: Track, first: tuple[float, float], last: tuple[float, float], size_px: tuple[float, float]) -> str:
    dx, dy = last[0] - first[0], last[1] - first[1]
    box = track.boxes[0].box_xyxy_px
    if max(abs(dx), abs(dy)) < TRAVEL_DIAGONALS * ((box[2] - box[0]) ** 2 + (box[3] - box[1]) ** 2) ** 0.5:
        return "stirs in its place"
    if abs(dx) >= abs(dy):
        direction, share = "to the right" if dx > 0 else "to the left", abs(dx) / size_px[0]
    else:
        direction, share = "down" if dy > 0 else "up", abs(dy) / size_px[1]
    return f"moves {direction} over {round(100 * share)} % of the picture"


def _names(tracks: Sequence[Track]) -> dict[str, str]:
    """What each track is called: its phrase, numbered in order of appearance where several share it."""
    phrases = [track.phrase for track in tracks]
    names = {}
    for at, track in enumerate(tracks):
        is_shared = phrases.count(track.phrase) > 1
        names[track.track_id] = (f"{ordinal(phrases[: at + 1].count(track.phrase))} " if is_shared else "") + track.phrase
    return names


def _picture_size(media: Media, params: CaptionParams) -> tuple[float, float]:
    """Width and height of the stored picture, in pixels."""
    frames = media.frames(params.fps, params.max_side_px)
    return frames.pixels.shape[2] * frames.scale, frames.pixels.shape[1] * frames.scale


def _centre(box: Sequence[float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _mean_area_px(track: Track) -> float:
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (box.box_xyxy_px for box in track.boxes)]
    return sum(areas) / len(areas)
