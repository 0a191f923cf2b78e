"""The template reasoner: what it says of known evidence, and that it says nothing else."""

import pytest

from annotators.roles import CaseFile
from annotators.template import TemplateReasoner
from annotators.template.reasoner import TemplateParams
from annotators.wording import claim_text
from schemas.evidence import HeardEvent, SeenEvent, Track, TrackBox
from schemas.reasoning import Reasoned, Stated
from schemas.vocabulary import SOUND_KINDS, SoundKind

DURATION_S = 9.0
WIDTH_PX = 320


def heard(kind: SoundKind, start_s: float, end_s: float, **fields: object) -> HeardEvent:
    given = {
        "kind_score": 0.9, "onsets_s": [start_s], "peak_dbfs": -6.0, "loudness_lufs": -18.2, "loudness_slope_db_per_s": 0.0,
        "pitch_hz": None, "pitch_start_hz": None, "pitch_end_hz": None, "harmonicity": None, "centroid_hz": 2480.0,
        "flatness": None, "pan": None, "pan_slope_per_s": None, "repetition_hz": None, "snr_db": 30.0,
    }  # fmt: skip
    return HeardEvent.model_validate({"kind": kind, "start_s": start_s, "end_s": end_s, **given, **fields})


def track(track_id: str, phrase: str, from_x: float, to_x: float) -> Track:
    boxes = [
        TrackBox(time_s=t / 10, box_xyxy_px=[x - 10, 50.0, x + 10, 70.0], score=1.0)
        for t in range(int(DURATION_S * 10))
        for x in [WIDTH_PX * (from_x + (to_x - from_x) * t / (DURATION_S * 10))]
    ]
    return Track(
        start_s=0.0, end_s=DURATION_S, track_id=track_id, phrase=phrase, boxes=boxes, coverage_frac=1.0, mean_score=1.0,
        mean_speed_px_per_s=30.0, max_speed_px_per_s=40.0,
    )  # fmt: skip


def bounce(track_id: str, time_s: float) -> SeenEvent:
    return SeenEvent(kind="impact", time_s=time_s, track_id=track_id, x_px=10.0, y_px=10.0, strength=300.0)


def reasoned(
    *events: HeardEvent,
    tracks: tuple[Track, ...] = (),
    seen: tuple[SeenEvent, ...] = (),
    label: str | None = None,
    params: TemplateParams | None = None,
) -> Reasoned:
    case = CaseFile(
        "clip", DURATION_S, WIDTH_PX if tracks else None, 240 if tracks else None, label, [],
        sorted(events, key=lambda e: e.start_s), [], tracks, seen,
    )  # fmt: skip
    return TemplateReasoner(params or TemplateParams()).annotate([case])[0]


def of_type(made: Reasoned, type: str) -> list[Stated]:
    return [claim for claim in made.claims if claim.type == type]


HITS = [heard("impact", t, t + 0.2, pan=-0.6, pan_slope_per_s=0.0) for t in (1.02, 2.04, 4.0)]
TONE = heard("tone", 5.0, 8.0, pitch_hz=441.2, harmonicity=0.95, pan=0.0, pan_slope_per_s=0.0)
SIREN = heard(
    "sweep", 2.0, 7.0, pitch_hz=700.0, pitch_start_hz=500.0, pitch_end_hz=1000.0, harmonicity=0.9, pan=0.0, pan_slope_per_s=0.3
)


def test_the_chain_tells_what_when_how_where_and_what_to_avoid() -> None:
    made = reasoned(*HITS, TONE)
    assert [(step.aspect, step.is_avoidance) for step in made.steps] == [
        ("semantic", False), ("temporal", False), ("aesthetic", False), ("spatial", False), ("semantic", True),
    ]  # fmt: skip
    assert made.steps[0].text == "Hits and a tone are heard."
    assert "three hits come at 1.0 s, 2.0 s and 4.0 s" in made.steps[1].text.lower()
    assert "the hits begin before the tone" in made.steps[1].text
    assert "the tone has a pitch of about 441 Hz, reaches -18 LUFS and stays equally loud" in made.steps[2].text
    assert "on the left" in made.steps[3].text
    assert made.steps[4].text.startswith("Avoid ")


def test_claims_hold_the_numbers_of_the_evidence_and_name_the_step_that_makes_them() -> None:
    made = reasoned(*HITS, TONE)
    counts = {claim.subject: claim.value for claim in of_type(made, "count")}
    assert counts == {"impact": 3.0, "tone": 1.0}
    assert [claim.start_s for claim in of_type(made, "event") if claim.subject == "impact" and claim.step_index == 1] == [
        1.0, 2.0, 4.0,
    ]  # fmt: skip
    order = of_type(made, "order")[0]
    assert (order.subject, order.object, order.relation) == ("impact", "tone", "before")
    pitch = next(claim for claim in made.claims if claim.attribute == "pitch")
    assert (pitch.value, pitch.unit, pitch.start_s, pitch.end_s) == (441.0, "hz", 5.0, 8.0)
    side = next(claim for claim in made.claims if claim.attribute == "pan" and claim.subject == "impact")
    assert side.relation == "left"
    assert {claim.step_index for claim in made.claims} == set(range(len(made.steps)))


@pytest.mark.parametrize("events", [HITS, [TONE], [SIREN], [*HITS, TONE, SIREN], [HITS[0]], []], ids=str)
@pytest.mark.parametrize("label", [None, "bouncing ball"])
def test_the_instruction_is_imperative_and_has_27_to_68_words(events: list[HeardEvent], label: str | None) -> None:
    made = reasoned(*events, label=label)
    assert made.caption_cot.startswith("Generate 9.0 seconds of ")
    assert 27 <= len(made.caption_cot.split()) <= 68, made.caption_cot
    assert "Avoid" in made.caption_cot


def test_what_is_avoided_is_nothing_that_was_heard_or_could_be_taken_for_it() -> None:
    made = reasoned(*HITS)
    absent = {claim.subject for claim in of_type(made, "absence")}
    assert absent
    assert absent.isdisjoint({"impact", "ring", "roll", "chirp"})
    assert all(claim.start_s == 0.0 and claim.end_s == DURATION_S for claim in of_type(made, "absence"))


def test_a_doubtful_event_keeps_its_kind_from_being_counted_or_denied() -> None:
    faint = heard("impact", 7.0, 7.1, kind_score=0.3, snr_db=3.0)
    made = reasoned(*HITS, faint)
    assert of_type(made, "count") == []
    assert "three" not in made.caption_cot
    assert of_type(reasoned(faint), "absence") != []
    assert all(claim.subject != "impact" for claim in of_type(reasoned(faint), "absence"))


def test_a_glide_and_a_move_are_told_as_trends() -> None:
    made = reasoned(SIREN)
    trends = {claim.attribute: claim.relation for claim in of_type(made, "attribute") if claim.relation in ("rises", "falls")}
    assert trends == {"pitch": "rises", "pan": "rises"}


def test_a_track_is_said_to_make_the_sound_only_when_its_bounces_fall_on_the_onsets() -> None:
    ball, other = track("t00", "red round region", 0.1, 0.9), track("t01", "blue square region", 0.9, 0.1)
    on_time = tuple(bounce("t00", event.start_s + 0.03) for event in HITS)
    silent = tuple(bounce("t01", t) for t in (0.5, 3.0, 6.0))
    made = reasoned(*HITS, tracks=(ball, other), seen=on_time + silent)
    source = of_type(made, "source")
    assert [(claim.object, claim.subject, claim.basis) for claim in source] == [("t00", "impact", "inferred")]
    step = made.steps[source[0].step_index]
    assert step.text == "The red round region makes the hits: its sudden moves fall on their onsets."
    assert of_type(reasoned(*HITS, tracks=(ball, other), seen=silent), "source") == []


def test_a_track_that_moves_along_with_a_sustained_sound_is_its_maker() -> None:
    passing = heard("tone", 0.0, 9.0, pitch_hz=100.0, harmonicity=0.9, pan=0.0, pan_slope_per_s=0.16)
    along, against = track("t00", "grey region", 0.14, 0.86), track("t01", "green region", 0.86, 0.14)
    assert [claim.object for claim in of_type(reasoned(passing, tracks=(along, against)), "source")] == ["t00"]
    assert of_type(reasoned(passing, tracks=(against,)), "source") == []


def test_what_is_seen_and_the_label_are_inferences_and_nothing_more() -> None:
    made = reasoned(*HITS, tracks=(track("t00", "orange round region", 0.1, 0.9),), label="bouncing ball")
    assert "an orange round region is seen moving" in made.steps[0].text
    assert "labelled “bouncing ball”" in made.steps[0].text
    assert len(of_type(made, "inference")) == 2
    assert all(claim.subject in (None, *SOUND_KINDS, "sound") for claim in made.claims)


def test_things_that_look_the_same_are_counted_together() -> None:
    pair = (track("t00", "grey region", 0.1, 0.9), track("t01", "grey region", 0.9, 0.1))
    assert "two grey regions are seen moving" in reasoned(*HITS, tracks=pair).steps[0].text


def test_a_clear_tone_through_the_whole_clip_is_spoken_of_though_nothing_is_quieter() -> None:
    engine = heard("tone", 0.0, 9.0, kind_score=1.0, snr_db=2.0, pitch_hz=90.0, harmonicity=0.9)
    assert reasoned(engine).steps[0].text == "A tone is heard."


def test_a_quiet_clip_is_said_to_be_quiet() -> None:
    made = reasoned(tracks=(track("t00", "red region", 0.1, 0.9),))
    absence = of_type(made, "absence")
    assert [claim.subject for claim in absence] == ["sound"]
    assert "near silence" in made.caption_cot
    assert made.steps[0].text == "Nothing stands out of the background while a red region is seen moving."


def test_the_number_of_claims_is_capped_and_the_strongest_statements_stay() -> None:
    many = [heard("impact", 0.5 + 0.7 * n, 0.6 + 0.7 * n) for n in range(12)]
    made = reasoned(*many, TONE, SIREN, params=TemplateParams(max_claims=8))
    assert len(made.claims) <= 8
    assert {"impact", "tone", "sweep"} <= {claim.subject for claim in of_type(made, "event")}


def test_the_same_evidence_gives_the_same_words() -> None:
    assert reasoned(*HITS, TONE, label="x") == reasoned(*HITS, TONE, label="x")


WORDINGS: list[tuple[str, dict[str, object]]] = [
    (
        "Exactly one hit is heard between 0.0 s and 9.0 s.",
        {"type": "count", "subject": "impact", "value": 1, "start_s": 0, "end_s": 9},
    ),
    ("Exactly 13 dog barks are heard.", {"type": "count", "subject": "dog bark", "value": 13}),
    ("No ringing hit is heard from 2.5 s on.", {"type": "absence", "subject": "ring", "start_s": 2.5}),
    ("An owl call is heard until 2.0 s.", {"type": "event", "subject": "owl call", "end_s": 2}),
    (
        "The first roll of hits starts before the first noise.",
        {"type": "order", "subject": "roll", "object": "noise", "relation": "before"},
    ),
    (
        "A tone and a noise are heard at the same time.",
        {"type": "order", "subject": "tone", "object": "noise", "relation": "overlaps"},
    ),
    (
        "The tone has a pitch of at least 438 Hz.",
        {"type": "attribute", "subject": "tone", "attribute": "pitch", "relation": "at_least", "value": 438.2},
    ),
    ("The tone moves to the right.", {"type": "attribute", "subject": "tone", "attribute": "pan", "relation": "rises"}),
]


@pytest.mark.parametrize(("text", "fields"), WORDINGS)
def test_a_claim_is_worded_from_its_fields(text: str, fields: dict[str, object]) -> None:
    assert claim_text(Stated.model_validate({"step_index": 0, "basis": "heard", "text": "", **fields})) == text
