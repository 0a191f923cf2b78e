"""`audiocot compare`: two datasets or releases row by row; or, of one dataset, two policies on the same verdicts."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands.options import AsJson

if TYPE_CHECKING:
    from pipeline.verification.comparing import Comparison, Kept, TaskComparison

OUTCOMES = ("accept", "repair", "reject", "none")
NAMES = 'a recipe file or preset, "KEY=VALUE …" for changes of the current policy, or `current`'


def register(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=f"A root or ROOT/releases/NAME. With --root a policy: {NAMES}.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another, named alike.")],
    root: Annotated[str | None, typer.Option("--root", help="Compare two policies on the verdicts of this dataset.")] = None,
    examples: Annotated[int, typer.Option("--examples", min=0, help="Rows or chains to show for each kind of change.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Show what differs: rows added, removed and changed, table by table; with --root, what two policies decide.

    Policies are decided on where they are not yet; no model is asked, no media read.
    """
    if root is None:
        _compare_rows(a, b, examples, as_json)
    else:
        _compare_policies(root, a, b, examples, as_json)


def _compare_rows(a: str, b: str, examples: int, as_json: bool) -> None:
    from pipeline.differences import differences

    found = differences(a, b, examples)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=1, default=str))
        return
    from flows.console import stdout, table
    from schemas.visible import visible

    console = stdout()
    columns = ("table", "rows in A", "rows in B", "added", "removed", "changed")
    rows = [(one.table, one.num_a, one.num_b, *one.num.values()) for one in found]
    console.print(table(columns, rows, right=columns[1:]))
    for one in found:
        for example in one.examples:
            values = ", ".join(f"{name}: {_briefly(value, example.change)}" for name, value in example.values.items())
            told = f"{one.table} {' '.join(example.key)} {example.change}: {values}"
            console.print(f"\n{visible(told)}", markup=False, highlight=False)


def _briefly(value: Any, change: str) -> str:
    texts = [text if len(text) <= 60 else f"{text[:59]}…" for text in map(str, value if change == "changed" else (value,))]
    return " → ".join(texts)


def _compare_policies(root: str, policy_a: str, policy_b: str, examples: int, as_json: bool) -> None:
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from flows.policies import plan_of, recipe_named
    from pipeline.verification import comparing
    from pipeline.verification.deciding import decide_again

    recipes = [recipe_named(dataset, policy) for policy in (policy_a, policy_b)]
    a, b = ((plan_of(recipe), recipe.policy) for recipe in recipes)
    for plan, _ in (a, b):
        decide_again(dataset, plan)
    compared = comparing.compare(dataset, a, b, examples)
    if as_json:
        typer.echo(json.dumps(_plain(compared, str(a[1]), str(b[1])), indent=1))
    else:
        _show(compared, str(a[1]), str(b[1]))


def _plain(compared: "Comparison", policy_a: str, policy_b: str) -> dict[str, Any]:
    """The comparison as plain values; outcomes as a list, since JSON has no pairs for keys."""
    tasks = [
        asdict(task) | {"outcomes": [{"a": a, "b": b, "chains": n} for (a, b), n in task.outcomes.items()]}
        for task in compared.tasks
    ]
    sides = (("a", policy_a, compared.a), ("b", policy_b, compared.b))
    return {name: {"policy": policy} | asdict(kept) for name, policy, kept in sides} | {"tasks": tasks}


def _show(compared: "Comparison", policy_a: str, policy_b: str) -> None:
    from flows.console import stdout, table

    console = stdout()
    console.print(f"A: {policy_a}\nB: {policy_b}", markup=False)
    for task in compared.tasks:
        kept = task.kept
        console.print(f"\ntask {task.task}: {kept.a} claims kept by A, {kept.b} by B, {kept.both} by both\n", markup=False)
        console.print(_outcomes(task))
        if task.changed:
            console.print()
            rows = [
                (chain.cot_id, f"{chain.outcome_a} → {chain.outcome_b}", _plainly(chain.reason_a), _plainly(chain.reason_b))
                for chain in task.changed
            ]
            console.print(table(("changed, for example", "A → B", "reason of A", "reason of B"), rows))
    console.print()
    columns = ("", "own claims supported", "decoys supported", "of what is supported, false at most")
    console.print(table(columns, [("A", *_kept(compared.a)), ("B", *_kept(compared.b))], right=columns[1:]))


def _outcomes(task: "TaskComparison") -> Any:
    """Chains under A (rows) and B (columns)."""
    from flows.console import table

    words = [word for word in OUTCOMES if any(word in pair for pair in task.outcomes)]
    rows = [(f"A: {a}", *(task.outcomes.get((a, b), 0) for b in words)) for a in words]
    columns = ("chains", *(f"B: {word}" for word in words))
    return table(columns, rows, right=columns[1:])


def _kept(kept: "Kept") -> tuple[str, str, str]:
    share = "–" if kept.false_share is None else f"{kept.false_share:.1%}"
    return f"{kept.own_claims.count}/{kept.own_claims.total}", f"{kept.decoys.count}/{kept.decoys.total}", share


def _plainly(reason: str | None) -> str:
    from rich.markup import escape

    return escape(reason or "–")
