"""How many tokens a question will be, before it is asked: for estimates, for rate limits and for the budget.

Nobody but the server can count its tokens; these rules were written down from providers' documentation, and `audiocot plan`
uses what the ledger says instead as soon as there is something on it.
"""

import math

from annotators.chat.request import AudioPart, ChatRequest, VideoPart
from annotators.chat.structured import strict_schema

_BYTES_PER_TOKEN = 4.2  # of English text in byte-pair vocabularies of 100k and more
_TOKENS_PER_MESSAGE = 8
_MEDIA_MARGIN = 1.25  # the rules for media are the providers' own, and they round up where we do not know of it
_OPENAI_AUDIO_TOKENS_PER_S = 10.0  # platform.openai.com, audio guide: one token per 100 ms of input
_AUDIO_TOKENS_PER_S = 25.0  # Whisper encoder at 50 Hz, pooled by two: Qwen2-Audio, Qwen2.5-Omni
# platform.openai.com, vision guide: 32 px patches times a factor, or a base and so much per 512 px tile
_PATCH_FACTOR = {"gpt-4.1-mini": 1.62, "gpt-4.1-nano": 2.46, "gpt-5-mini": 1.62, "gpt-5-nano": 2.46}
_TILES = {"gpt-4o-mini": (2833, 5667), "gpt-": (85, 170)}
_QWEN_PATCH_PX, _QWEN_FRAMES_PER_PATCH = 28, 2  # Qwen2.5-VL: 14 px patches merged 2 x 2, frames in pairs


def prompt_tokens(request: ChatRequest, model: str) -> float:
    """The expected number of prompt tokens."""
    return _media_tokens(request, model) + _text_bytes(request) / _BYTES_PER_TOKEN + _TOKENS_PER_MESSAGE


def most_prompt_tokens(request: ChatRequest, model: str) -> int:
    """No prompt has more: a token of text is at least one byte, and pictures sent one by one are not merged in pairs.

    The budget reckons with this and gets the rest back.
    """
    messages = 2 + 2 * len(request.turns)
    return math.ceil(
        _MEDIA_MARGIN * _media_tokens(request, model, frames_per_patch=1)
        + _text_bytes(request)
        + messages * _TOKENS_PER_MESSAGE
    )


def most_audio_tokens(request: ChatRequest, model: str) -> int:
    """Those of `most_prompt_tokens` that are sound."""
    return math.ceil(_MEDIA_MARGIN * audio_tokens(request, model))


def audio_tokens(request: ChatRequest, model: str) -> float:
    """Those of the prompt tokens that are sound."""
    per_s = _OPENAI_AUDIO_TOKENS_PER_S if model.startswith("gpt-") else _AUDIO_TOKENS_PER_S
    return audio_seconds(request) * per_s


def audio_seconds(request: ChatRequest) -> float:
    """Seconds of sound in the request."""
    return sum(part.sound.duration_s for part in request.media if isinstance(part, AudioPart))


def _text_bytes(request: ChatRequest) -> int:
    said = [request.text, request.system or "", *(text for turn in request.turns for text in turn)]
    schema = len(str(strict_schema(request.schema))) if request.schema else 0
    return sum(len(text.encode()) for text in said) + schema


def _media_tokens(request: ChatRequest, model: str, frames_per_patch: int = _QWEN_FRAMES_PER_PATCH) -> float:
    return audio_tokens(request, model) + sum(
        _picture_tokens(part, model, frames_per_patch) for part in request.media if isinstance(part, VideoPart)
    )


def _picture_tokens(part: VideoPart, model: str, frames_per_patch: int) -> float:
    count, height, width = part.frames.pixels.shape[:3]
    for name, factor in _PATCH_FACTOR.items():
        if model.startswith(name):
            return float(count * factor * math.ceil(height / 32) * math.ceil(width / 32))
    for name, (base, tile) in _TILES.items():
        if model.startswith(name):
            return float(count * (base + tile * math.ceil(height / 512) * math.ceil(width / 512)))
    patches = math.ceil(height / _QWEN_PATCH_PX) * math.ceil(width / _QWEN_PATCH_PX)
    return float(patches * count / frames_per_patch)
