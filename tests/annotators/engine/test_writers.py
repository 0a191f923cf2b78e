"""All roles that write chains, in a real vLLM engine: noise for prose, prompts and grammars for real."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("vllm")

from annotators.chat.annotator import AskingAnnotator
from annotators.chat.reasoner import EngineReasoner
from annotators.edits.asking import EngineEditReasoner
from annotators.engine.asker import EngineAsker
from annotators.engine.params import EngineParams
from annotators.objects.chains.asking import EngineObjectReasoner
from annotators.repairs.asked import EngineRepairer
from schemas.errors import Rejected
from schemas.reasoning import Reasoned
from tests.annotators.edits.test_asking import addition
from tests.annotators.engine.engines import MARKS, ON_CPU
from tests.annotators.objects.chains.making import case as object_case
from tests.annotators.repairs.test_asked import CASE as REPAIR_CASE

pytestmark = MARKS
HOW: dict[str, Any] = ON_CPU | {"max_model_len": 16384, "max_tokens": 300, "temperature": 1.0, "reasks": 0}
NOT_WRITTEN = ("truncated", "unparsable_json")  # what noise comes to that does not stand the checks of a chain


@pytest.fixture(scope="module")
def engine(checkpoints: Path) -> Iterator[EngineAsker]:
    asker = EngineAsker(EngineParams(model=str(checkpoints / "text"), **ON_CPU | {"max_model_len": 16384, "reasks": 0}), None)
    asker.open()
    yield asker
    asker.close()


def in_engine(backend: type[AskingAnnotator[Any, Any]], engine: EngineAsker) -> AskingAnnotator[Any, Any]:
    """The backend with its own prompts and parameters, in an engine that is running already."""
    writer = backend(backend.Params.model_validate(HOW | {"model": engine.params.model}))
    writer.asker = engine
    return writer


@pytest.mark.parametrize(
    ("backend", "case"),
    [
        (EngineReasoner, object_case().clip),
        (EngineObjectReasoner, object_case()),
        (EngineEditReasoner, addition()),
    ],
    ids=["base", "object", "edit"],
)
def test_a_chain_is_written_under_its_grammar_or_is_no_chain(
    engine: EngineAsker, backend: type[AskingAnnotator[Any, Reasoned]], case: Any
) -> None:
    (answer,) = in_engine(backend, engine).annotate([case])
    if isinstance(answer, Rejected):
        assert answer.code in NOT_WRITTEN, "the engine takes the prompt and the schema"
    else:
        assert answer.steps


def test_a_repair_is_written_under_its_grammar_or_drops_the_steps_and_says_why(engine: EngineAsker) -> None:
    (repaired,) = in_engine(EngineRepairer, engine).annotate([REPAIR_CASE])
    assert not isinstance(repaired, Rejected)
    assert [step.step_index for step in repaired] == REPAIR_CASE.refuted_steps
    for step in repaired:
        if step.text is None:
            assert any(f"({code}" in step.remark for code in NOT_WRITTEN) or step.remark == "the repairer drops it"


@pytest.mark.parametrize("backend", [EngineReasoner, EngineObjectReasoner, EngineEditReasoner, EngineRepairer])
def test_an_engine_of_its_own_takes_text_alone(backend: type[AskingAnnotator[Any, Any]], engine: EngineAsker) -> None:
    own = backend(backend.Params.model_validate(HOW | {"model": engine.params.model})).asker
    assert isinstance(own, EngineAsker)
    assert own.model == engine.model
    assert own._takes is None
