"""A chain as rows: named by its task and what it is about, its claims numbered."""

import pytest

from pipeline.chain_rows import chain_rows
from schemas.reasoning import Claim, Cot, Reasoned, Stated, Step

ORIGIN = {"clip_id": "a", "model": "m@1", "prompt_id": None}
CLAIMS = [Stated(step_index=index, type="event", basis="heard", text=f"claim {index}") for index in (0, 1)]
STEPS = [Step(text="A bell is heard.", aspect="semantic"), Step(text="It rings.", aspect="temporal")]
CHAIN = Reasoned(steps=STEPS, caption_cot="Generate a bell.", claims=CLAIMS)


def test_the_base_chain_is_named_by_its_task_and_others_by_what_they_are_about() -> None:
    for rows, cot_id, subject in (
        (list(chain_rows(ORIGIN, "base", CHAIN)), "a/base", None),
        (list(chain_rows(ORIGIN, "object", CHAIN, "o01")), "a/object-o01", "o01"),
    ):
        cot, *claims = rows
        assert isinstance(cot, Cot)
        assert (cot.cot_id, cot.subject_id, cot.steps, cot.caption_cot) == (cot_id, subject, STEPS, "Generate a bell.")
        assert [claim.claim_id for claim in claims if isinstance(claim, Claim)] == [f"{cot_id}/c00", f"{cot_id}/c01"]


def test_a_claim_of_a_step_that_is_not_there_is_an_error() -> None:
    astray = CHAIN.model_copy(update={"steps": STEPS[:1]})
    with pytest.raises(ValueError, match="claim 1 must name one of the 1 steps, got 1"):
        list(chain_rows(ORIGIN, "base", astray))
