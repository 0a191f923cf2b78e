"""A chain about a thing falls with the claim that the thing makes the sound, not with what it says of other things."""

from collections.abc import Sequence

import numpy as np

from annotators.media import ArrayMedia, Sound
from pipeline.sample import Sample
from pipeline.stages.decide_objects import DecideObjects
from pipeline.verification.policy import Policy
from schemas.reasoning import Claim, Cot, Decision, Step, Verdict
from schemas.vocabulary import ClaimType, VerdictWord
from tests.pipeline.spelling import clip

STEPS = [
    Step(text="A region is seen, and hits are heard.", aspect="semantic"),
    Step(text="Three hits come at 1.0 s, 2.0 s and 4.0 s.", aspect="temporal"),
    Step(text="The red region makes the hits.", aspect="spatial"),
    Step(text="Avoid the tone.", aspect="semantic", is_avoidance=True),
    Step(text="Avoid the tone that the blue region makes.", aspect="spatial", is_avoidance=True),
]
TYPES: list[ClaimType] = ["event", "count", "source", "event", "source"]
SCORES: dict[VerdictWord, float] = {"supported": 0.95, "refuted": 0.05, "unverifiable": 0.5}
SILENCE = Sound(np.zeros((1, 16000), np.float32), 16000)
INSTRUCTION = "Generate the sound of the red region alone. Avoid the tone."


def chain(cot_id: str, words: Sequence[VerdictWord]) -> tuple[Cot, list[Claim], list[Verdict]]:
    """A chain with a claim for each step, and the word on each claim."""
    origin = {"clip_id": "a", "model": "m@1"}
    claims = [
        Claim(**origin, claim_id=f"{cot_id}/c{at:02d}", cot_id=cot_id, step_index=at, type=kind, basis="heard", text="t")
        for at, kind in enumerate(TYPES)
    ]
    verdicts = [
        Verdict(
            **origin, claim_id=claim.claim_id, witness="instruments", is_decoy=False, is_blind=False, verdict=word,
            score=SCORES[word], reason="r", evidence=[],
        )
        for claim, word in zip(claims, words, strict=True)
    ]  # fmt: skip
    return Cot(**origin, cot_id=cot_id, task="object", subject_id="o", steps=STEPS, caption_cot=INSTRUCTION), claims, verdicts


def decided(own: VerdictWord, others: VerdictWord) -> list[Decision]:
    """The decisions on two chains of one clip; of the first, it is judged who makes its sound and who makes the other."""
    one = chain("a/object-o00", ["supported", "supported", own, "supported", others])
    two = chain("a/object-o01", ["supported"] * 5)
    tables = {Cot: [one[0], two[0]], Claim: [*one[1], *two[1]], Verdict: [*one[2], *two[2]]}
    answer = DecideObjects(Policy()).ask(Sample(clip("a"), ArrayMedia("a", SILENCE), tables))
    assert isinstance(answer, list)
    return answer


def test_a_chain_whose_every_step_holds_is_accepted() -> None:
    assert [(one.outcome, one.caption_cot) for one in decided("supported", "supported")] == [("accept", INSTRUCTION)] * 2


def test_a_chain_about_a_thing_that_does_not_make_its_sound_is_rejected_as_a_whole() -> None:
    first, second = decided("refuted", "supported")
    assert (first.outcome, first.steps, first.caption_cot, first.kept_claim_ids) == ("reject", [], None, [])
    assert first.reason == "step 3 is refuted: the thing does not make the sound"
    assert len(first.dropped_claim_ids) == len(TYPES)
    assert second.outcome == "accept"


def test_without_support_the_sounds_are_described_without_their_maker() -> None:
    first, _ = decided("unverifiable", "supported")
    assert first.outcome == "repair"
    assert first.caption_cot is not None
    assert first.caption_cot.startswith("Generate the sounds of this description alone. A region is seen")
    assert "The red region makes" not in first.caption_cot


def test_what_is_said_of_other_things_costs_its_own_step_only() -> None:
    first, _ = decided("supported", "refuted")
    assert first.outcome == "repair"
    assert first.steps == STEPS[:4]
