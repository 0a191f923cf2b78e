"""Clips and case files for the roles, and servers that answer them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from annotators.chat.annotator import AskingAnnotator
from annotators.media import ArrayMedia, Frames, Sound
from annotators.roles import CaseFile
from annotators.site import Site
from schemas.evidence import HeardEvent, Measured, Said, SeenEvent, Track, TrackBox
from tests.serving.standin import Served, Standin

Role = TypeVar("Role", bound=AskingAnnotator[Any, Any])


def clip(clip_id: str = "clip-1", seed: int = 0, seconds: float = 2.0, has_video: bool = True) -> ArrayMedia:
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 0.1, (2, int(16000 * seconds))).astype(np.float32)
    count = int(10 * seconds)
    pixels = rng.integers(0, 255, (count, 32, 48, 3), dtype=np.uint8)
    return ArrayMedia(clip_id, Sound(samples, 16000), Frames(pixels, np.arange(count) / 10, 1.0) if has_video else None)


def hit(start_s: float, peak_dbfs: float = -12.0) -> HeardEvent:
    nothing = {name: None for name, field in HeardEvent.model_fields.items() if field.annotation == float | None}
    given = {"kind": "impact", "kind_score": 0.9, "onsets_s": [start_s], "peak_dbfs": peak_dbfs}
    return HeardEvent.model_validate({**nothing, **given, "start_s": start_s, "end_s": start_s + 0.2})


def track(track_id: str = "t00", phrase: str = "red ball") -> Track:
    boxes = [TrackBox(time_s=0.0, box_xyxy_px=[1, 2, 30, 40], score=0.9)]
    return Track(
        track_id=track_id, phrase=phrase, boxes=boxes, start_s=0.0, end_s=9.0, coverage_frac=1.0, mean_score=0.9,
        mean_speed_px_per_s=50.0, max_speed_px_per_s=90.0,
    )  # fmt: skip


def case(**other: Any) -> CaseFile:
    """Ten seconds with a label, two captions of each kind, three hits, two tracks and a motion."""
    said = [
        Said(modality=modality, question=question, text=f"{modality} {question}: a ball bounces")
        for modality in ("audio", "video")
        for question in ("content", "temporal")
    ]
    bounce = SeenEvent(kind="impact", time_s=1.0, track_id="t00", x_px=9.0, y_px=9.0, strength=100.0)
    given: dict[str, Any] = {
        "clip_id": "clip-1", "duration_s": 10.0, "width_px": 640, "height_px": 360, "label": "bouncing ball",
        "captions": said, "heard": [hit(1.0), hit(2.0), hit(3.0)],
        "measurements": [Measured(name="loudness", value=-23.4, unit="lufs")], "tracks": [track("t00"), track("t01")],
        "seen": [bounce],
    }  # fmt: skip
    return CaseFile(**given | other)


@contextmanager
def at(server: Standin, role: type[Role], site: Site | None = None, **params: object) -> Iterator[Role]:
    """The role, opened at a server, with sound, pictures and schemas known to be taken."""
    given = {"model": "tiny", "base_url": server.url, "structured": "json_schema", "video_as": "frames", **params}
    annotator = role(role.Params.model_validate(given))
    annotator.connect(site or Site())
    annotator.load()
    try:
        yield annotator
    finally:
        annotator.close()


def asked(served: Sequence[Served]) -> list[dict[str, Any]]:
    """The bodies, without those that probe what the server can do."""
    return [one.body for one in served if one.body["max_completion_tokens"] > 64]
