"""The card's section on verification: policy, decisions, verdicts, how far each witness can be trusted, what people say."""

from collections.abc import Iterator, Sequence

from pipeline.catalog import Catalog
from pipeline.release.markdown import markdown_table
from pipeline.release.select import Selection
from pipeline.release.trust import Trust
from pipeline.verification.agreement import Agreement, agreement_between_people, agreement_with_people, reviewed
from pipeline.verification.repairing import repair_yields
from pipeline.verification.witness_rates import Rate, WitnessRates, decoy_rates


def verification(selection: Selection, witnesses: Sequence[WitnessRates], policy: str, catalog: Catalog) -> str:
    """The section, with the measured rates of every witness."""
    verdicts = catalog.query(
        "select c.type, v.verdict, count(*) as n from verdict v join claim c using (claim_id) group by all order by all"
    ).to_pylist()
    parts = [
        "## Verification",
        f"Policy: `{policy}`",
        *_repairs(catalog),
        markdown_table(("claim type", "verdict", "claims"), [(row["type"], row["verdict"], row["n"]) for row in verdicts]),
        *_rates(witnesses, catalog),
        "Believed were the witnesses of whose support at most the allowed share can be false (the rate at which they "
        "support decoys, one added, over that at which they support own claims). Chains with a claim that only others "
        "support were left out as `untrusted_witness`.",
        markdown_table(("witness", "may be false", "believed"), [_trust(one) for one in selection.trust]),
        *_human_check(catalog),
    ]
    return "\n\n".join(parts)


def _repairs(catalog: Catalog) -> Iterator[str]:
    """What became of the chains, and what repair is worth against discarding every chain with a refuted claim."""
    rows = [
        (one.task, one.num_accepted, one.num_by_rewriting, one.num_by_dropping, one.num_rejected, one.num_if_discarded)
        for one in repair_yields(catalog)
    ]
    header = ("task", "accepted as written", "after rewriting steps", "after dropping steps", "rejected", "left if discarded")
    yield "What became of the chains; the last column is what discarding every chain with a refuted claim would have left."
    yield markdown_table(header, rows)


def _rates(witnesses: Sequence[WitnessRates], catalog: Catalog) -> Iterator[str]:
    """Error rates of the witnesses by claim type and by kind of decoy."""
    yield (
        "Witness error rates, measured in this build on planted decoys (claims known to be false), with Wilson 95 % "
        "intervals. Own claims are mostly true, so the share of them refuted bounds the false rejects from above."
    )
    by_type = [
        (w.witness, w.claim_type or "all", _rate(w.false_accepts), _rate(w.refuted_decoys), _rate(w.false_rejects_at_most))
        for w in witnesses
    ]
    yield markdown_table(("witness", "claim type", "decoys accepted", "decoys refuted", "own claims refuted"), by_type)
    by_kind = [(d.witness, d.decoy_kind, _rate(d.false_accepts), _rate(d.refuted_decoys)) for d in decoy_rates(catalog)]
    if by_kind:
        yield markdown_table(("witness", "kind of decoy", "accepted", "refuted"), by_kind)


def _human_check(catalog: Catalog) -> Iterator[str]:
    """Agreement of people with the witnesses and among themselves; how to get there where nobody has looked yet."""
    found = reviewed(catalog)
    if not found.num_reviews:
        yield "Human check: none yet (`audiocot review export`)."
        return
    yield (
        f"Human check: {found.num_reviewers} people judged {found.num_claims} claims ({found.num_reviews} judgements). "
        f"Own claims they refute: {_rate(found.claims_refuted)}; decoys they support: {_rate(found.decoys_supported)}."
    )
    rows = [_agreement(one) for one in [*agreement_with_people(catalog), *agreement_between_people(catalog)]]
    yield markdown_table(("", "and", "claim type", "say the same", "Cohen's κ"), rows)


def _agreement(one: Agreement) -> tuple[str, ...]:
    kappa = "–" if one.kappa is None else f"{one.kappa:.2f}"
    return one.one, one.other, one.claim_type or "all", _rate(one.same), kappa


def _trust(trust: Trust) -> tuple[str, str, str]:
    share = "supports nothing" if trust.false_share is None else f"{trust.false_share:.1%}"
    return trust.witness, share, "yes" if trust.is_trusted else "no"


def _rate(rate: Rate) -> str:
    if rate.fraction is None or rate.low is None or rate.high is None:
        return "–"
    return f"{rate.fraction:.1%} ({rate.count}/{rate.total}; {rate.low:.1%}–{rate.high:.1%})"
