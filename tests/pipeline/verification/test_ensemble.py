"""Several witnesses, one finding: the rule of agreement, and log odds against closed forms."""

import pickle
from math import log
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.recipe import Recipe, recipe_stages
from pipeline.plan import make_plan
from pipeline.verification.calibration import Calibration, Reliability, Words
from pipeline.verification.ensemble import EnsembleParams, fuse, posterior
from pipeline.verification.policy import Policy
from schemas.errors import RecipeError
from schemas.reasoning import Verdict
from schemas.vocabulary import CLAIM_TYPES, VerdictWord

SCORES: dict[VerdictWord, float] = {"supported": 0.9, "refuted": 0.1, "unverifiable": 0.5}
GOOD = Reliability(  # right 98 times of 100 when it speaks
    on_true=Words(supported=97, refuted=1, unverifiable=0), on_false=Words(supported=1, refuted=97, unverifiable=0)
)
CHANCE = Reliability(on_true=Words(supported=50, refuted=50), on_false=Words(supported=50, refuted=50))
CONTRARY = Reliability(on_true=Words(refuted=90, supported=10), on_false=Words(supported=90, refuted=10))
TABLE = Calibration(
    name="test",
    origin="made up",
    witnesses={
        "instrument": {"event": GOOD, "count": GOOD},
        "listener": {"event": GOOD, "count": CHANCE},
        "contrary": {"event": CONTRARY},
    },
)


def verdict(word: VerdictWord, witness: str = "one", score: float | None = None, is_blind: bool = False) -> Verdict:
    return Verdict(
        clip_id="a", model="w@1", claim_id="a/base/c00", witness=witness, is_decoy=False, is_blind=is_blind, verdict=word,
        score=SCORES[word] if score is None else score, reason="measured", evidence=[],
    )  # fmt: skip


@pytest.fixture
def calibrated(tmp_path: Path) -> EnsembleParams:
    file = tmp_path / "table.yaml"
    file.write_text(TABLE.to_yaml())
    return EnsembleParams(ensemble="calibrated", calibration=str(file))


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], "unverifiable"),
        ([verdict("supported")], "supported"),
        ([verdict("refuted")], "refuted"),
        ([verdict("unverifiable")], "unverifiable"),
        ([verdict("supported", score=0.55)], "unverifiable"),
        ([verdict("refuted", score=0.45)], "unverifiable"),
        ([verdict("supported"), verdict("unverifiable", "two")], "supported"),
        ([verdict("refuted"), verdict("unverifiable", "two")], "refuted"),
        ([verdict("supported"), verdict("refuted", "two")], "unverifiable"),
        ([verdict("supported"), verdict("refuted", "two", 0.45)], "supported"),
    ],
)
def test_witnesses_agree_when_some_say_it_surely_and_none_contradicts(verdicts: list[Verdict], expected: VerdictWord) -> None:
    assert fuse("event", verdicts, EnsembleParams(ensemble="agreement")) == expected


def test_unlisted_witnesses_that_are_calibrated_by_default_agree_like_that_too(calibrated: EnsembleParams) -> None:
    for word in SCORES:
        assert fuse("event", [verdict(word, "new")], calibrated) == word
    assert fuse("event", [verdict("supported", "new"), verdict("refuted", "newer")], calibrated) == "unverifiable"


def test_the_log_odds_are_the_sum_of_the_words_log_ratios(calibrated: EnsembleParams) -> None:
    ratio = (97 + 1) / (1 + 1)  # each of the three words gets one more, of as many claims
    one = posterior("event", [verdict("supported", "instrument")], calibrated)
    assert log(one / (1 - one)) == pytest.approx(log(ratio))
    two = posterior("event", [verdict("supported", "instrument"), verdict("supported", "new")], calibrated)
    assert log(two / (1 - two)) == pytest.approx(log(ratio) + log(calibrated.unlisted_ratio))
    against = posterior("event", [verdict("refuted", "instrument"), verdict("supported", "listener")], calibrated)
    assert against == pytest.approx(0.5)


def test_a_listeners_word_on_how_many_counts_less_than_the_instruments(calibrated: EnsembleParams) -> None:
    words = [verdict("supported", "instrument"), verdict("refuted", "listener")]
    assert fuse("event", words, calibrated) == "unverifiable"
    assert fuse("count", words, calibrated) == "supported"
    assert fuse("count", [verdict("supported", "listener")], calibrated) == "unverifiable"


def test_a_witness_that_cannot_tell_or_says_the_opposite_moves_nothing(calibrated: EnsembleParams) -> None:
    for word in (verdict("unverifiable", "instrument"), verdict("supported", "contrary"), verdict("refuted", "contrary")):
        assert posterior("event", [word], calibrated) == pytest.approx(0.5)
    assert posterior("event", [verdict("supported", "instrument", score=0.55)], calibrated) == pytest.approx(0.5)


def test_no_word_is_worth_more_than_the_most_that_one_can_be(calibrated: EnsembleParams) -> None:
    params = EnsembleParams(ensemble="calibrated", calibration=calibrated.calibration, max_ratio=10)
    one = posterior("event", [verdict("refuted", "instrument")], params)
    assert log(one / (1 - one)) == pytest.approx(-log(10))


def test_what_was_counted_on_true_claims_alone_is_as_good_as_unlisted(tmp_path: Path) -> None:
    file = tmp_path / "half.yaml"
    half = Reliability(on_true=Words(supported=100))
    file.write_text(TABLE.model_copy(update={"witnesses": {"half": {"event": half}}}).to_yaml())
    params = EnsembleParams(ensemble="calibrated", calibration=str(file))
    words = [[verdict("refuted", witness)] for witness in ("half", "new")]
    assert posterior("event", words[0], params) == posterior("event", words[1], params)


def test_the_calibration_that_is_shipped_lists_the_embedded_witness_on_all_that_it_can_check() -> None:
    table = EnsembleParams().table
    for known in CLAIM_TYPES:
        assert (table.of("instruments", known) is None) == (known == "inference")


def test_blind_witnesses_can_be_weighed_apart(calibrated: EnsembleParams) -> None:
    half = EnsembleParams(ensemble="calibrated", calibration=calibrated.calibration, blind_weight=0.5)
    seeing = posterior("event", [verdict("supported", "new")], half)
    blind = posterior("event", [verdict("supported", "new", is_blind=True)], half)
    assert log(blind / (1 - blind)) == pytest.approx(log(seeing / (1 - seeing)) / 2)


def test_a_prior_that_decides_by_itself_is_refused() -> None:
    with pytest.raises(ValidationError, match="prior must lie between refute_at and support_at"):
        EnsembleParams(prior=0.9)


def test_a_decision_is_fingerprinted_by_what_the_calibration_says_not_by_its_name(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one.yaml", "same.yaml", "other.yaml"))
    one.write_text(TABLE.to_yaml())
    same.write_text(TABLE.model_copy(update={"name": "another", "origin": "elsewhere"}).to_yaml())
    other.write_text(TABLE.model_copy(update={"witnesses": {"instrument": {"event": CHANCE}}}).to_yaml())
    prints = [fingerprint_of(Policy(ensemble="calibrated", calibration=str(path))) for path in (one, same, other)]
    assert prints[0] == prints[1] != prints[2]
    agreeing = [fingerprint_of(Policy(ensemble="agreement", calibration=str(path))) for path in (one, other)]
    assert agreeing[0] == agreeing[1], "agreement asks no calibration"
    assert fingerprint_of(Policy(ensemble="agreement", min_score=0.7)) != agreeing[0]


def fingerprint_of(policy: Policy) -> str:
    """That of the stage `decide` with this policy."""
    return make_plan(recipe_stages(Recipe(tasks=(), policy=policy)))["decide"].fingerprint


def test_the_calibration_travels_with_the_parameters(calibrated: EnsembleParams) -> None:
    sent = pickle.dumps(calibrated)
    Path(calibrated.calibration).unlink()
    assert pickle.loads(sent).table == TABLE


def test_a_calibration_that_is_not_there_is_one_line() -> None:
    with pytest.raises(RecipeError, match=r"policy\.calibration: no such file, and unknown calibration 'nothing'"):
        EnsembleParams(ensemble="calibrated", calibration="nothing")
