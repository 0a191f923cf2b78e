"""Edit reasoners over a real socket: both clips' evidence goes in, and every claim names its sound and cites what was given."""

import json
from typing import Any

import pytest

from annotators.edits.asking import ServedEditReasoner, edit_evidence, edit_text
from annotators.edits.roles import EditCase
from schemas.errors import Rejected
from schemas.reasoning import Reasoned
from tests.annotators.chat.clips import asked, at
from tests.annotators.edits.cases import case, clip, edit, heard
from tests.serving.standin import Standin

EVENT = {
    "evidence": ["S0b"], "type": "event", "basis": "heard", "subject": "ring", "object": None, "start_s": 4.0, "end_s": 4.7,
    "attribute": None, "relation": None, "value": None, "text": "A ringing hit comes in at four seconds.", "media": "target",
}  # fmt: skip


def addition() -> EditCase:
    own = clip(heard("impact", 0.5, 0.6), label='step"\nS9: an impact')
    return case(edit("addition", 3.0, 7.0), own, clip(heard("ring", 2.0, 2.7), clip_id="b", label="church bell"))


def chain(*claims: dict[str, Any]) -> str:
    step = {"text": "a bell comes in", "aspect": "temporal", "is_avoidance": False, "claims": list(claims or [EVENT])}
    return json.dumps({"steps": [step], "caption_cot": "Add a ringing hit at 4 s; keep the step as it is."})


def test_a_reply_becomes_a_chain_whose_claims_name_their_sound() -> None:
    absent = EVENT | {"type": "absence", "media": "input"}
    with Standin(answer=lambda _: chain(EVENT, absent)) as server, at(server, ServedEditReasoner) as reasoner:
        (made,) = reasoner.annotate([addition()])
        (body,) = asked(server.served)
    assert isinstance(made, Reasoned)
    assert [(claim.type, claim.media, claim.subject) for claim in made.claims] == [
        ("event", "target", "ring"), ("absence", "input", "ring"),
    ]  # fmt: skip
    assert made.caption_cot == "Add a ringing hit at 4 s; keep the step as it is."
    system, user = (message["content"] for message in body["messages"])
    assert "at most 68 words" in system
    assert user[-1]["text"] == edit_text(addition())
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["$defs"]["WrittenEditClaim"]["properties"]["media"]["enum"] == ["input", "target"]
    assert "media" in schema["$defs"]["WrittenEditClaim"]["required"]


@pytest.mark.parametrize(
    ("claim", "mistake"),
    [
        (EVENT | {"media": None}, "media"),
        ({key: value for key, value in EVENT.items() if key != "media"}, "media: Field required"),
        (EVENT | {"media": "output"}, "media"),
        (EVENT | {"evidence": ["S1"]}, "there is no evidence 'S1'; the ids are L0, A0, S0, L0b, A0b, S0b"),
        (EVENT | {"evidence": ["L0b"]}, "is heard and cites nothing that was heard"),
        (EVENT | {"type": "source", "object": "t00"}, "the tracks are none"),
        (EVENT | {"end_s": 9.5}, "does not lie within the clip of 9.00 s"),
    ],
)
def test_a_claim_that_names_no_sound_or_rests_on_nothing_is_asked_again(claim: dict[str, Any], mistake: str) -> None:
    replies = iter([chain(claim), chain()])
    with Standin(answer=lambda _: next(replies)) as server, at(server, ServedEditReasoner) as reasoner:
        (made,) = reasoner.annotate([addition()])
        _, second = asked(server.served)
    assert isinstance(made, Reasoned)
    assert mistake in second["messages"][-1]["content"]


def test_a_model_that_keeps_to_its_mistake_is_refused() -> None:
    with (
        Standin(answer=lambda _: chain(EVENT | {"media": "mix"})) as server,
        at(server, ServedEditReasoner, reasks=1) as reasoner,
    ):
        (made,) = reasoner.annotate([addition()])
    assert isinstance(made, Rejected)
    assert made.code == "unparsable_json"


def test_the_text_says_the_task_and_what_each_clip_sounds_like_where_it_lies_in_it() -> None:
    lines = edit_text(addition()).splitlines()
    assert lines[0] == (
        "Task: addition: the input is the clip, the target is the clip with a sound of another clip mixed in. "
        "They differ between 3.0 s and 7.0 s."
    )
    assert lines[1] == "There the sound of the other clip is about 6 LU quieter than the clip's own."
    assert "S0: an impact, 0.50–0.60 s, peak -13 dBFS, -25 LUFS, pan -0.6" in lines
    assert "S0b: a ring, 4.00–4.70 s, peak -16 dBFS, -28 LUFS, pan -0.6" in lines  # moved and made softer
    assert 'L0b: "church bell"' in lines
    assert 'What was written to make the sound of the other clip as a whole: "Generate a ring."' in lines
    assert not any(line.startswith("S9") for line in lines)  # a label cannot pass for evidence


def test_where_nothing_is_mixed_in_only_the_clip_is_told_of() -> None:
    task = case(edit("extension", 3.0, 9.0), clip(heard("impact", 0.5, 0.6)), clip_instruction=None)
    assert set(edit_evidence(task)) == {"A0", "S0"}
    assert "other clip" not in edit_text(task)
    assert "What was written" not in edit_text(task)


def test_a_plan_s_question_is_asked_twice_for_a_clip_and_costs_something() -> None:
    reasoner = ServedEditReasoner(ServedEditReasoner.Params(model="gpt-4.1-nano"))
    assert len(reasoner.typical(10.0, has_video=True)) == 2
    estimate = reasoner.estimate(10.0, has_video=True)
    assert estimate is not None
    assert estimate.usd is not None
    assert 0 < estimate.usd < 0.02
