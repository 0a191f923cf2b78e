"""What is true of a rendered scene: one row per scene, with its things, their events and their boxes inside.

Times are seconds from the start of the file, boxes are pixels of the encoded picture. Everything about sound is measured
on the event's own stem (the event alone, as it enters the mix), never guessed from parameters; see `measure`.
The truth is for tests and for the self-check only: import contracts keep annotators and builders away from it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Literal

import pyarrow.parquet as pq

from schemas.arrow import from_arrow, to_arrow
from schemas.row import Row, Span, Value
from schemas.vocabulary import SoundKind

SoundClass = Literal[
    "ball_bounce", "footsteps", "door_slam", "clock_tick", "hammer", "bell", "glass_clink", "drum_roll",
    "engine", "horn", "beep", "siren", "bird", "rain", "wind",
]  # fmt: skip
SOUND_CLASSES: dict[SoundClass, SoundKind] = {
    "ball_bounce": "impact",
    "footsteps": "impact",
    "door_slam": "impact",
    "clock_tick": "impact",
    "hammer": "impact",
    "bell": "ring",
    "glass_clink": "ring",
    "drum_roll": "roll",
    "engine": "tone",
    "horn": "tone",
    "beep": "tone",
    "siren": "sweep",
    "bird": "chirp",
    "rain": "noise",
    "wind": "noise",
}
Trap = Literal["silent_mover", "off_screen", "overlap", "lookalike"]
TRAPS: dict[Trap, str] = {
    "silent_mover": "something moves, even bounces, and makes no sound",
    "off_screen": "something sounds and is never seen",
    "overlap": "a sound begins while a sustained sound of something else goes on",
    "lookalike": "two things of the same shape and colour, of which only one sounds",
}


class TruthEvent(Span):
    """One sound of one thing. The span is where its stem's level is within 30 dB of the stem's own peak level."""

    onset_s: float
    onsets_s: list[float]  # one, or one per stroke of a roll
    rms_dbfs: float  # of the stem over the span, both channels' mean power
    loudness_lufs: float  # momentary maximum (BS.1770, 400 ms) of the stem
    peak_dbfs: float  # of the louder channel of the stem
    snr_db: float  # energy of the stem over the energy of all the rest, within the span
    is_audible: bool  # see measure.is_audible
    is_seen: bool  # the thing has a box at the onset
    distance_m: float  # at the onset
    pan: float  # -1 left .. +1 right at the onset: 4/pi·atan2(right, left) - 1 of the channel gains
    pan_end: float
    pitch_hz: float | None  # median fundamental (bell, glass: the strongest partial); None where there is no pitch
    pitch_start_hz: float | None
    pitch_end_hz: float | None
    pitch_min_hz: float | None
    pitch_max_hz: float | None


class TruthBox(Value):
    """Where a thing is drawn in one frame; frames where less than half of it is to be seen have no box."""

    time_s: float
    box_xyxy_px: list[float]  # x0 y0 x1 y1, x1 and y1 exclusive
    moved_px: float  # the largest move of any side of the box since the frame before; 0 for a thing at rest


class ThingTruth(Value):
    """One thing of the world, seen or not, sounding or not."""

    object_id: str  # o0, o1, …
    looks: str  # what it is drawn as: ball, bell, car, …
    shape: str  # round, box, … for people
    color: str
    sound_class: SoundClass | None  # None: it never sounds
    kind: SoundKind | None
    is_silent_mover: bool
    is_on_screen: bool  # it is seen at some time
    lookalike_of: str | None  # the object_id of its sounding twin
    events: list[TruthEvent]  # in order of onset
    boxes: list[TruthBox]


class SceneTruth(Row):
    """All that is known of one scene."""

    table: ClassVar[str] = "scene_truth"

    scene: str  # stem of the video file
    seed: int
    duration_s: float
    fps: float
    num_frames: int
    width_px: int
    height_px: int
    sample_rate_hz: int
    ambience: str
    ambience_dbfs: float  # RMS of the background
    traps: list[Trap]
    things: list[ThingTruth]


def truth_path(output_dir: Path) -> Path:
    """The truth table of a folder of scenes. It lies beside the videos, never among them."""
    return output_dir / "truth" / "truth.parquet"


def load_truth(output_dir: Path) -> list[SceneTruth]:
    """Every scene rendered into `output_dir`, by seed. Raises FileNotFoundError where nothing was rendered."""
    return list(from_arrow(SceneTruth, pq.read_table(truth_path(output_dir))))


def save_truth(output_dir: Path, scenes: Iterable[SceneTruth]) -> Path:
    """Add scenes to the truth table; rows of the same seed are replaced. Returns the table's path."""
    path = truth_path(output_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {row.seed: row for row in load_truth(output_dir)} if path.exists() else {}
    known.update({row.seed: row for row in scenes})
    partial = path.with_suffix(".partial")
    pq.write_table(to_arrow(SceneTruth, [known[seed] for seed in sorted(known)]), partial)
    partial.replace(path)
    return path
