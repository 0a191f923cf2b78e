"""Paid replies, kept in the dataset under the hash of the whole request, so that a killed build never pays twice.

One file per reply: a plain object on any store, and the price of writing it is small beside that of the call. A file is not
synced to disk one by one, which would cost more than a fast server's reply: a killed process loses nothing, a power cut loses
the last seconds. Between a reply and its file lies a moment in which a kill loses what was paid; it is as short as it can be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotators.chat.structured import RawReply
from annotators.serving.prices import Tokens
from schemas.fingerprint import fingerprint
from schemas.seal import seal_json, unseal_json
from schemas.storage import Storage


@dataclass(frozen=True)
class PaidReply:
    """A reply as the server billed it. `billed_to`: the cell that asked first. `share`: of the list price (batches)."""

    raw: RawReply
    tokens: Tokens
    seconds: float
    billed_to: str
    share: float = 1.0


def reply_key(body: Mapping[str, Any]) -> str:
    """The hash of a request's body: model, messages with their media, schema, sampling. No key, no address."""
    return fingerprint(body=body)


@dataclass(frozen=True)
class ReplyStore:
    """Files `replies/<first two hex digits>/<hash>.json` under the dataset's root."""

    storage: Storage

    @staticmethod
    def path(key: str) -> str:
        return f"replies/{key[:2]}/{key}.json"

    def get(self, key: str) -> PaidReply | None:
        """None if this was never asked, or its file is damaged: then it is asked again."""
        try:
            record = unseal_json(self.storage.read(self.path(key)))
            raw = RawReply(tuple(record["texts"]), tuple(record["finish"]))
            return PaidReply(raw, Tokens(**record["tokens"]), record["seconds"], record["billed_to"], record["share"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, reply: PaidReply) -> None:
        record = {
            "texts": reply.raw.texts,
            "finish": reply.raw.finish,
            "tokens": vars(reply.tokens),
            "seconds": round(reply.seconds, 4),
            "billed_to": reply.billed_to,
            "share": reply.share,
        }
        self.storage.write(self.path(key), seal_json(record), is_synced=False)
