"""A chain that answers a question stands or falls with its last step."""

from pipeline.questions.settled import settled
from schemas.reasoning import Cot, Decision, Step

SIGHT, ANSWER = Step(text="A ball is seen.", aspect="semantic"), Step(text="So three hits are heard.", aspect="temporal")
COT = Cot(
    clip_id="c", model="m@1", cot_id="c/question-q00", task="question", subject_id="c/q00", steps=[SIGHT, ANSWER],
    caption_cot="The answer is “three”.",
)  # fmt: skip


def decision(outcome: str, *steps: Step, caption: str | None = "Generate audio that fits this description.") -> Decision:
    given = {
        "clip_id": "c", "model": "policy@1", "cot_id": COT.cot_id, "policy": "p", "outcome": outcome,
        "reason": "step 1 is refuted", "steps": list(steps), "caption_cot": caption, "kept_claim_ids": ["a"],
        "dropped_claim_ids": ["b"], "num_supported": 1,
        "num_refuted": 1, "num_unverifiable": 0,
    }  # fmt: skip
    return Decision.model_validate(given)


def test_where_another_step_had_to_go_the_answer_is_said_as_before() -> None:
    found = settled(decision("repair", ANSWER), COT)
    assert (found.outcome, found.caption_cot, found.steps) == ("repair", COT.caption_cot, [ANSWER])


def test_where_the_answer_had_to_go_nothing_is_left() -> None:
    found = settled(decision("repair", SIGHT), COT)
    assert (found.outcome, found.steps, found.caption_cot) == ("reject", [], None)
    assert (found.kept_claim_ids, found.dropped_claim_ids) == ([], ["a", "b"])
    assert "the step that answers had to go: step 1 is refuted" in found.reason


def test_other_decisions_stay_as_they_are() -> None:
    accepted = decision("accept", SIGHT, ANSWER, caption=COT.caption_cot)
    rejected = decision("reject", caption=None)
    assert settled(accepted, COT) == accepted
    assert settled(rejected, COT) == rejected
