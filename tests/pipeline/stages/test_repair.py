"""Repair and recheck as stages: what they ask, what they write, and that a chain nobody refutes costs nothing."""

from collections.abc import Sequence
from typing import Any

import pytest

from annotators.base import Params
from annotators.instruments.verifier import InstrumentVerifier
from annotators.media import ArrayMedia, Frames, Sound
from annotators.repairs.roles import Repaired, RepairedStep
from annotators.repairs.template import TemplateRepairer
from annotators.wording import worded
from flows.recipe import Recipe, recipe_stages
from pipeline.plan import make_plan
from pipeline.sample import Sample
from pipeline.stages.decide import DecideRepaired
from pipeline.stages.recheck import Recheck
from pipeline.stages.repair import Repair
from pipeline.stages.verify import Verify
from pipeline.verification.policy import Policy
from schemas.errors import Filtered
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.reasoning import Claim, Cot, Decision, Decoy, Step, Verdict
from schemas.reasoning import Repair as RepairRow
from schemas.row import Row
from tests.annotators.instruments.sounds import hits, media
from tests.pipeline.spelling import clip

CLIP = clip("clip").model_copy(update={"end_s": 6.0, "duration_s": 6.0})
ORIGIN: dict[str, Any] = {"clip_id": "clip", "model": "m@1", "prompt_id": None}
STEPS = [
    Step(text="Hits are heard.", aspect="semantic"),
    Step(text="Five hits come, the first at 1.0 s.", aspect="temporal"),
    Step(text="A chirp is heard.", aspect="temporal"),
]
COT = Cot(**ORIGIN, cot_id="clip/base", task="base", steps=STEPS, caption_cot="Generate hits.")
SOUND = media(hits([1.0, 2.5, 4.0]))


class NoMedia:
    """A clip that must not be decoded."""

    clip_id, duration_s, has_video = "clip", 6.0, False

    def sound(self, rate_hz: int | None = None) -> Sound:
        raise AssertionError("decoded")

    def frames(self, fps: float, max_side_px: int) -> Frames:
        raise AssertionError("decoded")


def claim(number: int, step_index: int, **fields: Any) -> Claim:
    given = {"basis": "heard", "text": "", "subject": "impact", **fields, "step_index": step_index}
    bare = Claim.model_validate({**ORIGIN, **given, "claim_id": f"clip/base/c{number:02d}", "cot_id": "clip/base"})
    return bare.model_copy(update={"text": worded(bare).text})


TRUE = [claim(0, 0, type="event", start_s=2.5, end_s=2.6), claim(1, 1, type="event", start_s=1.0, end_s=1.1)]
COUNT = claim(2, 1, type="count", start_s=0.0, end_s=6.0, value=5.0)
CHIRP = claim(3, 2, type="event", subject="chirp", start_s=2.0, end_s=2.2)
FALSE = [COUNT, CHIRP]


def sample(claims: Sequence[Claim], media: ArrayMedia | NoMedia = SOUND, **rows: Sequence[Row]) -> Sample:
    tables: dict[type[Row], Sequence[Row]] = {t: [] for t in (SoundEvent, Measurement, RoiTrack, MotionEvent, Caption, Decoy)}
    tables |= {Cot: [COT], Claim: claims, Verdict: rows.get("verdicts", []), RepairRow: rows.get("repairs", [])}
    return Sample(CLIP, media, tables)


def repair_stage() -> Repair:
    return Repair(Params(), TemplateRepairer(TemplateRepairer.Params()))


def verdicts_on(claims: Sequence[Claim]) -> list[Row]:
    made = Verify(Params(), InstrumentVerifier(InstrumentVerifier.Params())).made_of(sample(claims))
    assert isinstance(made, list)
    return made


def repaired(claims: Sequence[Claim]) -> tuple[list[RepairRow], list[Claim]]:
    made = repair_stage().made_of(sample(claims, NoMedia(), verdicts=verdicts_on(claims)))
    assert isinstance(made, list)
    return [row for row in made if isinstance(row, RepairRow)], [row for row in made if isinstance(row, Claim)]


def test_a_chain_that_nobody_refutes_is_filtered_and_costs_no_decoding() -> None:
    asked = repair_stage().ask(sample(TRUE, NoMedia(), verdicts=verdicts_on(TRUE)))
    assert asked == Filtered("nothing_refuted")
    assert Recheck(Params(), InstrumentVerifier(InstrumentVerifier.Params())).ask(sample([], NoMedia())) == Filtered(
        "no_claims"
    )


def test_each_refuted_step_gets_a_row_that_says_before_after_and_why() -> None:
    (count, chirp), (new,) = repaired([*TRUE, *FALSE])
    assert (count.step_index, count.action, count.before) == (1, "rewrite", STEPS[1].text)
    assert count.after == "A hit is heard at 1.0 s; exactly three hits are heard."
    assert count.reason.startswith(f"“{COUNT.text}” is refuted by instruments (")
    assert (count.refuted_claim_ids, count.new_claim_ids) == (["clip/base/c02"], ["clip/base/r00"])
    assert (chirp.step_index, chirp.action, chirp.after, chirp.new_claim_ids) == (2, "drop", None, [])
    assert (new.claim_id, new.cot_id, new.step_index, new.value, new.model) == (
        "clip/base/r00",
        "clip/base",
        1,
        3.0,
        "template@1",
    )


def test_new_claims_are_judged_again_and_the_chain_is_decided_on_with_them() -> None:
    claims = [*TRUE, *FALSE]
    rows, new = repaired(claims)
    verdicts = verdicts_on(claims)
    again = Recheck(Params(), InstrumentVerifier(InstrumentVerifier.Params())).made_of(sample(new))
    assert isinstance(again, list)
    assert [(v.claim_id, v.verdict, v.is_decoy) for v in again if isinstance(v, Verdict)] == [
        ("clip/base/r00", "supported", False)
    ]
    asked = sample([*claims, *new], NoMedia(), verdicts=[*verdicts, *again], repairs=rows)
    decided = DecideRepaired(Policy()).made_of(asked)
    assert isinstance(decided, list)
    (decision,) = decided
    assert isinstance(decision, Decision)
    assert [step.text for step in decision.steps] == [STEPS[0].text, rows[0].after]
    assert decision.kept_claim_ids == ["clip/base/c00", "clip/base/c01", "clip/base/r00"]


def test_a_repairer_that_answers_about_other_steps_fails_the_clip() -> None:
    class Confused(TemplateRepairer):
        def annotate(self, batch: Sequence[Any]) -> Sequence[Repaired]:
            return [[RepairedStep(0, None), RepairedStep(2, None)] for _ in batch]

    stage = Repair(Params(), Confused(TemplateRepairer.Params()))
    with pytest.raises(ValueError, match="the repair of step 1 must come next, got that of step 0"):
        stage.made_of(sample([*TRUE, *FALSE], NoMedia(), verdicts=verdicts_on([*TRUE, *FALSE])))


def test_another_policy_needs_no_other_repair() -> None:
    def fingerprints(**policy: object) -> dict[str, str]:
        return make_plan(recipe_stages(Recipe.model_validate({"policy": policy}))).fingerprints

    one, other = fingerprints(), fingerprints(min_score=0.9, min_steps=3)
    changed = {name for name in one if one[name] != other[name]}
    assert "decide" in changed
    assert not {"repair", "recheck", "verify"} & changed


def test_claims_of_repairs_are_judged_by_recheck_alone() -> None:
    plan = make_plan(recipe_stages(Recipe()))
    assert "repair" in plan["recheck"].upstream
    assert "reason" not in plan["recheck"].upstream
    assert "repair" not in plan["verify"].upstream
    assert {"reason", "verify", "repair", "recheck"} <= set(plan["decide"].upstream)
