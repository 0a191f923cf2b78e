"""Stands in for the program `vllm run-batch`, where vLLM is not installed: it reads its file, answers and ends.

With the variable STANDIN_WAITS it answers when there is a file named `go` beside its input; one named `fail` makes it end with
an error, as where the weights are missing.
"""

import argparse
import json
import os
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["run-batch"])
parser.add_argument("-i", type=Path, required=True)
parser.add_argument("-o", type=Path, required=True)
parser.add_argument("--model", required=True)
parser.add_argument("--served-model-name", required=True)
given = parser.parse_args()

lines = [json.loads(line) for line in given.i.read_text().splitlines()]
(given.i.parent / f"started-{len(list(given.i.parent.glob('started-*')))}").touch()
print(f"Running batch:   0% Completed | {len(lines) // 2}/{len(lines)} [00:00<?, ?req/s]", flush=True)
while "STANDIN_WAITS" in os.environ and not (given.i.parent / "go").exists():
    time.sleep(0.01)
if (given.i.parent / "fail").exists():
    raise SystemExit(f"OSError: no weights in {given.model}")
with given.o.open("w") as results:
    for line in lines:
        assert line["body"]["model"] == given.served_model_name
        content = line["body"]["messages"][-1]["content"]
        text = content if isinstance(content, str) else content[-1]["text"]
        usage = {"prompt_tokens": 5, "completion_tokens": 2}
        choices = [{"finish_reason": "stop", "message": {"content": f"{text} Yes."}}]
        good = {"status_code": 200, "request_id": "r", "body": {"choices": choices, "usage": usage}}
        error = {"error": {"message": "The decoder prompt is too long", "type": "BadRequestError", "param": None, "code": 400}}
        bad = {"status_code": 400, "request_id": "r", "body": None}
        is_bad = "too long" in text
        told = {"id": "vllm-1", "response": bad if is_bad else good, "error": error if is_bad else None}
        print(json.dumps({"custom_id": line["custom_id"]} | told), file=results)
