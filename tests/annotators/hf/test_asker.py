"""Every transformers backend on a tiny random checkpoint of its architecture, through the library's own code.

What such a model says is noise. That it hears and sees what it is given, and says the same whoever else is asked, is not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from annotators.chat.request import Part
from annotators.hf.families import QWEN2_AUDIO
from schemas.errors import Rejected
from tests.annotators.hf.architectures import Loaded, end_often, first_logits, opened, question, sound, texts
from tests.checkpoints import qwen2_audio

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.models,
    # transformers' own, on every save and load
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


def test_a_batch_says_what_each_of_its_questions_gets_alone(loaded: Loaded) -> None:
    questions = [
        question(loaded.architecture.part(seed, seconds), text)
        for seed, (seconds, text) in enumerate([(1.0, "What happens?"), (2.5, "In what order, and how often?"), (1.7, "Why?")])
    ]
    together = texts(loaded.asker, *questions)
    assert together == [texts(loaded.asker, one)[0] for one in questions]
    logits = first_logits(loaded.asker, *questions)
    alone = torch.cat([first_logits(loaded.asker, one) for one in questions])
    torch.testing.assert_close(logits, alone, atol=2e-6, rtol=0)
    assert torch.pdist(logits).min() > 0.01, "other questions, other noise"


def test_the_logits_change_with_the_media_and_not_with_anything_else(loaded: Loaded) -> None:
    one, other = (question(loaded.architecture.part(seed, 2.0)) for seed in (1, 2))
    assert torch.equal(first_logits(loaded.asker, one), first_logits(loaded.asker, one))
    swapped = (first_logits(loaded.asker, one) - first_logits(loaded.asker, other)).abs().max()
    assert swapped > 1e-3, "far more than rounding"


def test_a_drawn_reply_is_its_seeds_alone_and_not_its_neighbours(loaded: Loaded) -> None:
    part: Part = loaded.architecture.part(0, 1.0)
    drawn = question(part, temperature=1.0, seed=3)
    other = question(part, "In what order, and how often?", temperature=0.7, seed=4)
    likeliest = question(part)
    (alone,), (sure,) = texts(loaded.asker, drawn), texts(loaded.asker, likeliest)
    assert texts(loaded.asker, other, likeliest, drawn)[1:] == [sure, alone]
    assert alone != sure
    assert texts(loaded.asker, question(part, temperature=1.0, seed=4)) != [alone]


def test_samples_are_drawn_as_many_as_were_asked_for_and_the_first_as_if_alone(loaded: Loaded) -> None:
    part = loaded.architecture.part(0, 1.0)
    several, one = texts(loaded.asker, question(part, temperature=1.0, samples=3), question(part, temperature=1.0, samples=1))
    assert len(set(several)) == 3
    assert several[0] == one[0]


def test_a_reply_without_an_end_is_truncated_and_no_answer(loaded: Loaded) -> None:
    (reply,) = loaded.asker.ask([question(loaded.architecture.part(0, 1.0), max_tokens=2)])
    assert isinstance(reply, Rejected)
    assert reply.code == "truncated"


def test_a_reply_is_cut_off_at_its_own_limit_and_not_at_its_neighbours(loaded: Loaded) -> None:
    part = loaded.architecture.part(0, 1.0)
    short, long = texts(loaded.asker, question(part, max_tokens=3), question(part, max_tokens=12))
    assert long[0].startswith(short[0])
    assert texts(loaded.asker, question(part, max_tokens=3)) == [short]


def test_a_batch_that_does_not_fit_is_halved_until_it_does(loaded: Loaded) -> None:
    questions = [question(loaded.architecture.part(seed, 1.0)) for seed in range(4)]
    expected = texts(loaded.asker, *questions)
    sizes: list[int] = []
    with short_of_memory(loaded, above=1, sizes=sizes):
        assert texts(loaded.asker, *questions) == expected
    assert (sizes[0], set(sizes[1:])) == (4, {2, 1})


def test_what_does_not_fit_alone_is_refused(loaded: Loaded) -> None:
    with short_of_memory(loaded, above=0, sizes=[]):
        (reply,) = loaded.asker.ask([question(loaded.architecture.part(0, 1.0))])
    assert reply == Rejected("out_of_memory", "out of memory: too much was asked for")


@contextmanager
def short_of_memory(loaded: Loaded, above: int, sizes: list[int]) -> Iterator[None]:
    """The model runs out of memory for more rows than that; `sizes` gets the rows of each call."""

    def hook(module: Any, args: Any, kwargs: Any) -> None:
        given = kwargs["input_ids"] if kwargs.get("input_ids") is not None else kwargs["inputs_embeds"]
        sizes.append(given.shape[0])
        if given.shape[0] > above:
            raise torch.OutOfMemoryError("out of memory: too much was asked for")

    handle = loaded.asker._model.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


class Answer(BaseModel):
    is_heard: bool


def test_noise_is_no_json_and_is_asked_again_with_the_mistake(tmp_path: Path) -> None:
    asker = opened(end_often(qwen2_audio.make(tmp_path)), QWEN2_AUDIO, reasks=2)
    request = question(sound(0, 1.0), schema=Answer, max_tokens=64)
    assert '"is_heard": {"type": "boolean"}' in asker._prompt(request)
    (reply,) = asker.ask([request])
    assert isinstance(reply, Rejected)
    assert reply.code == "unparsable_json"
    assert reply.message.startswith("after 2 re-asks: ")


def test_a_re_ask_shows_the_reply_and_the_mistake_after_the_media(loaded: Loaded) -> None:
    part = loaded.architecture.part(0, 1.0)
    prompt = loaded.asker._prompt(question(part, system="Be brief.", turns=(("rain?", "That is no JSON."),)))
    places = [prompt.index(said) for said in ("Be brief.", "What happens?", "rain?", "That is no JSON.")]
    assert places == sorted(places)
    kind = loaded.architecture.family.takes
    assert prompt.count(getattr(loaded.asker._processor, f"{kind}_token")) == 1
