"""The blind witness: what a caption may decide, in closed form; and the whole, by a served captioner and by Qwen2-Audio."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.media import ArrayMedia, Sound
from annotators.registry import BACKENDS, backend_class
from annotators.roles import Inquiry
from annotators.serving import capabilities
from annotators.site import Site
from annotators.witnesses.blind import ServedBlind, judged, timeless_text, unasked
from annotators.witnesses.entailment import Entailed
from schemas.errors import ModelError, Rejected
from tests.annotators.chat.clips import asked
from tests.annotators.witnesses.clips import claim, inquiry, judgements
from tests.checkpoints import nli, qwen2_audio
from tests.serving.standin import Standin

SAYS_SO, DENIES, NEUTRAL = Entailed(0.9, 0.05), Entailed(0.05, 0.9), Entailed(0.3, 0.3)


@pytest.mark.parametrize(
    ("type", "span", "entailed", "verdict", "score"),
    [
        ("event", (0.0, 10.0), Entailed(1.0, 0.0), "supported", 1.0),
        ("event", (0.0, 10.0), Entailed(0.7, 0.1), "supported", 0.6),
        ("event", (0.5, 9.5), SAYS_SO, "supported", 0.6 + 0.4 * 2 / 3),
        ("event", (0.0, 8.9), SAYS_SO, "unverifiable", 0.5),
        ("event", (1.0, 2.0), SAYS_SO, "unverifiable", 0.5),
        ("event", (1.0, 2.0), DENIES, "refuted", 0.4 - 0.4 * 2 / 3),
        ("order", (1.0, 2.0), DENIES, "refuted", 0.4 - 0.4 * 2 / 3),
        ("absence", (1.0, 2.0), DENIES, "unverifiable", 0.5),
        ("absence", (0.0, 10.0), DENIES, "refuted", 0.4 - 0.4 * 2 / 3),
        ("count", (1.0, 2.0), DENIES, "unverifiable", 0.5),
        ("event", (0.0, 10.0), NEUTRAL, "unverifiable", 0.5),
        ("event", (0.0, 10.0), Entailed(0.69, 0.31), "unverifiable", 0.5),
    ],
)
def test_a_caption_has_no_times(type: str, span: tuple[float, float], entailed: Entailed, verdict: str, score: float) -> None:
    found = judged(claim(type=type, start_s=span[0], end_s=span[1]), entailed, "a dog barks", 10.0, 0.7)
    assert (found.verdict, found.score) == (verdict, pytest.approx(score))
    assert found.evidence[0].quote == "a dog barks"


def test_what_a_caption_cannot_say_is_not_asked() -> None:
    assert unasked(claim()) is None
    assert unasked(claim(type="attribute", attribute="pitch", relation="equals", value=440.0, unit="hz"))
    assert unasked(claim(type="source", object="t00"))
    assert unasked(claim(type="inference"))
    assert unasked(claim(basis="seen"))


def test_the_question_leaves_the_time_out() -> None:
    assert timeless_text(claim("dog bark", start_s=1.0, end_s=2.0)) == "A dog bark is heard."


def test_every_blind_backend_says_that_it_is_and_what_both_its_models_need() -> None:
    for name in (name for name in BACKENDS["verifier"] if name.startswith("blind")):
        kind = backend_class("verifier", name)
        witness = kind(kind.Params())
        assert witness.is_blind
        assert witness.model.partition("@")[0].endswith("+cross-encoder/nli-deberta-v3-base")
        assert witness.resources.memory_gb >= 2.0
        assert witness.prompt_id == witness.captioner.prompt_id
    local = backend_class("verifier", "blind_qwen2_audio")
    assert local(local.Params()).estimate(10.0, False) is None


@pytest.fixture
def entailment(tmp_path: Path) -> Path:
    pytest.importorskip("torch")
    return nli.make(tmp_path / "nli")


@contextmanager
def served(server: Standin, entailment: Path) -> Iterator[ServedBlind]:
    given = {"model": "tiny", "base_url": server.url, "structured": "json_schema", "nli_model": str(entailment)}
    witness = ServedBlind(ServedBlind.Params.model_validate(given))
    witness.connect(Site())
    witness.load()
    try:
        yield witness
    finally:
        witness.close()


@pytest.fixture
def _no_memory_of_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "_KNOWN", {})


def says_rain(body: dict[str, Any]) -> str:
    return "rain on glass"


@pytest.mark.models
@pytest.mark.usefixtures("_no_memory_of_servers")
def test_a_clip_is_captioned_once_without_its_claims_and_what_that_cost_is_handed_over(entailment: Path) -> None:
    claims = [claim(), claim("zebra"), claim(type="inference"), claim("zebra", type="absence"), claim(type="count", value=2.0)]
    with Standin(answer=says_rain) as server, served(server, entailment) as witness:
        answers = witness.annotate([inquiry(*claims, seed=0), inquiry(*claims[::-1], seed=1)])
        bodies = [json.dumps(body) for body in asked(server.served)]
        used = witness.take_usage()
        assert witness.take_usage() == []
        billed = server.billed
    assert len(bodies) == 4, "content and order of two clips, however many claims there are"
    assert not any("zebra" in body or "bark" in body for body in bodies)
    totals = sum(u.num_calls for u in used), sum(u.prompt_tokens for u in used), sum(u.completion_tokens for u in used)
    assert totals == billed
    assert {u.clip_id for u in used} >= {"clip0", "clip1"}
    first, second = map(judgements, answers)
    assert [one.reason for one in first] == [one.reason for one in second[::-1]], "in order, and alike in any order"
    for one in first:
        assert one.verdict == "unverifiable" or one.evidence[0].quote == "rain on glass rain on glass"


@pytest.mark.models
@pytest.mark.usefixtures("_no_memory_of_servers")
def test_a_clip_without_a_claim_that_a_caption_decides_is_not_captioned(entailment: Path) -> None:
    with Standin(answer=says_rain) as server, served(server, entailment) as witness:
        first, second, third = witness.annotate(
            [inquiry(claim(type="inference"), claim(basis="seen")), inquiry(claim("rain"), seed=1), inquiry(seed=2)]
        )
        assert len(asked(server.served)) == 2
        assert {u.clip_id for u in witness.take_usage()} <= {"clip1", None}
    assert [one.verdict for one in judgements(first)] == ["unverifiable"] * 2
    assert len(judgements(second)) == 1
    assert judgements(third) == []


@pytest.mark.models
@pytest.mark.usefixtures("_no_memory_of_servers")
def test_a_caption_that_is_none_is_a_refusal_of_its_clip_alone(entailment: Path) -> None:
    silent = Inquiry(ArrayMedia("silent", Sound(np.zeros((1, 0), np.float32), 16000)), [claim()], [], [], None, None)
    with Standin(answer=says_rain) as server, served(server, entailment) as witness:
        refused, answered = witness.annotate([silent, inquiry(claim("rain"))])
    assert isinstance(refused, Rejected)
    assert refused.code == "decode_failed"
    assert len(judgements(answered)) == 1


def test_a_caption_is_priced_before_it_is_asked_for() -> None:
    estimate = ServedBlind(ServedBlind.Params()).estimate(10.0, has_video=True)
    assert estimate is not None
    assert (estimate.num_calls, estimate.audio_s) == (2, 20.0)
    assert estimate.usd


@pytest.mark.models
def test_missing_entailment_weights_are_found_out_before_a_captioner_is_loaded(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    kind = backend_class("verifier", "blind_qwen2_audio")
    given = {"model": str(tmp_path / "no-captioner"), "device": "cpu", "nli_model": str(tmp_path / "no-entailment")}
    with pytest.raises(ModelError, match=r"must be a folder that exists.*no-entailment"):
        kind(kind.Params.model_validate(given)).load()


@pytest.mark.models
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")  # qwen2_audio's own, of transformers 5.19
def test_qwen2_audio_writes_the_caption(entailment: Path, tmp_path: Path) -> None:
    kind = backend_class("verifier", "blind_qwen2_audio")
    given = {
        "model": str(qwen2_audio.make(tmp_path / "listener")), "dtype": "float32", "device": "cpu", "max_tokens": 4000,
        "nli_model": str(entailment),
    }  # fmt: skip
    blind = kind(kind.Params.model_validate(given))
    assert blind.model.startswith("listener+nli@"), "a witness of its own, beside a listener with the same model"
    blind.load()
    claims = [claim(), claim("rain"), claim(type="inference")]
    (answer,) = blind.annotate([inquiry(*claims, seconds=1.0)])
    if isinstance(answer, Rejected):
        assert answer.code in ("truncated", "empty_reply")
    else:
        assert len(answer) == len(claims)
