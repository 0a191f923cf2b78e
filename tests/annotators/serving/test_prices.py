"""Money: what tokens cost, what a question may cost at most, and what it is expected to."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.chat.request import AudioPart, ChatRequest, VideoPart
from annotators.media import Frames, Sound
from annotators.serving.expected import most_audio_tokens, most_prompt_tokens, prompt_tokens
from annotators.serving.params import ServerParams
from annotators.serving.prices import Price, Tokens, price_list
from schemas.errors import RecipeError
from tests.annotators.serving.asking import Heard

PRICE = Price(input=2.0, cached=0.5, output=8.0, audio_input=32.0)
COUNTS = st.integers(0, 10**6)


def test_each_kind_of_token_has_its_price() -> None:
    tokens = Tokens(prompt=1000, cached=300, audio=200, completion=50)
    assert tokens.usd(PRICE) == pytest.approx((500 * 2.0 + 300 * 0.5 + 200 * 32.0 + 50 * 8.0) / 1e6)
    assert tokens.usd(None) is None
    assert tokens.usd(Price(input=2.0, cached=0.5, output=8.0)) == pytest.approx((700 * 2.0 + 300 * 0.5 + 400) / 1e6)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_no_cost_is_negative_whatever_a_server_counts(prompt: int, cached: int, audio: int, completion: int) -> None:
    usd = Tokens(prompt, cached, audio, completion).usd(PRICE)
    assert usd is not None
    assert 0 <= usd <= (prompt * 32.0 + completion * 8.0) / 1e6


def test_the_longest_name_that_matches_has_the_price() -> None:
    prices = price_list()
    cheap, dear = prices.of("gpt-4.1-nano-2026-01-01"), prices.of("gpt-4.1")
    assert cheap is not None
    assert dear is not None
    assert cheap.input < dear.input
    assert prices.of("Qwen/Qwen2-Audio-7B-Instruct") is None


@pytest.mark.parametrize(
    "text", ["models: {x: {input: -1, cached: 0, output: 0}}", "models: [", "- 1", "models: 3", "priced: 1", "models: {x: 1}"]
)
def test_a_price_file_that_is_none_is_one_clear_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError, match="prices must name a YAML file") as caught:
        price_list(str(file))
    assert "\n" not in str(caught.value)
    with pytest.raises(RecipeError, match="prices must name"):
        price_list(str(tmp_path / "none.yaml"))


def request(text: str) -> ChatRequest:
    sound = AudioPart(Sound(np.zeros((1, 160_000), np.float32), 16000))
    seen = VideoPart(Frames(np.zeros((8, 252, 448, 3), np.uint8), np.arange(8) / 2, 1.0), 2.0)
    return ChatRequest("c", text, (sound, seen), "system", Heard, turns=(("no", "again"),))


@given(st.text(max_size=300))
def test_a_question_never_has_more_tokens_than_the_budget_reckons_with(text: str) -> None:
    """Byte-level vocabularies have no token shorter than a byte."""
    for model in ("gpt-4.1-mini", "gpt-4o", "Qwen/Qwen2-Audio-7B-Instruct"):
        asked = request(text)
        assert most_prompt_tokens(asked, model) >= prompt_tokens(asked, model)
        assert most_prompt_tokens(asked, model) >= most_audio_tokens(asked, model) + len(text.encode())


def test_pictures_cost_what_the_guides_say() -> None:
    seen = VideoPart(Frames(np.zeros((2, 512, 1024, 3), np.uint8), np.arange(2) / 2, 1.0), 2.0)
    rest = prompt_tokens(ChatRequest("c", ""), "m")
    costs = {
        model: prompt_tokens(ChatRequest("c", "", (seen,)), model) - rest for model in ("gpt-4o", "gpt-4o-mini", "gpt-4.1-mini")
    }
    assert costs == pytest.approx({"gpt-4o": 2 * 425, "gpt-4o-mini": 2 * (2833 + 2 * 5667), "gpt-4.1-mini": 2 * 512 * 1.62})


@pytest.mark.parametrize("url", ["http://me:pass@host/v1", "http://host/v1?key=secret", "host:8000", "", "ftp://host/v1"])
def test_an_address_with_a_secret_or_without_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base_url must"):
        ServerParams(model="m", base_url=url)
