"""The card's section on verification: policy, decisions, verdicts, and how far each witness can be trusted."""

from collections.abc import Sequence

from pipeline.catalog import Catalog
from pipeline.release.markdown import markdown_table
from pipeline.release.select import Selection
from pipeline.release.trust import Trust
from pipeline.witness_rates import Rate, WitnessRates


def verification(selection: Selection, witnesses: Sequence[WitnessRates], policy: str, catalog: Catalog) -> str:
    """The section, with the measured rates of every witness."""
    verdicts = catalog.query(
        "select c.type, v.verdict, count(*) as n from verdict v join claim c using (claim_id) group by all order by all"
    ).to_pylist()
    outcomes = catalog.query("select outcome, count(*) as n from decision group by 1 order by 1").to_pylist()
    rates = [
        (w.witness, w.claim_type or "all", _rate(w.false_accepts), _rate(w.refuted_decoys), _rate(w.false_rejects_at_most))
        for w in witnesses
    ]
    header = ("witness", "claim type", "decoys accepted", "decoys refuted", "own claims refuted")
    return "\n\n".join(
        [
            "## Verification",
            f"Policy: `{policy}`",
            markdown_table(("decision", "chains"), [(row["outcome"], row["n"]) for row in outcomes]),
            markdown_table(("claim type", "verdict", "claims"), [(row["type"], row["verdict"], row["n"]) for row in verdicts]),
            "Witness error rates, measured in this build on planted decoys (claims known to be false), with Wilson 95 % "
            "intervals. Own claims are mostly true, so the share of them refuted bounds the false rejects from above.",
            markdown_table(header, rates),
            "Believed were the witnesses of whose support at most the allowed share can be false (the rate at which they "
            "support decoys, one added, over that at which they support own claims). Clips with a claim that only others "
            "support were left out as `untrusted_witness`.",
            markdown_table(("witness", "may be false", "believed"), [_trust(one) for one in selection.trust]),
        ]
    )


def _trust(trust: Trust) -> tuple[str, str, str]:
    share = "supports nothing" if trust.false_share is None else f"{trust.false_share:.1%}"
    return trust.witness, share, "yes" if trust.is_trusted else "no"


def _rate(rate: Rate) -> str:
    if rate.fraction is None or rate.low is None or rate.high is None:
        return "–"
    return f"{rate.fraction:.1%} ({rate.count}/{rate.total}; {rate.low:.1%}–{rate.high:.1%})"
