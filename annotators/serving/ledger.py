"""What one annotator used, by clip, until its stage asks for it. A reply that did not validate was billed too and counts."""

from collections import defaultdict
from dataclasses import dataclass

from annotators.serving.prices import Price, Tokens
from schemas.accounting import Used


@dataclass
class _Line:
    num_calls: int = 0
    num_reused: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    audio_s: float = 0.0
    seconds: float = 0.0
    usd: float = 0.0


class Ledger:
    """`price` None: costs are unknown, which is not the same as nothing."""

    def __init__(self, price: Price | None, priced_on: str) -> None:
        self._price, self._priced_on = price, priced_on
        self._lines: dict[str, _Line] = defaultdict(_Line)

    def add(self, clip_id: str, tokens: Tokens, audio_s: float, seconds: float, share: float = 1.0) -> None:
        """A reply that was paid for, at this share of the list price."""
        line = self._lines[clip_id]
        line.num_calls += 1
        line.prompt += tokens.prompt
        line.cached += tokens.cached
        line.completion += tokens.completion
        line.audio_s += audio_s
        line.seconds += seconds
        line.usd += share * (tokens.usd(self._price) or 0.0)

    def reuse(self, clip_id: str) -> None:
        """A reply that another cell had paid for."""
        self._lines[clip_id].num_reused += 1

    def take(self) -> list[Used]:
        """Everything since the last time, and nothing twice."""
        lines, self._lines = self._lines, defaultdict(_Line)
        return [
            Used(
                clip_id=clip_id or None,
                num_calls=line.num_calls,
                num_reused=line.num_reused,
                prompt_tokens=line.prompt,
                cached_tokens=line.cached,
                completion_tokens=line.completion,
                audio_s=round(line.audio_s, 3),
                seconds=round(line.seconds, 4),
                usd=None if self._price is None else line.usd,
                priced_on=None if self._price is None else self._priced_on,
            )
            for clip_id, line in lines.items()
        ]
