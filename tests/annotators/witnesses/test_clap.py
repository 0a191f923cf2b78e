"""CLAP against decoys: shares in closed form, and that nothing is left to chance."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from annotators.witnesses.clap import Clap, likeness, phrase_of, softmax
from annotators.witnesses.presence import Heard
from schemas.errors import Rejected
from tests.annotators.witnesses.clips import clip
from tests.checkpoints import clap


def test_a_softmax_is_shares_that_grow_with_e() -> None:
    assert softmax(np.array([0.0, np.log(3.0)])) == pytest.approx([0.25, 0.75])
    assert softmax(np.array([1e4, 0.0])) == pytest.approx([1.0, 0.0])


def test_likeness_is_the_share_of_the_first_text_and_names_the_nearest_other() -> None:
    east, north = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    heard = likeness(east, {"dog": east, "cat": north, "cow": -east}, scale=np.log(4.0))
    assert isinstance(heard, Heard)
    assert (heard.least, heard.most) == pytest.approx((4 / 5.25, 4 / 5.25))  # 4 : 1 : 1/4
    assert heard.told == "'dog' has 0.76 of the likeness, 'cat' 0.19"
    too_much = Rejected("out_of_memory", "")
    assert likeness(too_much, {"dog": east, "cat": north}, 1.0) == too_much
    assert likeness(east, {"dog": too_much, "cat": north}, 1.0) == too_much


def test_a_subject_is_spoken_of_as_a_sound() -> None:
    assert phrase_of("impact") == "the sound of a hit"
    assert phrase_of("owl") == "the sound of an owl"


def test_an_attention_that_clap_does_not_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="attention"):
        Clap.Params.model_validate({"attention": "sdpa"})


@pytest.mark.models
def test_a_fused_checkpoint_leaves_nothing_to_chance(tmp_path: Path) -> None:
    """Of sounds that all fit, its extractor marks one at random as a long one, which changes what is heard of it."""
    pytest.importorskip("torch")
    folder = clap.make(tmp_path, is_fused=True)
    witness = Clap(Clap.Params(model=str(folder), dtype="float32", device="cpu"))
    witness.load()
    sounds = [clip(seed).sound(48_000).mono for seed in range(3)]
    first = witness.listen(sounds, ["rain"] * 3)
    assert all(witness.listen(sounds, ["rain"] * 3) == first for _ in range(4))
