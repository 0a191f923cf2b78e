"""Each backend by its name, from a recipe's parameters to what its role gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import ValidationError

from annotators.base import Annotator
from annotators.media import ArrayMedia, Sound
from annotators.registry import backend_class
from annotators.roles import AudioRequest, Inquiry, VideoRequest
from schemas.errors import Rejected
from schemas.reasoning import Stated
from tests.annotators.hf.architectures import RATE_HZ, end_often, pictures, sound
from tests.checkpoints import qwen2_audio, qwen_omni, videollama3

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.models,
    # transformers' own, on every save and load
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]

Role = Literal["audio_captioner", "video_captioner", "verifier"]


@dataclass(frozen=True)
class Backend:
    role: Role
    name: str
    make: Callable[..., Path]
    more: dict[str, Any] = field(default_factory=dict)

    def loaded(self, folder: Path) -> Annotator[Any, Any]:
        kind = backend_class(self.role, self.name)
        small = {"model": str(folder), "dtype": "float32", "device": "cpu", "memory_gb": 1.0}
        asked = {"max_tokens": 64, "reasks": 0, "temperature": 1.0}  # the likeliest noise says the same for ever
        annotator = kind(kind.Params.model_validate(small | asked | self.more))
        annotator.load()
        return annotator


BACKENDS = [
    Backend("audio_captioner", "qwen2_audio", qwen2_audio.make),
    Backend("audio_captioner", "qwen_omni", qwen_omni.make),
    Backend("audio_captioner", "qwen_omni", qwen_omni.make_moe),
    Backend("audio_captioner", "qwen_omni", qwen_omni.make_moe, {"is_asked": False}),
    Backend("video_captioner", "videollama3", videollama3.make),
    Backend("verifier", "listener_qwen2_audio", qwen2_audio.make),
    Backend("verifier", "listener_qwen_omni", qwen_omni.make),
]


def item(role: Role, seed: int) -> Any:
    return about(role, ArrayMedia(f"clip{seed}", sound(seed, 1.0).sound, pictures(seed, 1.0).frames))


def spoiled(role: Role) -> Any:
    """A clip whose sound is no number, and without a picture."""
    return about(role, ArrayMedia("spoiled", Sound(np.full((1, RATE_HZ), np.nan, np.float32), RATE_HZ)))


def about(role: Role, media: ArrayMedia) -> Any:
    if role == "audio_captioner":
        return AudioRequest(media, [], [])
    if role == "video_captioner":
        return VideoRequest(media, [], [])
    claim = Stated(step_index=0, type="event", basis="heard", text="A hit is heard.", subject="impact", start_s=0.1, end_s=0.3)
    return Inquiry(media, [claim], [], [], 84, 56)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda one: f"{one.name}-{one.make.__name__}{'-unasked' * bool(one.more)}")
def test_every_backend_answers_each_item_once_in_order_and_refuses_only_the_spoiled(backend: Backend, tmp_path: Path) -> None:
    annotator = backend.loaded(end_often(backend.make(tmp_path)))
    role = backend.role
    answers = annotator.annotate([item(role, 0), item(role, 1), spoiled(role), item(role, 2)])
    assert len(answers) == 4
    assert isinstance(answers[2], Rejected)
    assert answers[2].code == "decode_failed"
    good = [answers[0], answers[1], answers[3]]
    assert good == [annotator.annotate([item(role, seed)])[0] for seed in range(3)]
    if role == "verifier":  # noise is no JSON, and a clip about which nothing was answered is refused as a whole
        assert [answer.code for answer in good] == ["unparsable_json"] * 3
    else:
        said = [[one.question for one in answer] for answer in good if not isinstance(answer, Rejected)]
        assert said, good
        assert all(questions == (["content"] if backend.more else ["content", "temporal"]) for questions in said)
    annotator.close()


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda one: f"{one.name}-{one.make.__name__}")
def test_every_backend_says_what_it_is_and_what_it_needs(backend: Backend) -> None:
    kind = backend_class(backend.role, backend.name)
    given: Any = kind.Params.model_validate(backend.more)
    annotator = kind(given)
    assert annotator.model == f"{given.model}@main"
    assert annotator.resources.gpus == 1.0
    billions = {"Qwen/Qwen2-Audio-7B-Instruct": 8.4, "Qwen/Qwen2.5-Omni-7B": 9.0, "lkhl/VideoLLaMA3-2B-Image-HF": 2.0}
    assert annotator.resources.memory_gb >= 2 * billions[given.model]
    assert kind.lacks() == []
    on_cpu = kind(kind.Params.model_validate(backend.more | {"device": "cpu", "memory_gb": 1.0}))
    assert (on_cpu.resources.gpus, on_cpu.resources.memory_gb) == (0.0, 1.0)
    assert on_cpu.params.deciding() == given.deciding(), "where it runs decides nothing"


@pytest.mark.parametrize(
    ("role", "name", "remedy"),
    [
        ("audio_captioner", "qwen_omni", "set is_asked to false"),
        ("verifier", "listener_qwen_omni", "use it as audio_captioner or blind"),
    ],
)
def test_a_model_that_takes_no_question_is_not_asked_one(role: str, name: str, remedy: str) -> None:
    with pytest.raises(ValidationError, match=f"Qwen3-Omni-30B-A3B-Captioner takes no question.*{remedy}"):
        backend_class(role, name).Params.model_validate({"model": "Qwen/Qwen3-Omni-30B-A3B-Captioner"})


def test_a_captioner_that_is_not_asked_is_given_the_sound_alone(tmp_path: Path) -> None:
    kind = backend_class("audio_captioner", "qwen_omni")
    captioner: Any = kind(kind.Params.model_validate({"model": "Qwen/Qwen3-Omni-30B-A3B-Captioner", "is_asked": False}))
    (asked,) = captioner.questions(item("audio_captioner", 0))
    assert (asked.text, captioner.prompt_id) == ("", None)
    backend = Backend("audio_captioner", "qwen_omni", qwen_omni.make_moe, {"is_asked": False})
    prompt = backend.loaded(backend.make(tmp_path)).asker._prompt(asked)
    assert prompt == "<|im_start|>user\n<|audio_bos|><|AUDIO|><|audio_eos|>\n<|im_end|>\n<|im_start|>assistant\n"
