"""Repairers over a real socket: they are shown what was measured, and what they write is grounded or not taken."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from annotators.repairs.asked import ServedRepairer, case_text, mending
from annotators.repairs.roles import RepairCase
from schemas.errors import Rejected
from tests.annotators.chat.clips import asked, at
from tests.annotators.repairs.cases import repair_case
from tests.annotators.repairs.test_template import HIT, MAKER, MISCOUNTED, STEPS, TIMED
from tests.serving.standin import Standin

CASE: RepairCase = repair_case(STEPS, [HIT, TIMED, MISCOUNTED, MAKER])
THREE = {
    "evidence": ["S0", "S1", "S2"], "type": "count", "basis": "heard", "subject": "impact", "object": None, "start_s": 0.0,
    "end_s": 10.0, "attribute": None, "relation": None, "value": 3, "text": "Three hits are heard.",
}  # fmt: skip
SECOND = {"step": 2, "text": "three hits come at 1.0 s and later", "claims": [THREE]}
THIRD: dict[str, Any] = {"step": 3, "text": None, "claims": []}


def test_a_reply_rewrites_one_step_and_drops_the_other() -> None:
    reply = json.dumps({"steps": [SECOND, THIRD]})
    with Standin(answer=lambda _: reply) as server, at(server, ServedRepairer) as repairer:
        (made,) = repairer.annotate([CASE])
        (body,) = asked(server.served)
    assert not isinstance(made, Rejected)
    second, third = made
    assert (second.step_index, second.text) == (1, "Three hits come at 1.0 s and later.")
    assert [(claim.step_index, claim.type, claim.value) for claim in second.new_claims] == [(1, "count", 3.0)]
    assert (third.step_index, third.text) == (2, None)
    assert body["messages"][-1]["content"][-1]["text"] == case_text(CASE)


def test_the_repairer_is_shown_the_chain_the_verdicts_and_the_numbers() -> None:
    text = case_text(CASE)
    assert 'Step 2: "Five hits come at 1.0 s and later."' in text
    assert '- (refuted) "Exactly five hits are heard between 0.0 s and 10.0 s."' in text
    assert 'instruments: refuted, "measured again"; measured least_count 3 1, most_count 3 1' in text
    assert "Claims of step 1" not in text, "only refuted steps are to be repaired"


@pytest.mark.parametrize(
    ("steps", "mistake"),
    [
        ([SECOND], r"the steps to repair are \[2, 3\]"),
        ([THIRD, SECOND], r"in this order, got \[3, 2\]"),
        ([SECOND | {"text": "  "}, THIRD], "says nothing; null drops it"),
        ([SECOND, THIRD | {"claims": [THREE]}], "is dropped and makes claims"),
        ([SECOND | {"claims": [THREE | {"evidence": ["S9"]}]}, THIRD], "there is no evidence 'S9'"),
        ([SECOND | {"claims": [THREE | {"end_s": 12.0}]}, THIRD], "does not lie within the clip"),
    ],
)
def test_a_reply_that_is_not_grounded_does_not_validate(steps: list[dict[str, Any]], mistake: str) -> None:
    with pytest.raises(ValidationError, match=mistake):
        mending(CASE).model_validate({"steps": steps})


def test_what_never_becomes_a_repair_drops_the_steps_and_says_why() -> None:
    with Standin(answer=lambda _: "I cannot.") as server, at(server, ServedRepairer) as repairer:
        (made,) = repairer.annotate([CASE])
    assert not isinstance(made, Rejected)
    assert [(step.step_index, step.text) for step in made] == [(1, None), (2, None)]
    assert all(step.remark.startswith("no repair was written (") for step in made)
