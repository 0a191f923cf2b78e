"""Parameters of every backend behind a server. The key itself is never one of them: only the name of its variable is."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from annotators.base import placement
from annotators.serving.batch.params import BatchParams

SchemaMode = Literal["json_schema", "tool", "text"]


class ServerParams(BatchParams):
    """Which model at which server, and how it is asked."""

    model: str = Field(description="name of the model at the server")
    structured: Literal["auto", "json_schema", "tool", "text"] = Field(
        "auto", description="how JSON is asked for: by grammar, by a forced tool call, in words; auto probes in this order"
    )
    video_as: Literal["auto", "frames", "mp4"] = Field(
        "auto", description="how pictures are sent: one JPEG each, or a silent mp4; auto sends mp4 where both work"
    )
    reasks: int = Field(2, ge=0, le=8, description="how often a reply that does not validate is asked for again")
    base_url: str | None = placement(None, "the server, such as http://host:8000/v1; null is OpenAI")
    api_key_env: str = placement("OPENAI_API_KEY", "environment variable that holds the key")
    requests_per_minute: float | None = placement(None, "limit for all workers of a build together", gt=0)
    tokens_per_minute: float | None = placement(None, "limit for all workers of a build together", gt=0)
    max_in_flight: int = placement(64, "most requests of one worker at the same time", ge=1, le=1000)
    clips_per_batch: int = placement(16, "clips whose questions one worker asks together", ge=1, le=1024)
    timeout_s: float = placement(120.0, "longest wait for one reply", gt=0)
    max_retries: int = placement(6, "tries after a server's error or a broken connection", ge=0, le=20)
    patience_s: float = placement(600.0, "longest time a request is held back by rate limits of the server", gt=0)
    prices: str | None = placement(None, "price file of your own, over the one that comes with the program")

    @field_validator("api_key_env")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
            raise ValueError("api_key_env must be the name of an environment variable, in capitals, and never the key itself")
        return name

    @field_validator("base_url")
    @classmethod
    def _is_an_address_without_secrets(cls, url: str | None) -> str | None:
        """It is written into errors and into the record of the build."""
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("base_url must be an address such as http://host:8000/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("base_url must hold no password or query; name the key's variable with api_key_env")
        return url
