"""What tokens cost: a dated price list that the user can replace, and the cost of a reply by what the server billed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from annotators.base import Params
from schemas.errors import RecipeError

_MOST_TOKENS = 10**9  # no model reads or writes as much for one request


class Price(Params):
    """USD per million tokens."""

    input: float = Field(ge=0, description="prompt tokens")
    cached: float = Field(ge=0, description="prompt tokens that the server had in its prefix cache")
    output: float = Field(ge=0, description="tokens of the reply")
    audio_input: float | None = Field(None, ge=0, description="prompt tokens of sound; null: as other prompt tokens")


class PriceList(Params):
    """Prices by the beginning of a model's name."""

    priced_on: str = Field(description="the day the prices were looked up")
    models: dict[str, Price] = Field(description="beginning of a model's name → its price")
    batch_share: float = Field(0.5, ge=0, le=1, description="a batch costs this share of the price")

    def of(self, model: str) -> Price | None:
        """The price with the longest matching name, None for a model without one."""
        matching = [name for name in self.models if model.startswith(name)]
        return self.models[max(matching, key=len)] if matching else None


@dataclass(frozen=True)
class Tokens:
    """What a server counted. `prompt` includes `cached` and `audio`."""

    prompt: int = 0
    cached: int = 0
    audio: int = 0
    completion: int = 0

    @classmethod
    def billed(cls, usage: object) -> "Tokens":
        """From the `usage` of a chat completion; what a server leaves out, or what is no count, is 0."""
        details = usage.get("prompt_tokens_details") if isinstance(usage, Mapping) else None
        return cls(
            prompt=_counted(usage, "prompt_tokens"),
            cached=_counted(details, "cached_tokens"),
            audio=_counted(details, "audio_tokens"),
            completion=_counted(usage, "completion_tokens"),
        )

    def usd(self, price: Price | None) -> float | None:
        """None without a price. Cached tokens are taken for text: no provider says which kind they were."""
        if price is None:
            return None
        audio = min(self.audio, self.prompt)
        cached = min(self.cached, self.prompt - audio)
        audio_price = price.input if price.audio_input is None else price.audio_input
        paid = (self.prompt - audio - cached) * price.input + cached * price.cached + audio * audio_price
        return (paid + self.completion * price.output) / 1e6


def _counted(counts: object, name: str) -> int:
    count = counts.get(name) if isinstance(counts, Mapping) else None
    return count if isinstance(count, int) and 0 <= count < _MOST_TOKENS else 0


@cache
def price_list(path: str | None = None) -> PriceList:
    """The list that comes with the program, with the entries of the user's file over it. RecipeError if that is not one."""
    ours = yaml.safe_load((files("annotators.serving") / "prices.yaml").read_text(encoding="utf-8"))
    ours["priced_on"] = str(ours["priced_on"])
    if path is None:
        return PriceList.model_validate(ours)
    try:
        theirs = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        merged = {**ours, **theirs, "models": {**ours["models"], **theirs.get("models", {})}}
        return PriceList.model_validate(merged | {"priced_on": str(merged["priced_on"])})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, AttributeError, KeyError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
    raise RecipeError(f"prices must name a YAML file like annotators/serving/prices.yaml, got {path!r}: {said}")
