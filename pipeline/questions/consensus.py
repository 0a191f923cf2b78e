"""What the samples of one question agree on, and whether that is enough (self-consistency; SightSound-R1, step 1).

The paper keeps a question where its teacher is unanimous and says no more, so that what counts as unanimous is stated here: a
sample that does not parse is a vote for nothing, and counts against every answer.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from annotators.base import Params
from annotators.questions.roles import Sampled
from schemas.questions import Consensus
from schemas.row import Value


class ConsensusParams(Params):
    """The policy of agreement; stored as text with every consensus."""

    agreement: Literal["unanimous", "majority", "margin"] = Field(
        "unanimous", description="keep an answer that all samples give, that a share of them gives, or that leads by a share"
    )
    majority_frac: float = Field(0.75, gt=0, le=1, description="for majority: least share of all samples, parsed or not")
    margin_frac: float = Field(
        0.5, gt=0, le=1, description="for margin: least lead over the next answer, in shares of all samples"
    )

    def __str__(self) -> str:
        match self.agreement:
            case "unanimous":
                return "unanimous"
            case "majority":
                return f"majority(majority_frac={self.majority_frac:g})"
            case "margin":
                return f"margin(margin_frac={self.margin_frac:g})"


class Agreement(Value):
    """A `Consensus` without where it came from. `standing`: the sample that stands for the others, None unless it is kept."""

    votes: list[int]
    num_parsed: int
    answer_index: int | None
    agreement_frac: float
    margin_frac: float
    is_kept: bool
    standing: int | None


def agree(samples: Sequence[Sampled], num_choices: int, params: ConsensusParams) -> Agreement:
    """Votes by choice, and whether the policy keeps the answer with the most. `samples` is not empty."""
    votes = [sum(sample.answer_index == choice for sample in samples) for choice in range(num_choices)]
    num_parsed = sum(votes)
    ranked = sorted(votes, reverse=True)
    best = votes.index(ranked[0]) if num_parsed else None
    share = ranked[0] / len(samples)
    lead = (ranked[0] - (ranked[1] if num_choices > 1 else 0)) / len(samples)
    is_enough = {
        "unanimous": ranked[0] == len(samples),
        "majority": share >= params.majority_frac and lead > 0,
        "margin": lead >= params.margin_frac,
    }[params.agreement]
    is_kept = best is not None and is_enough
    agreeing = [number for number, sample in enumerate(samples) if sample.answer_index == best]
    with_chain = [number for number in agreeing if samples[number].chain is not None]
    return Agreement(
        votes=votes,
        num_parsed=num_parsed,
        answer_index=best,
        agreement_frac=share,
        margin_frac=lead,
        is_kept=is_kept,
        standing=(with_chain or agreeing)[0] if is_kept else None,
    )


def consensus_row(
    agreement: Agreement, question_id: str, trace_ids: Sequence[str], policy: ConsensusParams, **origin: object
) -> Consensus:
    """The table's row. `trace_ids`: of all samples, in order."""
    standing = agreement.standing
    given = agreement.model_dump(exclude={"standing"}) | {
        "question_id": question_id,
        "policy": str(policy),
        "num_samples": len(trace_ids),
        "trace_id": None if standing is None else trace_ids[standing],
    }
    return Consensus.model_validate(given | origin)
