"""The instrument verifier on sounds whose truth is known in closed form: presence, number, order and absence."""

import pytest

from annotators.instruments.verifier import InstrumentVerifier
from annotators.media import ArrayMedia
from annotators.roles import Inquiry
from schemas.reasoning import Stated
from tests.annotators.instruments.sounds import DURATION_S, claim, glide, hits, judged, media, noise, tone, words

HITS = [1.0, 2.0, 2.7, 4.5]


@pytest.fixture(scope="module")
def knocks() -> ArrayMedia:
    """Four hits."""
    return media(hits(HITS))


@pytest.fixture(scope="module")
def mixed() -> ArrayMedia:
    """Hits at 0.5 s and 1.2 s, then a tone from 2.0 s to 4.0 s, then a hit at 5.0 s."""
    return media(hits([0.5, 1.2, 5.0]), tone(2.0, 4.0))


@pytest.fixture(scope="module")
def quiet() -> ArrayMedia:
    return media()


@pytest.mark.parametrize("time_s", HITS)
def test_a_hit_at_its_time_is_supported(knocks: ArrayMedia, time_s: float) -> None:
    answer = judged(knocks, claim("event", "impact", start_s=time_s, end_s=time_s + 0.2))[0]
    assert answer.verdict == "supported"
    assert answer.score >= 0.6
    assert answer.evidence[0].start_s == pytest.approx(time_s, abs=0.05)


def test_a_hit_where_none_is_and_a_kind_that_never_sounds_are_refuted(knocks: ArrayMedia) -> None:
    assert (
        words(
            knocks,
            claim("event", "impact", start_s=3.6, end_s=3.8),
            claim("event", "tone", start_s=1.0, end_s=2.0),
            claim("event", "noise", start_s=3.0, end_s=4.0),
            claim("event", "sound", start_s=3.5, end_s=4.0),
        )
        == ["refuted"] * 4
    )


def test_any_sound_is_a_sound(knocks: ArrayMedia) -> None:
    assert words(knocks, claim("event", "sound", start_s=2.0, end_s=2.2)) == ["supported"]


@pytest.mark.parametrize(
    ("value", "verdict"), [(2, "refuted"), (3, "refuted"), (4, "supported"), (5, "refuted"), (0, "refuted")]
)
def test_a_count_is_exact(knocks: ArrayMedia, value: int, verdict: str) -> None:
    assert words(knocks, claim("count", "impact", value=value, start_s=0.0, end_s=DURATION_S)) == [verdict]


def test_a_count_is_of_its_span_and_cannot_be_told_when_an_onset_lies_on_the_border(knocks: ArrayMedia) -> None:
    assert words(
        knocks,
        claim("count", "impact", value=2, start_s=1.5, end_s=3.5),
        claim("count", "impact", value=2, start_s=2.01, end_s=3.5),
    ) == ["supported", "unverifiable"]


def test_order_is_of_first_onsets(mixed: ArrayMedia) -> None:
    assert words(
        mixed,
        claim("order", "impact", object="tone", relation="before"),
        claim("order", "tone", object="impact", relation="before"),
        claim("order", "tone", object="impact", relation="before", start_s=1.6, end_s=6.0),
        claim("order", "tone", object="impact", relation="overlaps"),
    ) == ["supported", "refuted", "supported", "refuted"]


def test_two_sustained_sounds_that_share_time_overlap() -> None:
    both = media(tone(1.0, 4.0, 300.0), noise(2.0, 5.0))
    assert words(both, claim("order", "tone", object="noise", relation="overlaps")) == ["supported"]


def test_absence_is_of_the_named_kind_within_the_span(mixed: ArrayMedia) -> None:
    assert words(
        mixed,
        claim("absence", "chirp"),
        claim("absence", "noise", start_s=0.0, end_s=6.0),
        claim("absence", "tone"),
        claim("absence", "impact"),
        claim("absence", "tone", start_s=0.0, end_s=1.8),
        claim("absence", "sound"),
    ) == ["supported", "supported", "refuted", "refuted", "supported", "refuted"]


def test_a_sound_at_the_edge_of_a_span_leaves_its_absence_open(knocks: ArrayMedia) -> None:
    at_the_end = claim("absence", "impact", start_s=1.6, end_s=2.02)  # the hit begins at 2.0 s
    assert words(knocks, at_the_end) == ["unverifiable"]


def test_a_quiet_clip_refutes_every_sound_and_supports_every_absence(quiet: ArrayMedia) -> None:
    present = [claim("event", kind, start_s=1.0, end_s=2.0) for kind in ("impact", "tone", "noise", "sound", "dog bark")]
    absent = [claim("absence", kind) for kind in ("impact", "tone", "noise", "sound", "human voice")]
    assert words(quiet, *present) == ["refuted"] * 5
    assert words(quiet, *absent) == ["supported"] * 5
    assert words(quiet, claim("count", "impact", value=3), claim("count", "impact", value=0)) == ["refuted", "supported"]


def test_free_words_are_refuted_by_silence_and_never_supported(knocks: ArrayMedia) -> None:
    assert words(
        knocks,
        claim("event", "dog bark", start_s=3.4, end_s=3.9),
        claim("event", "dog bark", start_s=2.0, end_s=2.5),
        claim("absence", "dog bark", start_s=3.4, end_s=3.9),
        claim("absence", "dog bark"),
        claim("count", "dog bark", value=2),
    ) == ["refuted", "unverifiable", "supported", "unverifiable", "unverifiable"]


def test_a_glide_is_a_sweep_and_not_a_hit() -> None:
    siren = media(glide(1.0, 4.0, 400.0, 900.0))
    assert words(
        siren,
        claim("event", "sweep", start_s=1.0, end_s=4.0),
        claim("event", "impact", start_s=2.5, end_s=2.7),
        claim("event", "noise", start_s=1.0, end_s=4.0),
    ) == ["supported", "refuted", "refuted"]


@pytest.mark.parametrize(
    "incoherent",
    [
        claim("event", "impact"),
        claim("event", None, start_s=1.0),
        claim("count", "impact"),
        claim("order", "impact"),
        claim("order", "impact", object="tone", relation="rises"),
        claim("attribute", "impact", attribute="pitch"),
        claim("attribute", "impact", attribute="pan", relation="at_least"),
        claim("attribute", "impact", attribute="pitch", relation="left"),
        claim("source", "impact"),
        claim("source", "impact", object="t99"),
        claim("absence", None),
        claim("event", "impact", start_s=4.0, end_s=1.0),
        claim("event", "impact", start_s=60.0, end_s=61.0),
        claim("inference", None),
    ],
    ids=lambda stated: f"{stated.type}-{stated.subject}-{stated.start_s}",
)
def test_a_claim_whose_fields_are_missing_or_do_not_fit_is_unverifiable_and_says_why(
    knocks: ArrayMedia, incoherent: Stated
) -> None:
    answer = judged(knocks, incoherent)[0]
    assert answer.verdict == "unverifiable"
    assert answer.score == 0.5
    assert answer.reason


def test_every_claim_gets_its_answer_in_order_and_the_same_each_time(mixed: ArrayMedia) -> None:
    claims = [claim("event", "impact", start_s=0.5), claim("inference"), claim("absence", "tone")]
    verifier = InstrumentVerifier(InstrumentVerifier.Params())
    inquiry = Inquiry(mixed, claims, [], [], None, None)
    first, second = verifier.annotate([inquiry, inquiry])
    assert [answer.verdict for answer in first] == ["supported", "unverifiable", "refuted"]
    assert first == second
