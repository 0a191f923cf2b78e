"""The card's sections on the chains of every task, on editing tasks and on questions; none for what a dataset does not have."""

from collections.abc import Iterator

from pipeline.catalog import Catalog
from pipeline.release.markdown import counted, markdown_table
from pipeline.release.select import Selection
from schemas.edits import OPERATIONS
from schemas.vocabulary import TASKS

_OBJECTS = "select state, count(*) as n from object group by 1 order by 1"
_MAKERS = "select maker, count(*) as n from attribution group by 1 order by 1"
_EDITS = "select operation, count(*) as n, median(snr_lu) as snr_lu from edit group by 1 order by 1"
_QUESTIONS = """
select q.kind, count(*) as n, count(*) filter (c.is_kept) as kept, avg(c.agreement_frac) as agreement,
       avg((c.answer_index = q.answer_index)::int) filter (c.is_kept and q.answer_index is not null) as right_frac,
       count(*) filter (t.audio_contribution = 'strong') as strong, count(*) filter (t.audio_contribution = 'weak') as weak
from question q left join consensus c using (question_id) left join contribution t using (question_id)
group by 1 order by 1
"""


def task_sections(selection: Selection, catalog: Catalog) -> Iterator[str]:
    """Numbers are of all clips of the dataset, but for the column that says what is released."""
    rows = [(line.task, TASKS[line.task], line.num_in, line.num_released, counted(line.left_out)) for line in selection.chains]
    yield "## Chains of thought\n\n" + markdown_table(("task", "about", "chains", "released", "left out"), rows)
    yield from _objects(catalog)
    yield from _edits(catalog)
    yield from _questions(catalog)


def _objects(catalog: Catalog) -> Iterator[str]:
    states = {row["state"]: row["n"] for row in catalog.query(_OBJECTS).to_pylist()}
    makers = {row["maker"]: row["n"] for row in catalog.query(_MAKERS).to_pylist()}
    if states or makers:
        yield f"## Objects\n\nObjects seen: {counted(states)}. Heard events, by what makes them: {counted(makers)}."


def _edits(catalog: Catalog) -> Iterator[str]:
    found = {row["operation"]: row for row in catalog.query(_EDITS).to_pylist()}
    rows = [
        (name, about, found[name]["n"], "–" if found[name]["snr_lu"] is None else f"{found[name]['snr_lu']:.1f}")
        for name, about in OPERATIONS.items()
        if name in found
    ]
    if rows:
        yield "## Editing tasks\n\n" + markdown_table(("operation", "about", "tasks", "median SNR (LU)"), rows)


def _questions(catalog: Catalog) -> Iterator[str]:
    rows = [
        (q["kind"], q["n"], q["kept"], _percent(q["agreement"]), _percent(q["right_frac"]), q["strong"], q["weak"])
        for q in catalog.query(_QUESTIONS).to_pylist()
    ]
    if rows:
        header = ("kind", "questions", "kept", "agreement", "kept and right", "strong audio contribution", "weak")
        told = (
            "Kept are the questions on which the teacher's samples agree, as the policy asks; right where an answer is known."
        )
        yield f"## Questions\n\n{told}\n\n" + markdown_table(header, rows)


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{fraction:.0%}"
