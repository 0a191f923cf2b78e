"""Checkpoints that are whole load; what is missing, foreign or in the wrong place is one line that says what to do."""

import json
import shutil
from pathlib import Path

import pytest

from annotators.hf.asker import HfAsker
from annotators.hf.families import QWEN2_AUDIO
from annotators.hf.params import HfParams
from schemas.errors import ModelError
from tests.annotators.hf.architectures import Loaded, opened, question, texts
from tests.checkpoints import qwen2_audio, videollama3

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.models,
    # transformers' own, on every save and load
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


def test_missing_weights_are_one_line_that_says_what_to_do(loaded: Loaded, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="model must be a folder that exists or a hub id"):
        opened(tmp_path / "nowhere", loaded.architecture.family)
    half = tmp_path / "half"
    shutil.copytree(loaded.folder, half, ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(
        ModelError, match=r"transformers cannot load .*half: OSError: .*no file named model.safetensors"
    ) as told:
        opened(half, loaded.architecture.family)
    assert "\n" not in str(told.value)


def test_a_checkpoint_without_some_of_its_weights_is_not_filled_with_noise(loaded: Loaded, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(loaded.folder, tmp_path / "torn")
    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in weights if name.endswith("layers.1.self_attn.q_proj.weight"))
    save_file({name: value for name, value in weights.items() if name != gone}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"must hold all weights of \w+ForConditionalGeneration, 1 are missing, the first is "):
        opened(folder, loaded.architecture.family)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"must be a checkpoint of type qwen2_audio, its config says 'video_llama_3'"):
        opened(videollama3.make(tmp_path), QWEN2_AUDIO)


def test_an_attention_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"transformers cannot load .*[Ff]lash"):
        opened(qwen2_audio.make(tmp_path), QWEN2_AUDIO, attention="flash_attention_2")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_machine_without_a_gpu_is_told_to_use_the_cpu(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"device=cuda, and torch finds no GPU here; set device=cpu"):
        HfAsker(HfParams(model=str(qwen2_audio.make(tmp_path))), QWEN2_AUDIO).open()


def test_the_generation_settings_of_a_checkpoint_decide_nothing(loaded: Loaded, tmp_path: Path) -> None:
    folder = shutil.copytree(loaded.folder, tmp_path / "opinionated")
    settings = {"repetition_penalty": 9.0, "do_sample": True, "top_k": 1, "temperature": 0.1, "no_repeat_ngram_size": 1}
    (folder / "generation_config.json").write_text(json.dumps(settings | {"eos_token_id": 2}))
    part = loaded.architecture.part(0, 1.0)
    asked = question(part, max_tokens=24), question(part, max_tokens=24, temperature=1.0)
    assert texts(opened(folder, loaded.architecture.family), *asked) == texts(loaded.asker, *asked)


def test_the_end_of_a_turn_is_known_where_the_settings_do_not_say(loaded: Loaded, tmp_path: Path) -> None:
    folder = shutil.copytree(loaded.folder, tmp_path / "silent", ignore=shutil.ignore_patterns("generation_config.json"))
    asker = opened(folder, loaded.architecture.family)
    assert asker._model.generation_config.eos_token_id == asker._processor.tokenizer.convert_tokens_to_ids(["<|im_end|>"])
