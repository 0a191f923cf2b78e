"""A checkpoint that is not there, not whole, or of something else is one clear line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from annotators.base import Annotator
from annotators.registry import backend_class
from annotators.witnesses.entailment import Entailment, EntailmentParams
from schemas.errors import ModelError
from tests.checkpoints import ast, clap, nli

pytestmark = pytest.mark.models
pytest.importorskip("torch")


def witness(name: str, folder: Path) -> Annotator:  # type: ignore[type-arg]
    kind = backend_class("verifier", name)
    return kind(kind.Params.model_validate({"model": str(folder), "dtype": "float32", "device": "cpu"}))


@pytest.mark.parametrize("name", ["tagger", "clap"])
def test_missing_weights_are_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="must be a folder that exists"):
        witness(name, tmp_path / "no").load()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="transformers cannot load") as caught:
        witness(name, tmp_path / "empty").load()
    assert "\n" not in str(caught.value)
    assert witness(name, tmp_path).lacks() == []


def without(folder: Path, part: str) -> Path:
    """The checkpoint in `folder`, without the weights whose names hold `part`."""
    from safetensors.torch import load_file, save_file

    whole = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in whole.items() if part not in name}
    assert len(kept) < len(whole)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize(("name", "make", "part"), [("tagger", ast.make, "classifier"), ("clap", clap.make, "text_projection")])
def test_a_checkpoint_without_its_last_layers_is_not_filled_up_with_chance(
    name: str, make: Callable[[Path], Path], part: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=rf"lacks \d weights of \w+, such as {part}"):
        witness(name, without(make(tmp_path), part)).load()


def test_an_entailment_model_without_its_last_layers_is_not_filled_up_with_chance(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="lacks 4 weights of RobertaForSequenceClassification"):
        Entailment(EntailmentParams(nli_model=str(without(nli.make(tmp_path), "classifier")))).load()


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    clap.make(tmp_path / "clap")
    with pytest.raises(ModelError, match=r"lacks \d+ weights of ASTForAudioClassification"):
        witness("tagger", tmp_path / "clap").load()
    nli.make(tmp_path / "nli")
    shutil.copy(tmp_path / "clap" / "processor_config.json", tmp_path / "nli")
    with pytest.raises(ModelError, match="transformers cannot load"):
        witness("clap", tmp_path / "nli").load()


def test_a_machine_without_a_gpu_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    kind = backend_class("verifier", "tagger")
    told = "to run on cuda, and torch finds no GPU here; set its device to cpu"
    with pytest.raises(ModelError, match=told):
        kind(kind.Params.model_validate({"model": str(ast.make(tmp_path / "ast"))})).load()
    with pytest.raises(ModelError, match=told):
        Entailment(EntailmentParams(nli_model=str(nli.make(tmp_path / "nli")), nli_device="cuda")).load()
