"""What goes over the wire: the same media is the same bytes, and says what it should."""

import base64
import io
import json

import numpy as np
import pytest
import soundfile

from annotators.chat.request import AudioPart, ChatRequest, VideoPart
from annotators.media import Frames, Sound
from annotators.serving.params import SchemaMode
from annotators.serving.wire import Wire, jpegs, silent_mp4, wav
from tests.annotators.serving.asking import Heard


def pictures(height: int = 45, width: int = 63, count: int = 5, fps: float = 2.0) -> VideoPart:
    ramp = np.linspace(0, 255, count * height * width * 3).reshape(count, height, width, 3)
    return VideoPart(Frames(ramp.astype(np.uint8), np.arange(count) / fps, 1.0), fps)


def tone(rate_hz: int = 16000) -> Sound:
    return Sound(0.5 * np.sin(np.arange(rate_hz, dtype=np.float32) / 20)[None], rate_hz)


def test_the_same_media_is_the_same_bytes_in_every_batch() -> None:
    """Prefix caches and paid replies both hang on it: nothing that is encoded may hold a date or depend on threads."""
    assert wav(tone()) == wav(tone())
    assert jpegs(pictures().frames) == jpegs(pictures().frames)
    assert silent_mp4(pictures()) == silent_mp4(pictures())
    one, two = (Wire("m", "json_schema", "mp4").body(ChatRequest("c", "x", (pictures(), AudioPart(tone())))) for _ in range(2))
    assert json.dumps(one) == json.dumps(two)


def test_sound_arrives_as_it_was_and_louder_sound_is_clipped_not_wrapped() -> None:
    samples, rate_hz = soundfile.read(io.BytesIO(wav(tone())))
    assert rate_hz == 16000
    assert np.abs(samples - tone().samples[0]).max() < 1e-4
    loud, _ = soundfile.read(io.BytesIO(wav(Sound(4 * tone().samples, 16000))))
    assert loud.max() > 0.99
    assert (np.sign(loud) == np.sign(np.round(tone().samples[0], 4))).mean() > 0.99


@pytest.mark.parametrize("fps", [2.0, 1 / 3, 29.97])
def test_a_video_has_all_pictures_at_their_rate_and_no_sound(fps: float) -> None:
    import av

    with av.open(io.BytesIO(silent_mp4(pictures(fps=fps)))) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        frames = list(container.decode(video=0))
    assert len(frames) == 5
    assert (frames[0].height, frames[0].width) == (44, 62)
    times = [float(frame.pts * frame.time_base) for frame in frames]
    assert np.diff(times) == pytest.approx([1 / fps] * 4, rel=1e-3)
    assert abs(frames[4].to_ndarray(format="rgb24").mean() - pictures().frames.pixels[4].mean()) < 8


@pytest.mark.parametrize("structured", ["json_schema", "tool", "text"])
def test_questions_about_a_clip_differ_only_after_its_media(structured: SchemaMode) -> None:
    part, wire = AudioPart(tone()), Wire("m", structured, "frames")
    bodies = [json.dumps(wire.body(ChatRequest("c", text, (part,), "system", Heard))["messages"]) for text in ("one", "two")]
    media = base64.b64encode(wav(part.sound)).decode()
    assert bodies[0].partition(media)[0] == bodies[1].partition(media)[0]
    assert bodies[0].partition(media)[2] != bodies[1].partition(media)[2]


def test_audio_models_are_asked_for_text() -> None:
    assert Wire("gpt-audio-mini", "tool", "frames").body(ChatRequest("c", "x"))["modalities"] == ["text"]
    assert "modalities" not in Wire("gpt-4.1", "tool", "frames").body(ChatRequest("c", "x"))


def test_a_schema_reaches_the_server_in_one_way_only() -> None:
    sent = {
        mode: Wire("m", mode, "frames").body(ChatRequest("c", "x", schema=Heard)) for mode in ("json_schema", "tool", "text")
    }
    assert sent["json_schema"]["response_format"]["json_schema"]["strict"] is True
    assert sent["tool"]["tools"][0]["function"]["parameters"] == sent["json_schema"]["response_format"]["json_schema"]["schema"]
    assert ["JSON Schema" in json.dumps(body["messages"]) for body in sent.values()] == [False, False, True]
