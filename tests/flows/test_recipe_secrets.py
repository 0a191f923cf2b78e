"""A key in a recipe is refused, and no message repeats it."""

import pytest

from flows.recipe import make_recipe
from flows.recipe_text import parse_recipe
from schemas.errors import RecipeError

KEY = "sk-proj-CANARY0123456789abcdef"
AT = {"backend": "openai", "params": {"model": "m"}}


@pytest.mark.parametrize(
    "params",
    [
        {"api_key": KEY},
        {"api_key": "no-known-look"},
        {"apikey": KEY},
        {"token": KEY},
        {"api_key_env": KEY},
        {"api_key_env": "lowercase_and_long_secret"},
        {"base_url": f"http://user:{KEY}@host/v1"},
        {"base_url": f"http://host/v1?key={KEY}"},
        {"model": KEY},
        {"headers": {"Authorization": f"Bearer {KEY}"}},
        {"video_as": KEY},
        {"reasks": KEY},
    ],
)
def test_a_key_in_parameters_is_refused_and_not_repeated(params: dict[str, object]) -> None:
    with pytest.raises(RecipeError) as raised:
        make_recipe({"stages": {"caption_audio": AT | {"params": {"model": "m"} | params}}})
    said = str(raised.value)
    assert "CANARY" not in said
    assert "no-known-look" not in said
    assert "lowercase_and_long_secret" not in said
    assert "\n" not in said
    assert "environment variable" in said


@pytest.mark.parametrize("override", [f"stages.caption_audio.params.api_key={KEY}", KEY, f"name=[{KEY}", f"name.first={KEY}"])
def test_a_key_in_an_override_is_refused_and_not_repeated(override: str) -> None:
    with pytest.raises(RecipeError) as raised:
        make_recipe({}, [override])
    assert "CANARY" not in str(raised.value)


def test_a_recipe_that_is_nothing_but_a_key_is_not_repeated() -> None:
    with pytest.raises(RecipeError) as raised:
        parse_recipe(KEY, "recipe")
    assert "CANARY" not in str(raised.value)


def test_words_that_are_no_keys_are_let_through() -> None:
    assert make_recipe({"name": "sk-8"}).name == "sk-8"
