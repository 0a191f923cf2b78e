"""Every transformers backend on a tiny random checkpoint of its architecture, through the library's own code.

What such a model says is noise. That it loads, hears and sees what it is given, and gives the same whoever else is in the
batch, is not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel

from annotators.base import Annotator
from annotators.chat.request import AudioPart, ChatRequest, Part, VideoPart
from annotators.hf.asker import HfAsker
from annotators.hf.families import QWEN2_AUDIO, QWEN_OMNI, VIDEOLLAMA3, Family
from annotators.hf.params import HfParams
from annotators.media import ArrayMedia, Frames, Sound
from annotators.registry import backend_class
from annotators.roles import AudioRequest, Inquiry, VideoRequest
from schemas.errors import ModelError, Rejected
from schemas.reasoning import Stated
from tests.checkpoints import qwen2_audio, qwen_omni, videollama3

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.models,
    # transformers' own, on every save and load
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]

RATE_HZ = 16_000


@dataclass(frozen=True)
class Architecture:
    """`part` makes media of a length from a seed."""

    name: str
    make: Callable[..., Path]
    family: Family
    part: Callable[[int, float], Part]


def sound(seed: int, seconds: float) -> AudioPart:
    samples = np.random.default_rng(seed).normal(0, 0.1, (1, int(RATE_HZ * seconds)))
    return AudioPart(Sound(samples.astype(np.float32), RATE_HZ))


def pictures(seed: int, seconds: float) -> VideoPart:
    count = max(1, round(2 * seconds))
    pixels = np.random.default_rng(seed).integers(0, 255, (count, 56, 84, 3), dtype=np.uint8)
    return VideoPart(Frames(pixels, np.arange(count) / 2.0, 1.0), 2.0)


ARCHITECTURES = [
    Architecture("qwen2_audio", qwen2_audio.make, QWEN2_AUDIO, sound),
    Architecture("qwen2_5_omni", qwen_omni.make, QWEN_OMNI, sound),
    Architecture("qwen3_omni", qwen_omni.make_moe, QWEN_OMNI, sound),
    Architecture("videollama3", videollama3.make, VIDEOLLAMA3, pictures),
]


@dataclass(frozen=True)
class Loaded:
    architecture: Architecture
    folder: Path
    asker: HfAsker


@pytest.fixture(scope="module", params=ARCHITECTURES, ids=lambda one: one.name)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    one: Architecture = request.param
    folder = one.make(tmp_path_factory.mktemp(one.name))
    asker = HfAsker(HfParams(model=str(folder), dtype="float32", device="cpu", reasks=1), one.family)
    asker.open()
    return Loaded(one, folder, asker)


def question(part: Part, text: str = "What happens?", **more: Any) -> ChatRequest:
    return ChatRequest("clip", text, media=(part,), **({"max_tokens": 12} | more))


def texts(asker: HfAsker, *requests: ChatRequest) -> list[tuple[str, ...]]:
    """What was generated, finished or not."""
    raws = asker._generate(requests)
    assert not any(isinstance(raw, Rejected) for raw in raws), raws
    return [raw.texts for raw in raws if not isinstance(raw, Rejected)]


def test_a_batch_says_what_each_of_its_questions_gets_alone(loaded: Loaded) -> None:
    questions = [
        question(loaded.architecture.part(seed, seconds), text)
        for seed, (seconds, text) in enumerate([(1.0, "What happens?"), (2.5, "In what order, and how often?"), (1.7, "Why?")])
    ]
    together = texts(loaded.asker, *questions)
    assert together == [texts(loaded.asker, one)[0] for one in questions]
    assert len(set(together)) == len(questions), "other media, other noise"


def test_the_logits_change_with_the_media_and_not_with_anything_else(loaded: Loaded) -> None:
    def first_logits(seed: int) -> Any:
        request = question(loaded.architecture.part(seed, 2.0))
        asker = loaded.asker
        inputs = asker._family.inputs(asker._processor, [asker._prompt(request)], [request.media[0]])
        with torch.inference_mode():
            return asker._model(**inputs).logits[0, -1]

    assert torch.equal(first_logits(1), first_logits(1))
    assert not torch.allclose(first_logits(1), first_logits(2), atol=1e-6)


def test_a_drawn_reply_is_its_seeds_alone_and_not_its_neighbours(loaded: Loaded) -> None:
    part = loaded.architecture.part(0, 1.0)
    drawn = question(part, temperature=1.0, seed=3)
    other = question(part, temperature=1.0, seed=4)
    alone = texts(loaded.asker, drawn)
    assert texts(loaded.asker, other, drawn)[1] == alone[0]
    assert texts(loaded.asker, other)[0] != alone[0]


def test_samples_are_drawn_as_many_as_were_asked_for(loaded: Loaded) -> None:
    ((*samples,),) = texts(loaded.asker, question(loaded.architecture.part(0, 1.0), temperature=1.0, samples=3))
    assert len(samples) == 3
    assert len(set(samples)) > 1


def test_a_reply_without_an_end_is_truncated_and_no_answer(loaded: Loaded) -> None:
    (reply,) = loaded.asker.ask([question(loaded.architecture.part(0, 1.0), max_tokens=2)])
    assert isinstance(reply, Rejected)
    assert reply.code == "truncated"


def test_a_batch_that_does_not_fit_is_halved_until_it_does(loaded: Loaded) -> None:
    sizes: list[int] = []

    def short_of_memory(module: Any, args: Any, kwargs: Any) -> None:
        rows = (kwargs.get("input_ids") if kwargs.get("input_ids") is not None else kwargs["inputs_embeds"]).shape[0]
        sizes.append(rows)
        if rows > 2:
            raise torch.OutOfMemoryError("out of memory")

    questions = [question(loaded.architecture.part(seed, 1.0)) for seed in range(4)]
    expected = texts(loaded.asker, *questions)
    hook = loaded.asker._model.register_forward_pre_hook(short_of_memory, with_kwargs=True)
    try:
        assert texts(loaded.asker, *questions) == expected
    finally:
        hook.remove()
    assert sizes[0] == 4
    assert max(sizes[1:]) == 2


class Answer(BaseModel):
    is_heard: bool


def test_noise_is_no_json_and_says_so_after_the_re_asks(loaded: Loaded) -> None:
    request = question(loaded.architecture.part(0, 1.0), schema=Answer, max_tokens=8)
    assert "JSON Schema" in loaded.asker._prompt(request)
    (reply,) = loaded.asker.ask([request])
    assert isinstance(reply, Rejected)
    assert reply.code in ("truncated", "unparsable_json")


def test_missing_weights_are_one_line_that_says_what_to_do(loaded: Loaded, tmp_path: Path) -> None:
    absent = HfAsker(HfParams(model=str(tmp_path / "nowhere"), device="cpu"), loaded.architecture.family)
    with pytest.raises(ModelError, match="model must be a folder that exists or a hub id"):
        absent.open()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_bytes((loaded.folder / "config.json").read_bytes())
    half = HfAsker(HfParams(model=str(tmp_path / "half"), device="cpu"), loaded.architecture.family)
    with pytest.raises(ModelError, match=r"transformers cannot load .*half") as told:
        half.open()
    assert "\n" not in str(told.value)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    asker = HfAsker(HfParams(model=str(videollama3.make(tmp_path)), device="cpu"), QWEN2_AUDIO)
    with pytest.raises(ModelError, match=r"must be a checkpoint of type qwen2_audio, its config says 'video_llama_3'"):
        asker.open()


def test_a_sound_that_would_be_cut_off_is_refused_and_costs_no_other(tmp_path: Path) -> None:
    asker = HfAsker(HfParams(model=str(qwen2_audio.make(tmp_path)), dtype="float32", device="cpu"), QWEN2_AUDIO)
    asker.open()
    short, long = asker._generate([question(sound(0, 1.0)), question(sound(0, 31.0))])
    assert not isinstance(short, Rejected)
    assert long == Rejected("request_refused", "the model hears 30 s at most, the clip has 31.0 s")


Role = Literal["audio_captioner", "video_captioner", "verifier"]


@pytest.mark.parametrize(
    ("role", "backend", "make", "more"),
    [
        ("audio_captioner", "qwen2_audio", qwen2_audio.make, {}),
        ("audio_captioner", "qwen_omni", qwen_omni.make, {}),
        ("audio_captioner", "qwen_omni", qwen_omni.make_moe, {"is_asked": False}),
        ("video_captioner", "videollama3", videollama3.make, {}),
        ("verifier", "listener_qwen2_audio", qwen2_audio.make, {}),
        ("verifier", "listener_qwen_omni", qwen_omni.make, {}),
    ],
)
def test_every_backend_answers_each_item_once_and_in_order(
    role: Role, backend: str, make: Callable[..., Path], more: dict[str, Any], tmp_path: Path
) -> None:
    kind = backend_class(role, backend)
    params = {"model": str(make(tmp_path)), "dtype": "float32", "device": "cpu", "max_tokens": 40} | more
    annotator: Annotator[Any, Any] = kind(kind.Params.model_validate(params))
    assert annotator.model.startswith(f"{tmp_path.name}@")
    assert annotator.resources.gpus == 0
    assert kind.lacks() == []
    annotator.load()
    items = [item(role, seed) for seed in range(3)]
    answers = annotator.annotate(items)
    assert len(answers) == 3
    for answer in answers:
        if isinstance(answer, Rejected):  # noise without an end, or that is no JSON
            assert answer.code in ("truncated", "unparsable_json", "empty_reply"), answer
        elif role == "verifier":
            assert [judged.verdict for judged in answer] == ["unverifiable"], "noise decides nothing"
        else:
            assert [said.question for said in answer] == (["content"] if more else ["content", "temporal"])
    assert list(answers) == list(annotator.annotate(items))
    annotator.close()


def item(role: Role, seed: int) -> Any:
    heard, seen = sound(seed, 1.0).sound, pictures(seed, 1.0).frames
    media = ArrayMedia(f"clip{seed}", heard, seen)
    if role == "audio_captioner":
        return AudioRequest(media, [], [])
    if role == "video_captioner":
        return VideoRequest(media, [], [])
    claim = Stated(step_index=0, type="event", basis="heard", text="A hit is heard.", subject="impact", start_s=0.1, end_s=0.3)
    return Inquiry(media, [claim], [], [], 84, 56)
