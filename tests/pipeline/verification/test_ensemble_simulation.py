"""Two witnesses with known error rates: weighed by their calibration they know more than each alone and than by agreement.

The instrument is nearly always right and often cannot tell. The listener always has an answer, good about what sounds and
hardly better than chance about how many and in what order. Half of the claims are false. The calibration is counted on one
draw of claims and used on another.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.verification.calibration import WordCounts, calibration_of
from pipeline.verification.ensemble import EnsembleParams, fuse
from schemas.reasoning import Verdict
from schemas.vocabulary import CLAIM_TYPES, ClaimType, VerdictWord
from tests.pipeline.verification.judged_rows import verdict

NUM_CLAIMS = 2000
Errors = Mapping[ClaimType, tuple[tuple[int, int, int], tuple[int, int, int]]]
WORDS: tuple[VerdictWord, ...] = ("supported", "refuted", "unverifiable")
TYPES: tuple[ClaimType, ...] = ("event", "count", "order")
WITNESSES: dict[str, Errors] = {  # percent of each word on true claims, on false claims
    "instrument": {
        "event": ((70, 2, 28), (2, 70, 28)),
        "count": ((70, 1, 29), (2, 75, 23)),
        "order": ((60, 2, 38), (2, 60, 38)),
    },
    "listener": {
        "event": ((85, 10, 5), (15, 75, 10)),
        "count": ((60, 40, 0), (55, 45, 0)),
        "order": ((55, 45, 0), (40, 60, 0)),
    },
}


@dataclass(frozen=True)
class Judged:
    type: ClaimType
    is_true: bool
    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class Score:
    """Shares of all claims whose finding is right, and whose finding is the opposite of the truth."""

    right: float
    wrong: float

    @property
    def worth(self) -> float:
        return self.right - self.wrong


def draw(seed: int) -> list[Judged]:
    chance = random.Random(seed)
    drawn = []
    for number in range(NUM_CLAIMS):
        claim_type = chance.choice(TYPES)
        is_true = number % 2 == 0
        verdicts = [
            verdict("a/base/c00", name, chance.choices(WORDS, errors[claim_type][not is_true])[0])
            for name, errors in WITNESSES.items()
        ]
        drawn.append(Judged(claim_type, is_true, verdicts))
    return drawn


def score(claims: Sequence[Judged], params: EnsembleParams, witnesses: Sequence[str] = tuple(WITNESSES)) -> Score:
    found: Counter[tuple[bool, VerdictWord]] = Counter()
    for one in claims:
        heard = [given for given in one.verdicts if given.witness in witnesses]
        found[one.is_true, fuse(one.type, heard, params)] += 1
    right = found[True, "supported"] + found[False, "refuted"]
    wrong = found[True, "refuted"] + found[False, "supported"]
    return Score(right / len(claims), wrong / len(claims))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> EnsembleParams:
    counts: WordCounts = Counter(
        (given.witness, one.type, one.is_true, given.verdict) for one in draw(seed=1) for given in one.verdicts
    )
    file = tmp_path_factory.mktemp("calibration") / "two.yaml"
    file.write_text(calibration_of(counts, "two", "simulated").to_yaml())
    return EnsembleParams(ensemble="calibrated", calibration=str(file))


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_weighed_by_their_calibration_two_witnesses_beat_agreement_and_each_alone(
    calibrated: EnsembleParams, seed: int
) -> None:
    claims, agreement = draw(seed), EnsembleParams(ensemble="agreement")
    both = score(claims, calibrated)
    rivals = {
        "agreement": score(claims, agreement),
        "instrument": score(claims, agreement, ["instrument"]),
        "listener": score(claims, agreement, ["listener"]),
    }
    for name, rival in rivals.items():
        assert both.worth > rival.worth + 0.05, name
    assert both.right > rivals["agreement"].right + 0.1
    assert both.wrong < rivals["agreement"].wrong / 2


def test_without_counts_of_the_listener_the_instrument_still_has_the_last_word(calibrated: EnsembleParams) -> None:
    """The shipped table knows the instruments; a witness it does not list decides only where they cannot tell."""
    table = calibrated.table.model_copy(update={"witnesses": {"instrument": calibrated.table.witnesses["instrument"]}})
    file = Path(calibrated.calibration).with_name("one.yaml")
    file.write_text(table.to_yaml())
    half = EnsembleParams(ensemble="calibrated", calibration=str(file))
    for one in draw(seed=5):
        instrument = fuse(one.type, one.verdicts[:1], half)
        if instrument != "unverifiable":
            assert fuse(one.type, one.verdicts, half) == instrument


LISTENERS: dict[str, dict[ClaimType, tuple[int, int]]] = {  # percent supported of true and of false claims, else refuted
    "good": dict.fromkeys(CLAIM_TYPES, (90, 15)),
    "poor at numbers": dict.fromkeys(CLAIM_TYPES, (90, 15)) | {"count": (55, 50), "order": (55, 50), "source": (55, 50)},
    "says yes": dict.fromkeys(CLAIM_TYPES, (97, 92)),
    "random": dict.fromkeys(CLAIM_TYPES, (50, 50)),
}


def beside_the_embedded_witness(listener: str, seed: int) -> list[Judged]:
    """Every answer that the embedded witness gave to the claims of scenes, with one of a listener beside it."""
    chance = random.Random(seed)
    drawn = []
    for claim_type, counted in EnsembleParams().table.witnesses["instruments"].items():
        for is_true, words in ((True, counted.on_true), (False, counted.on_false)):
            rate = LISTENERS[listener][claim_type][not is_true] / 100
            counts = words.model_dump()
            for said in [word for word in WORDS for _ in range(counts[word])]:
                heard: VerdictWord = "supported" if chance.random() < rate else "refuted"
                verdicts = [verdict("a/base/c00", "instruments", said), verdict("a/base/c00", listener, heard)]
                drawn.append(Judged(claim_type, is_true, verdicts))
    return drawn


@pytest.mark.parametrize("listener", LISTENERS)
def test_a_counted_listener_adds_to_what_the_embedded_witness_knows_or_leaves_it(listener: str, tmp_path: Path) -> None:
    counts: WordCounts = Counter(
        (given.witness, one.type, one.is_true, given.verdict)
        for one in beside_the_embedded_witness(listener, seed=1)
        for given in one.verdicts
    )
    file = tmp_path / "counted.yaml"
    file.write_text(calibration_of(counts, "counted", "simulated").to_yaml())
    claims, agreement = beside_the_embedded_witness(listener, seed=2), EnsembleParams(ensemble="agreement")
    alone = score(claims, agreement, ["instruments"])
    agreed = score(claims, agreement, ["instruments", listener])
    weighed = score(claims, EnsembleParams(calibration=str(file)), ["instruments", listener])
    unlisted = score(claims, EnsembleParams(), ["instruments", listener])
    assert weighed.worth > alone.worth - 0.005
    assert weighed.worth > agreed.worth + 0.05
    assert unlisted.worth > agreed.worth + 0.05, "even a listener that was never counted cannot veto the instruments"
    if listener == "good":
        assert weighed.right > alone.right
