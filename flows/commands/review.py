"""`audiocot review`: people check a sample of the claims."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import AsJson, Root

if TYPE_CHECKING:
    from pipeline.verification.agreement import Agreement

app = typer.Typer(no_args_is_help=True, help="People check a sample of the claims: export, import, agreement.")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@app.command("export")
def export_sheet(
    root: Root,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The sheet: a .csv or .jsonl file.")],
    frac: Annotated[float, typer.Option("--frac", min=0.0, max=1.0, help="Share of each stratum, at least one claim.")] = 0.05,
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other claims.")] = 0,
) -> None:
    """Write a sample of claims and decoys, stratified by type and finding, for people to fill in `verdict` and `comment`."""
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from flows.console import stderr
    from flows.current import current_fingerprints, current_recipe
    from pipeline.catalog import Catalog
    from pipeline.verification.review_sheets import write_sheet
    from pipeline.verification.reviewing import draw_sample, judged_claims, sheet_rows
    from schemas.errors import RootError

    with Catalog(dataset) as catalog:
        sample = draw_sample(judged_claims(catalog, current_recipe(dataset).policy), frac, seed)
    if not sample:
        raise RootError(f"{root} has no claims with verdicts to review; build it first")
    write_sheet(output, sheet_rows(dataset, current_fingerprints(dataset)["ingest"], sample))
    num_strata = len({claim.stratum for claim in sample})
    stderr().print(
        f"{len(sample)} claims of {num_strata} strata written to {output}; `verdict` is supported, refuted or unverifiable",
        markup=False,
    )


@app.command("import")
def import_sheet(
    sheet: Annotated[Path, typer.Argument(metavar="FILE", help="A sheet of `review export` that was filled in.")],
    root: Root,
    reviewer: Annotated[str, typer.Option("--reviewer", metavar="NAME", help="Who judged.")],
) -> None:
    """Add one person's judgements to the table `review`. With a row that is wrong, nothing is added."""
    from schemas.errors import AudiocotError
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    if not _NAME.fullmatch(reviewer):
        raise AudiocotError(f"--reviewer must be letters, digits, and . _ - between them, got {reviewer!r}")
    from flows.console import stderr, stdout
    from flows.current import current_recipe
    from pipeline.catalog import Catalog
    from pipeline.lease import hold
    from pipeline.verification.review_sheets import read_sheet
    from pipeline.verification.reviewing import commit_reviews, judged_claims, next_batch, reviews

    judgements, problems = read_sheet(sheet)
    batch = next_batch(dataset)
    with Catalog(dataset) as catalog:
        rows, unknown = reviews(judged_claims(catalog, current_recipe(dataset).policy), judgements, reviewer, batch)
    problems += [
        f"{sheet.name}, line {row.line}, column review_id: no claim of this dataset is called {row.review_id}"
        for row in unknown
    ]
    if problems:
        for problem in problems:
            stderr().print(problem, markup=False, soft_wrap=True)
        raise AudiocotError(f"{sheet} has {len(problems)} rows that are wrong; nothing was imported")
    if not rows:
        raise AudiocotError(f"no row of {sheet} has a verdict; fill in the column `verdict`")
    with hold(dataset, "review import"):
        commit_reviews(dataset, rows, batch)
    stdout().print(f"{len(rows)} judgements of {reviewer} added", markup=False)


@app.command()
def agreement(root: Root, as_json: AsJson = False) -> None:
    """Show how far people and each witness agree, and people among themselves (Cohen's kappa)."""
    import json
    from dataclasses import asdict

    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from pipeline.catalog import Catalog
    from pipeline.verification.agreement import agreement_between_people, agreement_with_people, reviewed

    with Catalog(dataset) as catalog:
        seen, found = reviewed(catalog), [*agreement_with_people(catalog), *agreement_between_people(catalog)]
    if as_json:
        typer.echo(json.dumps({"reviewed": asdict(seen), "agreement": [asdict(line) for line in found]}, indent=1))
        return
    from flows.console import stdout, table

    console = stdout()
    console.print(
        f"{seen.num_reviews} judgements of {seen.num_claims} claims by {seen.num_reviewers} people: own claims refuted "
        f"{seen.claims_refuted.count} of {seen.claims_refuted.total}, decoys held true "
        f"{seen.decoys_supported.count} of {seen.decoys_supported.total}\n",
        markup=False,
    )
    columns = ("who", "and", "claim type", "claims", "same word", "kappa")
    console.print(table(columns, [_line(line) for line in found], right=columns[3:]))


def _line(found: "Agreement") -> tuple[str, ...]:
    same = "–" if found.same.fraction is None else f"{found.same.fraction:.1%}"
    kappa = "–" if found.kappa is None else f"{found.kappa:.2f}"
    return found.one, found.other, found.claim_type or "all", f"{found.same.total}", same, kappa
