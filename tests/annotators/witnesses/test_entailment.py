"""Entailment through the real library, by both architectures that such models have."""

from pathlib import Path

import numpy as np
import pytest

from annotators.witnesses.entailment import Entailed, Entailment, EntailmentParams
from schemas.errors import ModelError, Rejected
from tests.checkpoints import nli

pytestmark = pytest.mark.models
pytest.importorskip("torch")

PAIRS = [("a dog barks", "A dog bark is heard."), ("rain", "no rain, but a long sentence about a door"), ("x", "y")]


def opened(folder: Path, **params: object) -> Entailment:
    entailment = Entailment(EntailmentParams.model_validate({"nli_model": str(folder), **params}))
    entailment.load()
    return entailment


@pytest.fixture(scope="module", params=["roberta", "deberta-v2"])
def entailment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Entailment:
    return opened(nli.make(tmp_path_factory.mktemp("nli"), architecture=request.param), nli_batch_size=2)


def numbers(answers: list[Entailed | Rejected]) -> list[tuple[float, float]]:
    assert not any(isinstance(one, Rejected) for one in answers), answers
    return [(one.entailment, one.contradiction) for one in answers if isinstance(one, Entailed)]


def test_pairs_are_judged_alike_alone_together_and_again(entailment: Entailment) -> None:
    together = numbers(entailment.judge(PAIRS))
    assert together == numbers(entailment.judge(PAIRS))
    for pair, found in zip(PAIRS, together, strict=True):
        assert numbers(entailment.judge([pair]))[0] == pytest.approx(found, abs=1e-5)
        assert 0 < sum(found) < 1, "what is left is neutral"
    assert len(set(together)) == 3
    assert entailment.judge([]) == []


def test_the_words_of_text_and_hypothesis_both_matter(entailment: Entailment) -> None:
    said, other, turned = numbers(entailment.judge([("rain falls", "a dog"), ("a door", "a dog"), ("a dog", "rain falls")]))
    assert said != pytest.approx(other, abs=1e-4)
    assert said != pytest.approx(turned, abs=1e-4)


def test_texts_longer_than_the_model_reads_cost_the_others_nothing(entailment: Entailment) -> None:
    long = "a dog barks " * 2000
    answers = numbers(entailment.judge([PAIRS[0], (long, "rain"), ("rain", long), (long, long), ("", "")]))
    assert answers[0] == pytest.approx(numbers(entailment.judge(PAIRS[:1]))[0], abs=1e-5)
    assert len(answers) == 5


def test_a_batch_that_does_not_fit_is_halved_and_one_pair_that_does_not_is_refused(entailment: Entailment) -> None:
    import torch

    def short_of_memory(module: object, args: object, kwargs: dict[str, torch.Tensor]) -> None:
        if kwargs["input_ids"].numel() > 24:
            raise torch.OutOfMemoryError("out of memory")

    expected = numbers(entailment.judge([PAIRS[2]] * 2))
    handle = entailment._model.register_forward_pre_hook(short_of_memory, with_kwargs=True)
    try:
        short, long, again = entailment.judge([PAIRS[2], PAIRS[1], PAIRS[2]])
    finally:
        handle.remove()
    assert np.allclose(numbers([short, again]), expected, atol=1e-5)
    assert isinstance(long, Rejected)
    assert long.code == "out_of_memory"


def test_an_entailment_that_is_not_a_number_is_a_refusal(tmp_path: Path) -> None:
    import torch

    entailment = opened(nli.make(tmp_path))
    with torch.no_grad():
        entailment._model.classifier.out_proj.bias.fill_(float("nan"))
    (answer,) = entailment.judge(PAIRS[:1])
    assert isinstance(answer, Rejected)
    assert answer.code == "annotator_error"


def test_which_class_is_which_is_the_checkpoints_word(entailment: Entailment, tmp_path: Path) -> None:
    architecture = entailment._model.config.model_type
    named = opened(nli.make(tmp_path / "one", architecture=architecture))
    turned = opened(nli.make(tmp_path / "two", classes=("ENTAILMENT", "contradiction", "neutral"), architecture=architecture))
    ((entailed, contradicted),) = numbers(named.judge(PAIRS[:1]))
    assert numbers(turned.judge(PAIRS[:1])) == [pytest.approx((contradicted, entailed), abs=1e-5)]


@pytest.mark.parametrize("classes", [("LABEL_0", "LABEL_1", "LABEL_2"), ("entailment", "not_entailment")])
def test_a_model_that_does_not_name_its_classes_is_refused(classes: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="must name its classes entailment, neutral and contradiction"):
        opened(nli.make(tmp_path, classes=classes))
