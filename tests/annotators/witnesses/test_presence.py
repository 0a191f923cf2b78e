"""What presence decides, in closed form; and both witnesses of it through the real library on tiny random weights."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from annotators.media import ArrayMedia, Sound
from annotators.registry import backend_class
from annotators.witnesses.presence import (
    Heard,
    PresenceParams,
    PresenceVerifier,
    Question,
    judged,
    pieces_of,
    refused,
    stretch,
    unasked,
)
from schemas.errors import Rejected
from schemas.reasoning import Judged
from tests.annotators.witnesses.clips import RATE_HZ, claim, clip, inquiry, judgements
from tests.checkpoints import ast, clap

LISTENING = PresenceParams(present_from=0.2, absent_below=0.01)


def verdict(*heard: Heard | None, type: str = "event") -> tuple[str, float]:
    found = judged(Question(claim(type=type), 0.75, 2.25, [np.zeros(9, np.float32)]), heard, LISTENING)
    assert isinstance(found, Judged)
    return found.verdict, found.score


def at(presence: float) -> Heard:
    return Heard(presence, presence, "so it is")


@pytest.mark.parametrize(
    ("presence", "type", "word", "score"),
    [
        (1.0, "event", "supported", 1.0),
        (0.2, "event", "supported", 0.6),
        (0.6, "event", "supported", 0.8),
        (0.1, "event", "unverifiable", 0.5),
        (0.01, "event", "unverifiable", 0.5),
        (0.005, "event", "refuted", 0.2),
        (0.0, "event", "refuted", 0.0),
        (1.0, "absence", "refuted", 0.0),
        (0.1, "absence", "unverifiable", 0.5),
        (0.0, "absence", "supported", 1.0),
    ],
)
def test_presence_becomes_a_verdict(presence: float, type: str, word: str, score: float) -> None:
    assert verdict(at(presence), type=type) == (word, pytest.approx(score))


def test_what_is_present_in_part_decides_nothing() -> None:
    assert verdict(Heard(0.001, 0.9, "a door, but no bell")) == ("unverifiable", 0.5)
    assert verdict(Heard(0.001, 0.005, "neither"))[0] == "refuted"
    assert verdict(Heard(0.3, 0.9, "both"))[0] == "supported"


def test_of_several_pieces_the_surest_counts() -> None:
    assert verdict(at(0.0), at(0.6), at(0.1)) == ("supported", pytest.approx(0.8))
    assert verdict(at(0.0), at(0.1))[0] == "unverifiable"
    assert verdict(at(0.0), at(0.005)) == ("refuted", pytest.approx(0.2))


def test_a_subject_without_a_notion_is_left_open_and_a_number_that_is_none_is_a_refusal() -> None:
    assert verdict(None) == ("unverifiable", 0.5)
    asked = Question(claim(), 0.0, 1.0, [])
    for found in (at(float("nan")), Heard(0.1, float("inf"), "")):
        refusal = judged(asked, [at(0.9), found], LISTENING)
        assert isinstance(refusal, Rejected)
        assert refusal.code == "annotator_error"
    assert judged(asked, [at(0.9), Rejected("out_of_memory", "")], LISTENING) == Rejected("out_of_memory", "")


def test_thresholds_must_leave_something_open() -> None:
    with pytest.raises(ValidationError, match=r"absent_below must not exceed present_from, got 0\.5 > 0\.2"):
        backend_class("verifier", "tagger").Params.model_validate({"absent_below": 0.5})


def test_what_is_not_about_a_kind_of_sound_is_not_asked() -> None:
    assert unasked(claim()) is None
    assert unasked(claim(type="absence")) is None
    for other in (
        claim(type="count", value=2.0), claim(type="order", object="rain", relation="before"), claim(type="inference"),
        claim(type="attribute", attribute="pitch", relation="rises"), claim(type="source", object="t00"),
        claim(subject="sound"), claim(basis="seen"),
    ):  # fmt: skip
        assert unasked(other)


def test_a_stretch_is_the_span_with_a_margin_at_least_a_second_and_within_the_clip() -> None:
    def of(start_s: float, end_s: float, duration_s: float = 4.0) -> tuple[float, float]:
        return stretch(claim(start_s=start_s, end_s=end_s), duration_s, LISTENING)

    assert of(1, 2) == (0.75, 2.25)
    assert of(2.0, 2.1) == pytest.approx((1.55, 2.55))
    assert of(0.0, 0.1) == (0.0, 1.0)
    assert of(3.9, 4.0) == (3.0, 4.0)
    assert of(7.0, 9.0) == (3.0, 4.0)
    assert of(0.0, 0.2, duration_s=0.4) == (0.0, 0.4)
    assert stretch(claim(start_s=None, end_s=None), 4.0, LISTENING) == (0.0, 4.0)


def test_a_long_span_is_heard_in_pieces_without_a_gap() -> None:
    sound = clip(seconds=25.0).stored_sound.mono
    pieces = pieces_of(sound, RATE_HZ, 0.0, 25.0)
    assert [len(piece) <= 10 * RATE_HZ for piece in pieces] == [True] * 3
    assert np.array_equal(np.concatenate(pieces), sound)
    assert [len(piece) for piece in pieces_of(sound, RATE_HZ, 1.0, 11.0)] == [10 * RATE_HZ]


def test_a_sound_that_is_none_or_too_short_is_refused() -> None:
    assert refused(np.zeros(1600, np.float32), RATE_HZ) is None
    for sound, code in (
        (np.zeros(1599), "too_short"),
        (np.zeros(0), "decode_failed"),
        (np.full(9999, np.nan), "decode_failed"),
    ):
        refusal = refused(sound.astype(np.float32), RATE_HZ)
        assert refusal is not None
        assert refusal.code == code


@pytest.fixture(scope="module", params=[("tagger", ast.make), ("clap", clap.make)], ids=lambda one: one[0])
def witness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PresenceVerifier:
    pytest.importorskip("torch")
    name, make = request.param
    kind = backend_class("verifier", name)
    folder = make(tmp_path_factory.mktemp(name))
    loaded = kind(kind.Params.model_validate({"model": str(folder), "dtype": "float32", "device": "cpu", "batch_size": 4}))
    loaded.load()
    assert isinstance(loaded, PresenceVerifier)
    return loaded


def presences(witness: PresenceVerifier, *inquiries: Any) -> list[float | None]:
    return [
        judged.evidence[0].value for answer in witness.annotate(inquiries) for judged in judgements(answer) if judged.evidence
    ]


@pytest.mark.models
def test_a_batch_is_what_each_gets_alone_and_again(witness: PresenceVerifier) -> None:
    asked = [inquiry(claim(), claim("rain", start_s=0.0, end_s=4.0), seed=seed) for seed in range(5)]
    together = presences(witness, *asked)
    assert len(together) == 10
    alone = [value for one in asked for value in presences(witness, one)]
    assert together == pytest.approx(alone, abs=1e-4)
    assert together == presences(witness, *asked)


@pytest.mark.models
def test_another_sound_is_another_presence(witness: PresenceVerifier) -> None:
    times_s = np.arange(witness.rate_hz) / witness.rate_hz
    sounds = [clip().sound(witness.rate_hz).mono[: witness.rate_hz], 0.5 * np.sin(2 * np.pi * 440 * times_s).astype(np.float32)]
    noise, tone = witness.listen(sounds, ["rain", "rain"])
    tone_again, noise_again = witness.listen(sounds[::-1], ["rain", "rain"])
    assert isinstance(noise, Heard)
    assert isinstance(tone, Heard)
    assert isinstance(noise_again, Heard)
    assert isinstance(tone_again, Heard)
    assert (noise.least, tone.least) == pytest.approx((noise_again.least, tone_again.least), abs=1e-6)
    assert abs(noise.least - tone.least) > 1e-4


@pytest.mark.models
def test_claims_about_the_same_span_share_what_is_heard_of_it(witness: PresenceVerifier) -> None:
    sizes: list[int] = []
    hears = getattr(witness._model, "audio_model", witness._model)
    handle = hears.register_forward_hook(lambda module, args, kwargs, out: sizes.append(len(out[0])), with_kwargs=True)
    try:
        (answer,) = witness.annotate([inquiry(*[claim(subject) for subject in ("rain", "dog", "rain")], claim(start_s=3.0))])
    finally:
        handle.remove()
    assert sizes == [2], "two spans"
    rain, dog, again, _ = judgements(answer)
    assert rain == again
    assert rain.reason != dog.reason


@pytest.mark.models
def test_what_cannot_be_heard_is_refused_or_open_and_costs_the_others_nothing(witness: PresenceVerifier) -> None:
    good = inquiry(claim("rain"), claim("zebra"), claim(type="count", value=1.0))
    bad = [
        replace(good, media=ArrayMedia("x", Sound(samples.astype(np.float32), RATE_HZ)))
        for samples in (np.full((1, 9999), np.nan), np.zeros((1, 0)), np.zeros((1, 300)))
    ]
    odd = inquiry(claim("rain " * 3000), claim("rain", start_s=90.0, end_s=99.0), claim("rain", start_s=3.0, end_s=1.0))
    first, *refusals, last, oddities = witness.annotate([good, *bad, good, odd])
    assert [refusal.code for refusal in refusals if isinstance(refusal, Rejected)] == [
        "decode_failed",
        "decode_failed",
        "too_short",
    ]
    assert len(judgements(oddities)) == 3
    alone = judgements(witness.annotate([good])[0])
    for answer in (first, last):
        assert [one.verdict for one in judgements(answer)] == [one.verdict for one in alone]
        assert [one.score for one in judgements(answer)] == pytest.approx([one.score for one in alone], abs=1e-3)


@pytest.mark.models
def test_a_batch_that_does_not_fit_is_halved(witness: PresenceVerifier) -> None:
    import torch

    def short_of_memory(most: int) -> Any:
        def hook(module: Any, args: Any, kwargs: Any) -> None:
            given = [*args, *kwargs.values()]
            if next(one for one in given if isinstance(one, torch.Tensor)).shape[0] > most:
                raise torch.OutOfMemoryError("out of memory")

        hears = getattr(witness._model, "audio_model", witness._model)
        return hears.register_forward_pre_hook(hook, with_kwargs=True)

    asked = [inquiry(claim("rain"), seed=seed) for seed in range(3)]
    expected = presences(witness, *asked)
    handle = short_of_memory(1)
    try:
        assert presences(witness, *asked) == pytest.approx(expected, abs=1e-4)
    finally:
        handle.remove()
    handle = short_of_memory(0)
    try:
        assert [answer.code for answer in witness.annotate(asked) if isinstance(answer, Rejected)] == ["out_of_memory"] * 3
    finally:
        handle.remove()
