"""`clap` and `tagger` through the real library on tiny random weights, and the arithmetic around them in closed form."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.media import ArrayMedia, Sound
from annotators.registry import backend_class
from annotators.roles import Inquiry
from annotators.witnesses.clap import softmax
from annotators.witnesses.names import matching_classes, sound_names, words_of
from annotators.witnesses.presence import Heard, PresenceVerifier
from schemas.errors import ModelError, Rejected
from schemas.reasoning import Judged, Stated
from schemas.vocabulary import SOUND_KINDS
from tests.checkpoints import ast, clap

RATE_HZ = 16_000
LABELS = dict(enumerate(ast.CLASSES))


def claim(subject: str = "dog bark", type: str = "event", start_s: float = 1.0, end_s: float = 2.0, **more: Any) -> Stated:
    return Stated.model_validate(
        {"step_index": 0, "type": type, "basis": "heard", "text": "", "subject": subject, "start_s": start_s, "end_s": end_s}
        | more
    )


def clip(seed: int = 0, seconds: float = 4.0) -> ArrayMedia:
    samples = np.random.default_rng(seed).normal(0, 0.1, (1, int(RATE_HZ * seconds))).astype(np.float32)
    return ArrayMedia(f"clip{seed}", Sound(samples, RATE_HZ))


def inquiry(*claims: Stated, seed: int = 0, seconds: float = 4.0) -> Inquiry:
    return Inquiry(clip(seed, seconds), list(claims), [], [], None, None)


def judgements(answer: Any) -> list[Judged]:
    assert not isinstance(answer, Rejected), answer
    return list(answer)


class Fixed(PresenceVerifier):
    """Hears what it is told to: the arithmetic without a model."""

    class Params(backend_class("verifier", "tagger").Params):  # type: ignore[misc]
        pass

    rate_hz = RATE_HZ
    presence: float | None = 0.0

    @property
    def thresholds(self) -> tuple[float, float]:
        return 0.2, 0.01

    def load_from(self, folder: str) -> None:
        raise NotImplementedError

    def listen(self, pieces: Any, subjects: Any) -> list[Heard | Rejected | None]:
        self.sizes = [len(piece) for piece in pieces]
        return [None if self.presence is None else Heard(self.presence, "so it is")] * len(pieces)


@pytest.fixture
def fixed() -> Fixed:
    return Fixed(Fixed.Params())


@pytest.mark.parametrize(
    ("presence", "type", "verdict", "score"),
    [
        (1.0, "event", "supported", 1.0),
        (0.2, "event", "supported", 0.6),
        (0.1, "event", "unverifiable", 0.5),
        (0.005, "event", "refuted", 0.2),
        (0.0, "event", "refuted", 0.0),
        (1.0, "absence", "refuted", 0.0),
        (0.1, "absence", "unverifiable", 0.5),
        (0.0, "absence", "supported", 1.0),
        (None, "event", "unverifiable", 0.5),
    ],
)
def test_presence_becomes_a_verdict(fixed: Fixed, presence: float | None, type: str, verdict: str, score: float) -> None:
    fixed.presence = presence
    (judged,) = judgements(fixed.annotate([inquiry(claim(type=type))])[0])
    assert (judged.verdict, judged.score) == (verdict, pytest.approx(score))


def test_what_is_not_about_a_kind_of_sound_is_not_asked(fixed: Fixed) -> None:
    fixed.presence = 1.0
    claims = [
        claim(type="count", value=2.0), claim(type="order", object="rain", relation="before"), claim(type="inference"),
        claim(subject="sound"), claim(basis="seen"),
    ]  # fmt: skip
    assert {judged.verdict for judged in judgements(fixed.annotate([inquiry(*claims)])[0])} == {"unverifiable"}


def test_a_stretch_is_the_span_with_a_margin_at_least_a_second_and_within_the_clip(fixed: Fixed) -> None:
    assert fixed.stretch(claim(start_s=1, end_s=2), 4.0) == (0.75, 2.25)
    assert fixed.stretch(claim(start_s=2.0, end_s=2.1), 4.0) == pytest.approx((1.55, 2.55))
    assert fixed.stretch(claim(start_s=0.0, end_s=0.1), 4.0) == (0.0, 1.0)
    assert fixed.stretch(claim(start_s=3.9, end_s=4.0), 4.0) == (3.0, 4.0)
    assert fixed.stretch(claim(start_s=7.0, end_s=9.0), 4.0) == (3.0, 4.0)
    assert fixed.stretch(claim(start_s=0.0, end_s=0.2), 0.4) == (0.0, 0.4)


def test_a_long_span_is_heard_in_pieces(fixed: Fixed) -> None:
    fixed.annotate([inquiry(claim(start_s=0.0, end_s=25.0), seconds=25.0)])
    assert len(fixed.sizes) == 3
    assert sum(fixed.sizes) == 25 * RATE_HZ


def test_a_clip_without_sound_is_rejected_and_no_other(fixed: Fixed) -> None:
    broken = replace(inquiry(claim()), media=ArrayMedia("x", Sound(np.full((1, 99), np.nan, np.float32), RATE_HZ)))
    first, second = fixed.annotate([broken, inquiry(claim())])
    assert isinstance(first, Rejected)
    assert first.code == "decode_failed"
    assert len(judgements(second)) == 1


def test_a_softmax_is_shares_that_grow_with_e() -> None:
    assert softmax(np.array([0.0, np.log(3.0)])) == pytest.approx([0.25, 0.75])
    assert softmax(np.array([1e4, 0.0])) == pytest.approx([1.0, 0.0])


def test_subjects_find_their_classes_by_words_and_by_the_table() -> None:
    def named(subject: str) -> set[str]:
        return {LABELS[number] for number in matching_classes(subject, LABELS)}

    assert named("dog bark") == {"Dog", "Bark"}
    assert named("dogs") == {"Dog"}
    assert named("the sound of rain") == {"Rain"}
    assert named("chirp") == {"Chirp, tweet"}
    assert named("impact") == {"Knock"}
    assert named("ring") == {"Bell"}
    assert named("roll") == {"Drum roll"}
    assert named("zebra") == named("") == set()


def test_the_table_has_every_kind_of_sound_and_decoys_that_differ() -> None:
    names = sound_names()
    assert set(names.classes) == set(SOUND_KINDS)
    assert len(set(names.decoys)) == len(names.decoys) >= 40
    assert all(map(words_of, names.decoys))


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


def presences(witness: PresenceVerifier, *inquiries: Inquiry) -> list[float | None]:
    return [
        judged.evidence[0].value for answer in witness.annotate(inquiries) for judged in judgements(answer) if judged.evidence
    ]


@pytest.mark.models
def test_a_batch_is_what_each_gets_alone_and_depends_on_the_sound(witness: PresenceVerifier) -> None:
    asked = [inquiry(claim(), claim("rain", start_s=0.0, end_s=4.0), seed=seed) for seed in range(5)]
    together = presences(witness, *asked)
    alone = [value for one in asked for value in presences(witness, one)]
    assert together == pytest.approx(alone, abs=1e-4)
    assert together == presences(witness, *asked)
    raw = [witness.listen([clip(seed).sound(witness.rate_hz).mono[: witness.rate_hz]], ["rain"])[0] for seed in range(2)]
    assert isinstance(raw[0], Heard)
    assert isinstance(raw[1], Heard)
    assert raw[0].presence != raw[1].presence


@pytest.mark.models
def test_a_batch_that_does_not_fit_is_halved(witness: PresenceVerifier) -> None:
    import torch

    def short_of_memory(module: Any, args: Any, kwargs: Any) -> None:
        given = [*args, *kwargs.values()]
        if next(one for one in given if isinstance(one, torch.Tensor)).shape[0] > 1:
            raise torch.OutOfMemoryError("out of memory")

    asked = [inquiry(claim("rain"), seed=seed) for seed in range(3)]
    expected = presences(witness, *asked)
    model: Any = witness._model  # type: ignore[attr-defined]
    hook = getattr(model, "audio_model", model).register_forward_pre_hook(short_of_memory, with_kwargs=True)
    try:
        assert presences(witness, *asked) == pytest.approx(expected, abs=1e-4)
    finally:
        hook.remove()


@pytest.mark.models
@pytest.mark.parametrize(("name", "make"), [("tagger", ast.make), ("clap", clap.make)])
def test_missing_weights_are_one_line(name: str, make: Callable[..., Path], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    kind = backend_class("verifier", name)
    with pytest.raises(ModelError, match="must be a folder that exists"):
        kind(kind.Params.model_validate({"model": str(tmp_path / "no"), "device": "cpu"})).load()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="transformers cannot load"):
        kind(kind.Params.model_validate({"model": str(tmp_path / "empty"), "device": "cpu"})).load()
    assert kind.lacks() == []
