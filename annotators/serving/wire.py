"""A question as the body of a chat completion: OpenAI's format, with the media parts that vLLM adds.

Media comes first and is the same bytes for every question about a clip, so that a server's prefix cache hits; what is encoded
once is kept for the batch. Sound is 16-bit wav, pictures are JPEG frames or an mp4 without a sound track.
"""

import base64
import io
import json
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from annotators.chat.request import AudioPart, ChatRequest, Part, VideoPart
from annotators.chat.structured import strict_schema
from annotators.media import Frames, Sound
from annotators.serving.params import SchemaMode

TOOL = "answer"
_JPEG_QUALITY = 90
_AUDIO_CHAT_MODELS = ("gpt-audio", "gpt-4o-audio", "gpt-4o-mini-audio")


@dataclass
class Wire:
    """Encodes for one model at one server. Keeps encoded media for as long as it lives: one per batch."""

    model: str
    structured: SchemaMode
    video_as: Literal["frames", "mp4"]
    _encoded: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def body(self, request: ChatRequest, seed: int | None = None, samples: int | None = None) -> dict[str, Any]:
        """The JSON body. `seed` and `samples` replace the request's own where a server does not honour `n`."""
        text = request.text
        if request.schema and self.structured == "text":
            text += f"\n\nAnswer with one JSON object that fits this JSON Schema:\n{json.dumps(strict_schema(request.schema))}"
        media = [part for given in request.media for part in self._media(given)]
        messages: list[dict[str, Any]] = [{"role": "system", "content": request.system}] if request.system else []
        messages.append({"role": "user", "content": [*media, {"type": "text", "text": text}]})
        for reply, answer in request.turns:
            messages += [{"role": "assistant", "content": reply}, {"role": "user", "content": answer}]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "n": samples or request.samples,
            "temperature": request.temperature,
            "max_completion_tokens": request.max_tokens,
            "seed": request.seed if seed is None else seed,
        }
        if self.model.startswith(_AUDIO_CHAT_MODELS):
            body["modalities"] = ["text"]
        return body | self._schema(request)

    def _schema(self, request: ChatRequest) -> dict[str, Any]:
        if request.schema is None or self.structured == "text":
            return {}
        schema = strict_schema(request.schema)
        if self.structured == "tool":
            function = {"name": TOOL, "description": "Give the answer.", "parameters": schema, "strict": True}
            choice = {"type": "function", "function": {"name": TOOL}}
            return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
        return {"response_format": {"type": "json_schema", "json_schema": {"name": TOOL, "strict": True, "schema": schema}}}

    def _media(self, part: Part) -> list[dict[str, Any]]:
        if id(part) not in self._encoded:
            self._encoded[id(part)] = self._encode(part)
        return self._encoded[id(part)]

    def _encode(self, part: Part) -> list[dict[str, Any]]:
        if isinstance(part, AudioPart):
            return [{"type": "input_audio", "input_audio": {"data": _base64(wav(part.sound)), "format": "wav"}}]
        if self.video_as == "mp4":
            url = f"data:video/mp4;base64,{_base64(silent_mp4(part))}"
            return [{"type": "video_url", "video_url": {"url": url}}]
        urls = [f"data:image/jpeg;base64,{_base64(image)}" for image in jpegs(part.frames)]
        return [{"type": "image_url", "image_url": {"url": url}} for url in urls]


def wav(sound: Sound) -> bytes:
    """16-bit PCM, mono."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(sound.mono, -1, 1), sound.sample_rate_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def jpegs(frames: Frames) -> list[bytes]:
    """Each picture as a JPEG."""
    import cv2

    flags = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    return [cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)[1].tobytes() for image in frames.pixels]


def silent_mp4(part: VideoPart) -> bytes:
    """H.264 without a sound track; sides are cut to even numbers, as its pixel format wants."""
    import av

    pixels = part.frames.pixels
    height, width = pixels.shape[1] // 2 * 2, pixels.shape[2] // 2 * 2
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(part.fps).limit_denominator(1000))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "20", "threads": "1", "preset": "veryfast"}
        for image in pixels:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def reads_sound(request: ChatRequest) -> bool:
    """Whether the model must take sound to answer."""
    return any(isinstance(part, AudioPart) for part in request.media)


def reads_pictures(request: ChatRequest) -> bool:
    """Whether the model must take pictures to answer."""
    return any(isinstance(part, VideoPart) for part in request.media)
