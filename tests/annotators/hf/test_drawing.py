"""Words are drawn with the odds that the model gave them."""

import numpy as np
import pytest

from annotators.chat.request import ChatRequest
from annotators.hf.drawing import Drawing

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.models

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0, -torch.inf])


def row(temperature: float, seed: int = 0, sample: int = 0) -> tuple[ChatRequest, int]:
    return ChatRequest("clip", "What happens?", temperature=temperature, seed=seed), sample


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_largest_is_distributed_as_the_softmax_says(temperature: float) -> None:
    drawing, count = Drawing([row(temperature)], "cpu"), 20_000
    picked = [int(drawing(None, LOGITS[None].clone()).argmax()) for _ in range(count)]
    expected = torch.softmax(LOGITS / temperature, 0).double().numpy()
    spread = np.sqrt(expected * (1 - expected) / count)
    assert (np.abs(np.bincount(picked, minlength=5) / count - expected) <= 4 * spread).all()


def test_rows_draw_from_sources_of_their_own_and_likeliest_words_stay() -> None:
    def noise(*rows: tuple[ChatRequest, int]) -> list[list[float]]:
        drawn: list[list[float]] = Drawing(rows, "cpu")(None, torch.zeros(len(rows), 3)).tolist()
        return drawn

    alone = noise(row(1.0, seed=1))[0]
    together = noise(row(0.0), row(1.0, seed=1), row(1.0, seed=2), row(1.0, seed=1, sample=1))
    assert together[0] == [0.0, 0.0, 0.0]
    assert together[1] == alone
    assert len({tuple(one) for one in together}) == 4
