"""Fingerprints: one hash of everything that decides a result, so that equal fingerprints mean equal work."""

import hashlib
import json
from typing import Any


def fingerprint(**parts: Any) -> str:
    """SHA-256 (hex) of the parts as canonical JSON. Order of keys does not matter; a value JSON cannot hold is an error."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
