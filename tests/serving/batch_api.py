"""The stand-in server with a Batch API: files go up, batches are checked, worked through and come back as files.

A batch goes one step further each time it is looked at, so that tests need no clock. What its requests cost is on the same
account as what is asked directly.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.serving.standin import DROPPED, Served, Standin

Reply = tuple[int, dict[str, str], Any]
_STEPS = ("validating", "in_progress", "in_progress", "finalizing")


@dataclass
class Mishaps:
    """What goes wrong with batches. Numbers count down: the first so many batches meet it."""

    num_refused: int = 0  # fail when they are checked
    num_full: int = 0  # fail because too many tokens are waiting
    num_expired: int = 0  # expire when `answered_before_expiry` requests are answered
    answered_before_expiry: int = 1
    num_lost_replies: int = 0  # the batch is made, and the connection breaks before its id is told
    num_busy: int = 0  # no batch is made: 500


@dataclass
class BatchStandin(Standin):
    mishaps: Mishaps = field(default_factory=Mishaps)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    num_looks: int = 0
    is_stuck: bool = False  # batches stay where they are

    async def _reply(self, path: str, headers: dict[str, str], raw: bytes) -> Reply:
        path, _, query = path.removeprefix("/v1").partition("?")
        match path.strip("/").split("/"):
            case ["files"]:
                return self._upload(headers, raw)
            case ["files", file_id, "content"]:
                found = file_id in self.files
                return (200, {}, self.files[file_id]) if found else (404, {}, {"error": {"message": f"no file {file_id}"}})
            case ["batches"]:
                return self._create(json.loads(raw)) if raw else self._list(query)
            case ["batches", batch_id]:
                return self._look(batch_id)
        return await super()._reply(path, headers, raw)

    def _upload(self, headers: dict[str, str], raw: bytes) -> Reply:
        boundary = headers["content-type"].partition("boundary=")[2].encode()
        (part,) = [part for part in raw.split(b"--" + boundary) if b'name="file"' in part]
        file_id = self._keep(part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n"))
        told = {"id": file_id, "object": "file", "bytes": len(raw), "created_at": int(time.time()), "filename": "x.jsonl"}
        return 200, {}, told | {"purpose": "batch", "status": "processed"}

    def _keep(self, content: bytes) -> str:
        file_id = f"file-{len(self.files)}"
        self.files[file_id] = content
        return file_id

    def _create(self, asked: dict[str, Any]) -> Reply:
        if self.mishaps.num_busy:
            self.mishaps.num_busy -= 1
            return 500, {}, {"error": {"message": "a bad moment"}}
        if asked["input_file_id"] not in self.files:
            return 400, {}, {"error": {"message": f"no file {asked['input_file_id']}"}}
        total = len(self.files[asked["input_file_id"]].splitlines())
        counts = {"total": total, "completed": 0, "failed": 0}
        batch = {"id": f"batch-{len(self.batches)}", "object": "batch", "status": "validating", "created_at": int(time.time())}
        batch |= asked | {"request_counts": counts}
        self.batches[batch["id"]] = batch
        if self.mishaps.num_lost_replies:
            self.mishaps.num_lost_replies -= 1
            return DROPPED, {}, batch
        return 200, {}, batch

    def _list(self, query: str) -> Reply:
        """Two at a time, the newest first, whatever limit is asked for: so pages are turned."""
        newest = [*reversed(self.batches.values())]
        ids = [batch["id"] for batch in newest]
        after = dict(pair.split("=") for pair in query.split("&") if pair).get("after")
        begin = ids.index(after) + 1 if after else 0
        page = newest[begin : begin + 2]
        return 200, {}, {"object": "list", "data": page, "has_more": begin + 2 < len(newest)}

    def _look(self, batch_id: str) -> Reply:
        self.num_looks += 1
        if batch_id not in self.batches:
            return 404, {}, {"error": {"message": f"no batch {batch_id}"}}
        batch = self.batches[batch_id]
        if batch["status"] in _STEPS and not self.is_stuck:
            self._go_on(batch)
        return 200, {}, batch

    def _go_on(self, batch: dict[str, Any]) -> None:
        step = batch.get("step", 0)
        if step == 0 and (error := self._invalid()):
            batch |= {"status": "failed", "errors": {"object": "list", "data": [error]}}
            return
        batch["step"] = step + 1
        if step + 1 < len(_STEPS):
            batch["status"] = _STEPS[step + 1]
            batch["request_counts"]["completed"] = batch["request_counts"]["total"] * step // len(_STEPS)
        else:
            self._end(batch)

    def _invalid(self) -> dict[str, Any] | None:
        if self.mishaps.num_refused:
            self.mishaps.num_refused -= 1
            return {"code": "model_not_found", "line": 1, "message": "The provided model is not supported by the Batch API."}
        if self.mishaps.num_full:
            self.mishaps.num_full -= 1
            return {"code": "token_limit_exceeded", "line": None, "message": "Enqueued token limit reached for tiny."}
        return None

    def _end(self, batch: dict[str, Any]) -> None:
        """Results come in another order than requests; errors have a file of their own."""
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        num_answered, batch["status"] = len(lines), "completed"
        if self.mishaps.num_expired:
            self.mishaps.num_expired -= 1
            num_answered, batch["status"] = self.mishaps.answered_before_expiry, "expired"
        results = [self._result(line) for line in reversed(lines[:num_answered])]
        expired = {
            "code": "batch_expired",
            "message": "This request could not be executed before the completion window expired.",
        }
        results += [{"custom_id": line["custom_id"], "response": None, "error": expired} for line in lines[num_answered:]]
        good = [one for one in results if one["response"] and one["response"]["status_code"] == 200]
        bad = [one for one in results if one not in good]
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
        for name, some in (("output_file_id", good), ("error_file_id", bad)):
            if some:
                batch[name] = self._keep(b"".join(json.dumps(one).encode() + b"\n" for one in some))

    def _result(self, line: dict[str, Any]) -> dict[str, Any]:
        status, _, answer = self.script.pop(0) if self.script else self._draw(line["body"])
        usage = answer.get("usage") if status == 200 else None
        billed = (usage["prompt_tokens"], usage["completion_tokens"]) if usage else None
        self.served.append(Served(time.monotonic(), line["body"], status, billed, {"by": "batch"}))
        response = {"status_code": status, "request_id": "r", "body": answer}
        return {"id": "batch_req", "custom_id": line["custom_id"], "response": response, "error": None}

    @property
    def in_batches(self) -> list[Served]:
        """What was asked by the file."""
        return [one for one in self.served if one.headers.get("by") == "batch"]

    @property
    def directly(self) -> list[Served]:
        return [one for one in self.served if one.headers.get("by") != "batch"]
