"""Sentences from tracks and motion events."""

import numpy as np

from annotators.media import ArrayMedia, Sound
from annotators.motion.captioner import MotionCaptioner
from annotators.roles import VideoRequest
from schemas.evidence import Said, SeenEvent
from tests.annotators.motion.worlds import clip, put_box, see


def say(media: ArrayMedia) -> list[Said]:
    seeing = see(media)
    (said,) = MotionCaptioner(MotionCaptioner.Params()).annotate([VideoRequest(media, seeing.tracks, seeing.events)])
    return said


def two_movers() -> ArrayMedia:
    def draw(picture: np.ndarray, t: float) -> None:
        put_box(picture, 10 + 60 * max(0.0, t - 1.0), 20, 30, 30, (210, 40, 40))
        put_box(picture, 190 - 40 * t, 100, 44, 24, (40, 60, 210))

    return clip(draw, 3.0)


def test_content_and_order_are_told_about_each_clip() -> None:
    content, order = say(two_movers())
    assert (content.modality, content.question) == ("video", "content")
    assert (order.modality, order.question) == ("video", "temporal")
    assert content.text.startswith("Two things move in the picture.")
    assert "red square region at the top left moves to the right" in content.text
    assert "blue wide region at the bottom right moves to the left over 49 % of the picture" in content.text
    assert "At 1.0 s the red square region starts to move." in order.text


def test_nothing_is_said_to_move_when_nothing_moves() -> None:
    content, order = say(clip(lambda picture, t: None, 2.0))
    assert content.text == "Nothing moves in the picture."
    assert order.text == "Nothing happens in the picture from beginning to end."


def test_events_are_told_in_order_of_time_and_repeats_together() -> None:
    media = two_movers()
    tracks = see(media).tracks
    ids = [track.track_id for track in tracks]

    def event(kind: str, time_s: float, track_id: str | None) -> SeenEvent:
        return SeenEvent.model_validate(
            {"kind": kind, "time_s": time_s, "track_id": track_id, "x_px": None, "y_px": None, "strength": 1.0}
        )

    events = [event("cut", 2.5, None), event("impact", 0.5, ids[0]), event("impact", 1.24, ids[0]), event("stop", 2.0, ids[1])]
    (said,) = MotionCaptioner(MotionCaptioner.Params()).annotate([VideoRequest(media, tracks, events)])
    names = [track.phrase for track in tracks]
    assert said[1].text == (
        f"At 0.5 and 1.2 s the {names[0]} bounces or is struck. At 2.0 s the {names[1]} comes to rest. "
        "At 2.5 s the picture changes as a whole."
    )
    assert said[0].text.endswith("The picture has one cut.")


def test_things_that_look_the_same_are_numbered() -> None:
    def draw(picture: np.ndarray, t: float) -> None:
        put_box(picture, 10 + 60 * t, 20, 30, 30, (210, 40, 40))
        put_box(picture, 10 + 50 * t, 100, 30, 30, (210, 40, 40))

    content = say(clip(draw, 2.0))[0].text
    assert "first red square region" in content
    assert "second red square region" in content


def test_a_clip_without_a_picture_gets_no_sentences() -> None:
    media = ArrayMedia("sound-only", Sound(np.zeros((1, 8000), np.float32), 8000))
    assert say(media) == []


def test_the_same_clip_gets_the_same_words() -> None:
    assert say(two_movers()) == say(two_movers())
