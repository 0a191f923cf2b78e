"""The blind witness: what a caption may decide, in closed form; entailment and the whole through the real library."""

from pathlib import Path

import numpy as np
import pytest

from annotators.media import ArrayMedia, Sound
from annotators.registry import backend_class
from annotators.roles import Inquiry
from annotators.witnesses.blind import judged, timeless_text, unasked
from annotators.witnesses.entailment import Entailed, Entailment, EntailmentParams
from schemas.errors import ModelError, Rejected
from tests.annotators.witnesses.test_presence import claim
from tests.checkpoints import nli, qwen2_audio

SAYS_SO, DENIES, NEUTRAL = Entailed(0.9, 0.05), Entailed(0.05, 0.9), Entailed(0.3, 0.3)


@pytest.mark.parametrize(
    ("type", "span", "entailed", "verdict"),
    [
        ("event", (0.0, 10.0), SAYS_SO, "supported"),
        ("event", (1.0, 2.0), SAYS_SO, "unverifiable"),
        ("event", (1.0, 2.0), DENIES, "refuted"),
        ("absence", (1.0, 2.0), DENIES, "unverifiable"),
        ("absence", (0.0, 10.0), DENIES, "refuted"),
        ("count", (1.0, 2.0), DENIES, "unverifiable"),
        ("event", (0.0, 10.0), NEUTRAL, "unverifiable"),
    ],
)
def test_a_caption_has_no_times(type: str, span: tuple[float, float], entailed: Entailed, verdict: str) -> None:
    found = judged(claim(type=type, start_s=span[0], end_s=span[1]), entailed, "a dog barks", 10.0, 0.7)
    assert found.verdict == verdict
    assert found.evidence[0].quote == "a dog barks"


def test_what_a_caption_cannot_say_is_not_asked() -> None:
    assert unasked(claim()) is None
    assert unasked(claim(type="attribute", attribute="pitch", relation="equals", value=440.0, unit="hz"))
    assert unasked(claim(type="inference"))
    assert unasked(claim(basis="seen"))


def test_the_question_leaves_the_time_out() -> None:
    assert timeless_text(claim("dog bark", start_s=1.0, end_s=2.0)) == "A dog bark is heard."


@pytest.fixture(scope="module")
def entailment(tmp_path_factory: pytest.TempPathFactory) -> Entailment:
    pytest.importorskip("torch")
    loaded = Entailment(EntailmentParams(nli_model=str(nli.make(tmp_path_factory.mktemp("nli"))), nli_batch_size=2))
    loaded.load()
    return loaded


@pytest.mark.models
def test_pairs_are_judged_alike_alone_and_together_and_the_order_of_classes_is_the_checkpoints(
    entailment: Entailment, tmp_path: Path
) -> None:
    pairs = [("a dog barks", "A dog bark is heard."), ("rain", "no rain, but a long sentence about a door"), ("x", "y")]
    together = entailment.judge(pairs)
    alone = [entailment.judge([pair])[0] for pair in pairs]
    for one, other in zip(together, alone, strict=True):
        assert isinstance(one, Entailed)
        assert isinstance(other, Entailed)
        assert (one.entailment, one.contradiction) == pytest.approx((other.entailment, other.contradiction), abs=1e-6)
    assert together[0] != together[1]
    turned = Entailment(EntailmentParams(nli_model=str(nli.make(tmp_path, classes=("entailment", "neutral", "contradiction")))))
    turned.load()
    first, other_way = entailment.judge(pairs[:1])[0], turned.judge(pairs[:1])[0]
    assert isinstance(first, Entailed)
    assert isinstance(other_way, Entailed)
    assert other_way.entailment == pytest.approx(first.contradiction, abs=1e-6), "the same weights, named otherwise"


@pytest.mark.models
def test_a_model_that_does_not_name_its_classes_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    nameless = Entailment(EntailmentParams(nli_model=str(nli.make(tmp_path, classes=("LABEL_0", "LABEL_1", "LABEL_2")))))
    with pytest.raises(ModelError, match="must name its classes entailment, neutral and contradiction"):
        nameless.load()


@pytest.mark.models
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_the_caption_is_written_once_per_clip_and_before_the_claims_are_seen(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    kind = backend_class("verifier", "blind_qwen2_audio")
    listener = qwen2_audio.make(tmp_path / "listener")
    blind = kind(
        kind.Params.model_validate(
            {
                "model": str(listener), "dtype": "float32", "device": "cpu", "max_tokens": 4000,
                "nli_model": str(nli.make(tmp_path / "nli")),
            }
        )
    )  # fmt: skip
    assert blind.is_blind
    assert blind.model.startswith("listener+nli@"), "a witness of its own, beside a listener with the same model"
    blind.captioner.asker._generate = _counted(blind.captioner.asker._generate)
    blind.load()
    sound = Sound(np.random.default_rng(0).normal(0, 0.1, (1, 16000)).astype(np.float32), 16000)
    claims = [claim(), claim("rain"), claim(type="inference")]
    answers = blind.annotate([Inquiry(ArrayMedia("a", sound), claims, [], [], None, None)])
    (asked,) = blind.captioner.asker._generate.requests
    assert len(asked) == 2, "content and order, however many claims there are"
    assert not any("bark" in request.text for request in asked)
    (answer,) = answers
    if isinstance(answer, Rejected):
        assert answer.code in ("truncated", "empty_reply")
    else:
        assert len(answer) == len(claims)


class _counted:
    """Keeps what a method was asked."""

    def __init__(self, ask: object) -> None:
        self._ask = ask
        self.requests: list[object] = []

    def __call__(self, requests: object) -> object:
        self.requests.append(requests)
        return self._ask(requests)  # type: ignore[operator]
