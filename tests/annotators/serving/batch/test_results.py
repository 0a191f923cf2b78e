"""Lines of a batch's answer, of OpenAI and of vLLM, and what a broken program may leave instead."""

import json
from typing import Any

import pytest

from annotators.serving.batch.results import may_be_tried_again, read_result
from annotators.serving.completion import Answered
from schemas.errors import Rejected
from tests.serving.standin import completion

BODY = completion({"messages": [{"role": "user", "content": "Hello."}], "model": "tiny"}, ["A dog."])


def line(response: Any, error: Any = None) -> str:
    return json.dumps({"id": "r", "custom_id": "key", "response": response, "error": error})


def outcome(response: Any, error: Any = None) -> Answered | Rejected:
    result = read_result(line(response, error))
    assert result is not None
    assert result[0] == "key"
    return result[1]


def test_a_reply_comes_with_what_was_billed() -> None:
    answered = outcome({"status_code": 200, "request_id": "r", "body": BODY})
    assert isinstance(answered, Answered)
    assert answered.raw.texts == ("A dog.",)
    assert (answered.tokens.prompt, answered.tokens.completion) == (5, 2)


OPENAI_ERROR = {"error": {"message": "too\nlong", "code": "context_length_exceeded"}}
VLLM_ERROR = {"error": {"message": "too\nlong", "type": "BadRequestError", "param": None, "code": 400}}


@pytest.mark.parametrize(
    ("response", "error", "code", "said"),
    [
        ({"status_code": 400, "body": OPENAI_ERROR}, None, "request_refused", "HTTP 400: too long"),
        ({"status_code": 400, "body": None}, VLLM_ERROR, "request_refused", "HTTP 400: too long"),
        ({"status_code": 400, "body": None}, "must not stream", "request_refused", "HTTP 400: must not stream"),
        (
            {"status_code": 400, "body": {"error": {"message": "no", "code": "content_filter"}}},
            None,
            "refused",
            "HTTP 400: no",
        ),
        ({"status_code": 500, "body": None}, VLLM_ERROR, "server_error", "HTTP 500 in a batch: too long"),
        ({"status_code": 429, "body": {}}, None, "server_error", "HTTP 429 in a batch: no reason given"),
        (None, {"code": "batch_expired", "message": "late"}, "server_error", "the batch has no reply (batch_expired): late"),
        (None, None, "server_error", "the batch has no reply (no code): no reason given"),
        ({"status_code": 200, "body": None}, None, "server_error", "the batch has no chat completion (TypeError)"),
        ({"status_code": 200, "body": {"choices": []}}, None, "server_error", "the batch has no chat completion (ValueError)"),
        ({"status_code": "?"}, 7, "server_error", "HTTP ? in a batch: 7"),
        ([], {}, "server_error", "the batch has no reply (no code): no reason given"),
    ],
)
def test_what_is_no_reply_says_why(response: Any, error: Any, code: str, said: str) -> None:
    left = outcome(response, error)
    assert left == Rejected(code, said)
    assert may_be_tried_again(left) == (code == "server_error")


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", "7", "null", '{"custom_id": 7}', '{"id": "r"}', line(None)[:-9], b"\xff\xfe"]
)
def test_half_a_line_is_no_result(damaged: str | bytes) -> None:
    assert read_result(damaged) is None
