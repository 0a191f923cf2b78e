"""The template edit reasoner: what it says of each operation, and that it says nothing that its rules do not tell."""

from typing import get_args

import pytest

from annotators.edits.roles import EditCase
from annotators.edits.sounds import CHANGED_IN
from annotators.edits.template import EditTemplateParams, TemplateEditReasoner
from annotators.wording import claim_text
from schemas.edits import OPERATIONS, Operation
from schemas.reasoning import Reasoned, Stated
from tests.annotators.edits.cases import case, clip, edit, heard

OWN = clip(*(heard("impact", at, at + 0.1) for at in (0.5, 1.5, 8.0)), floor_dbfs=-62, label="footsteps")
LENT = clip(
    *(heard("ring", at, at + 0.7, pitch_hz=880.0, harmonicity=0.9) for at in (2.6, 3.6)), clip_id="b", label="church bell"
)
SPAN: dict[Operation, tuple[float, float]] = {
    "extension": (1.2, 9.0), "inpainting": (1.2, 3.0), "addition": (3.0, 7.0), "removal": (3.0, 7.0), "extraction": (0.0, 8.0),
}  # fmt: skip


def made(operation: Operation, own: object = OWN, other: object = LENT, **changed: object) -> Reasoned:
    task = edit(operation, *SPAN[operation], **changed)
    is_mix = task.other_clip_id is not None
    return TemplateEditReasoner(EditTemplateParams()).annotate([case(task, own, other if is_mix else None)])[0]  # type: ignore[arg-type]


def claimed(chain: Reasoned) -> list[tuple[str, str, str | None, float | None]]:
    return [(str(claim.media), claim.type, claim.subject, claim.start_s) for claim in chain.claims]


def test_an_addition_says_what_is_there_what_comes_in_when_how_loud_and_what_stays() -> None:
    chain = made("addition")
    assert [step.text for step in chain.steps] == [
        "The input holds hits, in a clip labelled “footsteps”.",
        "The target adds a sound of another clip between 3.0 s and 7.0 s (labelled “church bell”): two ringing hits come at "
        "4.6 s and 5.6 s; the sound of the other clip is about 6 LU quieter than the clip's own.",
        "The input has no ringing hits there.",
        "The ringing hit at 4.6 s has a pitch of about 880 Hz and reaches -28 LUFS.",
        "The ringing hit at 4.6 s is on the left.",
        "Hits stay as they are.",
        "Avoid gliding tones or noises.",
    ]
    assert chain.caption_cot == (
        "Add two ringing hits at 4.6 s and 5.6 s, about 6 LU quieter than the rest; keep the hits as they are. "
        "Avoid gliding tones or noises."
    )
    told = claimed(chain)
    assert {("target", "event", "ring", 4.6), ("target", "event", "ring", 5.6), ("input", "absence", "ring", 3.0)} <= set(told)
    assert {("input", "event", "impact", 0.5), ("target", "event", "impact", 0.5)} <= set(told)
    (count,) = (claim for claim in chain.claims if claim.type == "count")
    assert (count.media, count.value, count.start_s, count.end_s) == ("target", 2, 3.0, 7.0)
    assert count.text == "Exactly two ringing hits are heard in the target between 3.0 s and 7.0 s."


def test_a_removal_says_the_same_of_the_other_sound_and_asks_for_the_opposite() -> None:
    chain = made("removal")
    told = set(claimed(chain))
    assert {("input", "event", "ring", 4.6), ("target", "absence", "ring", 3.0), ("target", "event", "impact", 0.5)} <= told
    assert chain.caption_cot == "Remove the ringing hits at 4.6 s and 5.6 s; keep the hits as they are."


def test_an_extraction_names_what_is_wanted_and_what_is_to_be_avoided() -> None:
    chain = made("extraction")
    assert chain.caption_cot == "Extract the hits, avoid the ringing hits."
    assert {("target", "absence", "tone", 0.0), ("target", "event", "impact", 0.5)} <= set(claimed(chain))


def test_an_extension_says_that_the_input_stops_and_how_it_goes_on() -> None:
    chain = made("extension")
    assert chain.caption_cot.startswith(
        "Continue the sound from 1.2 s to its end at 9.0 s with two hits at 1.5 s and 8.0 s; keep"
    )
    told = set(claimed(chain))
    assert {("target", "event", "impact", 1.5), ("target", "event", "impact", 8.0), ("input", "absence", "sound", 1.3)} <= told
    assert ("input", "event", "impact", 1.5) not in told


def test_an_inpainting_says_what_fills_the_gap_and_that_nothing_does_in_the_input() -> None:
    chain = made("inpainting")
    assert chain.caption_cot.startswith("Fill the gap between 1.2 s and 3.0 s with a hit at 1.5 s; keep the hits as they are.")
    (gap,) = (claim for claim in chain.claims if claim.subject == "sound")
    assert (gap.media, gap.start_s, gap.end_s) == ("input", 1.3, 2.9)  # the fades are left out


def test_what_lasts_across_a_silenced_span_goes_on() -> None:
    own = clip(heard("tone", 0.3, 8.0), heard("impact", 2.0, 2.1))
    chain = made("inpainting", own=own)
    assert chain.caption_cot.startswith(
        "Fill the gap between 1.2 s and 3.0 s with the tone that goes on and a hit at 2.0 s; keep"
    )
    told = [(claim.media, claim.type, claim.subject, claim.value) for claim in chain.claims if claim.step_index == 1]
    assert ("target", "event", "tone", None) in told
    assert ("target", "attribute", "tone", 7.7) in told


def test_sounds_of_one_name_are_told_apart_by_their_times() -> None:
    chain = made("removal", other=clip(heard("impact", 2.0, 2.1, peak_dbfs=-3), clip_id="b"))
    assert chain.caption_cot == "Remove the hit at 4.0 s; keep the hits at 0.5 s, 1.5 s and 8.0 s as they are."
    assert ("target", "absence", "impact", 3.0) in claimed(chain)  # none of the clip's own lies there


def test_what_is_masked_is_neither_claimed_nor_counted_nor_denied() -> None:
    over = clip(heard("impact", 2.0, 2.1, peak_dbfs=-12), heard("ring", 3.5, 4.2), clip_id="b", floor_dbfs=-90)
    own = clip(heard("impact", 4.0, 4.1), heard("impact", 0.5, 0.6))
    chain = made("addition", own=own, other=over, other_gain_db=0.0)
    about_hits = [claim for claim in chain.claims if claim.subject == "impact" and claim.media == "target"]
    assert [(claim.type, claim.start_s) for claim in about_hits] == [("event", 0.5)]
    assert "hit at" not in chain.caption_cot.replace("ringing hit at", "")


def test_what_stays_is_what_is_heard_in_both() -> None:
    own = clip(heard("impact", 4.0, 4.1), heard("tone", 0.2, 2.0))  # the hit is masked in the target
    chain = made("addition", own=own, other=clip(heard("impact", 2.0, 2.1), clip_id="b"), other_gain_db=6.0)
    assert [step.text for step in chain.steps if "stays" in step.text] == ["A tone stays as it is."]
    assert [claim.subject for claim in chain.claims if claim.type == "event" and claim.media == "input"] == ["tone"]


def test_where_nothing_clear_changes_the_chain_says_no_more_than_where() -> None:
    chain = made("removal", other=clip(heard("noise", 2.0, 2.3, kind_score=0.1), clip_id="b"))
    assert chain.caption_cot.startswith("Remove the sound of the other clip between 3.0 s and 7.0 s; keep the hits")
    assert [claim.type for claim in chain.claims if claim.step_index == 1] == ["inference"]


@pytest.mark.parametrize("operation", list(OPERATIONS))
def test_every_claim_names_its_sound_and_is_worded_from_its_fields(operation: Operation) -> None:
    chain = made(operation)
    assert {claim.step_index for claim in chain.claims} == set(range(len(chain.steps)))
    for claim in chain.claims:
        if claim.type == "inference":
            assert claim.media is None
            continue
        assert claim.media in ("input", "target")
        assert claim.text == claim_text(claim)
        assert f"in the {claim.media}" in claim.text
    changed = [claim for claim in chain.claims if claim.type == "event" and claim.step_index == 1]
    assert changed
    assert {claim.media for claim in changed} == {CHANGED_IN[operation]}


def test_the_same_case_gives_the_same_chain() -> None:
    assert made("addition") == made("addition")


def test_a_clip_without_events_still_gets_a_chain() -> None:
    empty: tuple[EditCase, ...] = tuple(
        case(edit(operation, *SPAN[operation]), clip(), None if operation in ("extension", "inpainting") else clip(clip_id="b"))
        for operation in get_args(Operation)
    )
    for chain in TemplateEditReasoner(EditTemplateParams()).annotate(empty):
        assert chain.steps
        assert all(isinstance(claim, Stated) for claim in chain.claims)
