"""Several witnesses, one finding: how their verdicts on a claim are put together.

`agreement` asks that somebody supports a claim surely and nobody contradicts: all witnesses count alike, and one that is wrong
half the time spoils what a good one knows. `calibrated` is a naive Bayes classifier over the words (the witnesses are taken
to err independently of each other): each word moves the log odds of the claim by ln P(word | true) / P(word | false), as
counted in a calibration by witness and claim type. A witness that cannot tell says nothing: how often that happens
depends on which claims were planted, and must not decide. For the same reason no word ever counts for its opposite.
"""

from collections.abc import Sequence
from math import exp, log
from typing import Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from annotators.base import Params
from pipeline.verification.calibration import Calibration, load_calibration
from schemas.reasoning import Verdict
from schemas.vocabulary import ClaimType, VerdictWord


class EnsembleParams(Params):
    """How verdicts become a finding. The calibration is read once, in the driver, and travels with the parameters."""

    ensemble: Literal["agreement", "calibrated"] = Field(
        "calibrated",
        description="agreement: some witness supports and none refutes, or the other way round; calibrated: the odds that the "
        "claim is true given what every witness said, by its counted reliability on claims of that type",
    )
    min_score: float = Field(
        0.6,
        ge=0.5,
        le=1,
        description="a verdict counts as support from this score on, as refutation from 1 - this score down, else as silence",
    )
    calibration: str = Field(
        "scenes", description="for calibrated: a file of `audiocot calibrate`, or the name of a shipped one"
    )
    prior: float = Field(
        0.5, gt=0, lt=1, description="for calibrated: how probable a claim is before anybody has spoken; between the two bounds"
    )
    support_at: float = Field(0.8, gt=0.5, lt=1, description="for calibrated: a claim this probable is supported")
    refute_at: float = Field(0.2, gt=0, lt=0.5, description="for calibrated: a claim this improbable is refuted")
    unlisted_ratio: float = Field(
        5.0,
        ge=1,
        description="for calibrated: what the word of a witness is worth that the calibration does not list for a claim's "
        "type, as a ratio of odds; 5 is one that errs once in six times: enough to decide alone, not against a good one",
    )
    max_ratio: float = Field(
        100.0,
        ge=1,
        description="for calibrated: the most that one word can be worth, as a ratio of odds: witnesses do not err as "
        "independently, nor on every sound as rarely, as where they were counted",
    )
    blind_weight: float = Field(
        1.0, ge=0, le=1, description="for calibrated: factor on the log odds of witnesses that did not see the claim"
    )
    _table: Calibration | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _is_undecided_at_first(self) -> "EnsembleParams":
        if not self.refute_at < self.prior < self.support_at:
            raise ValueError(
                f"prior must lie between refute_at and support_at, or a claim that nobody judged is decided, "
                f"got {self.refute_at:g} < {self.prior:g} < {self.support_at:g}"
            )
        return self

    def model_post_init(self, context: Any) -> None:
        if self.ensemble == "calibrated":
            self._table = load_calibration(self.calibration)

    @property
    def table(self) -> Calibration:
        """The calibration; ValueError for an ensemble without one."""
        if self._table is None:
            raise ValueError(f"the ensemble {self.ensemble} has no calibration")
        return self._table

    def deciding(self) -> dict[str, Any]:
        """The calibration by its content, and only for an ensemble that uses it."""
        values = super().deciding()
        if self.ensemble == "agreement":
            return {key: value for key, value in values.items() if key not in _OF_CALIBRATED}
        return values | {"calibration": self.table.content_hash}


_OF_CALIBRATED = ("calibration", "prior", "support_at", "refute_at", "unlisted_ratio", "max_ratio", "blind_weight")


def fuse(claim_type: ClaimType, verdicts: Sequence[Verdict], params: EnsembleParams) -> VerdictWord:
    """One finding from all verdicts on one claim."""
    if params.ensemble == "agreement":
        return _agreed({said(verdict, params.min_score) for verdict in verdicts})
    probability = posterior(claim_type, verdicts, params)
    if probability >= params.support_at:
        return "supported"
    return "refuted" if probability <= params.refute_at else "unverifiable"


def said(verdict: Verdict, min_score: float) -> VerdictWord:
    """The word of a verdict that is sure enough, else that it cannot tell."""
    if verdict.verdict == "supported":
        return "supported" if verdict.score >= min_score else "unverifiable"
    if verdict.verdict == "refuted":
        return "refuted" if verdict.score <= 1 - min_score else "unverifiable"
    return "unverifiable"


def posterior(claim_type: ClaimType, verdicts: Sequence[Verdict], params: EnsembleParams) -> float:
    """P(claim is true | what all witnesses said), 0 .. 1; the prior where nobody said anything."""
    log_odds = log(params.prior / (1 - params.prior))
    for verdict in verdicts:
        weight = params.blind_weight if verdict.is_blind else 1.0
        log_odds += weight * _log_ratio(verdict, claim_type, params)
    return 1 / (1 + exp(-log_odds))


def _log_ratio(verdict: Verdict, claim_type: ClaimType, params: EnsembleParams) -> float:
    """What a verdict adds to the log odds: at least nothing for support, at most nothing for refutation."""
    word = said(verdict, params.min_score)
    if word == "unverifiable":
        return 0.0
    counted = params.table.of(verdict.witness, claim_type)
    sign = 1.0 if word == "supported" else -1.0
    log_ratio = sign * counted.log_ratio(word) if counted else log(params.unlisted_ratio)
    return sign * min(max(0.0, log_ratio), log(params.max_ratio))


def _agreed(words: set[VerdictWord]) -> VerdictWord:
    said_surely = words - {"unverifiable"}
    return said_surely.pop() if len(said_surely) == 1 else "unverifiable"
