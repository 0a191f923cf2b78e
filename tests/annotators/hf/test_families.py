"""Media that a model cannot be given is refused, and costs no other question of the batch."""

from pathlib import Path

import numpy as np
import pytest

from annotators.chat.request import AudioPart, ChatRequest, VideoPart
from annotators.chat.structured import RawReply
from annotators.hf.asker import HfAsker
from annotators.hf.families import QWEN2_AUDIO, VIDEOLLAMA3
from annotators.media import Frames, Sound
from schemas.errors import Rejected
from tests.annotators.hf.architectures import Loaded, opened, question, sound, texts
from tests.checkpoints import qwen2_audio, videollama3

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.models,
    # transformers' own, on every save and load
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


def refused(asker: HfAsker, good: ChatRequest, bad: ChatRequest) -> str:
    """Why, asked between two good questions whose replies are as ever."""
    before, why, after = asker._generate([good, bad, good])
    assert isinstance(before, RawReply)
    assert isinstance(after, RawReply)
    assert [before.texts, after.texts] == texts(asker, good) * 2
    assert isinstance(why, Rejected)
    assert why.code == "request_refused"
    return why.message


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> HfAsker:
    return opened(qwen2_audio.make(tmp_path_factory.mktemp("hearing")), QWEN2_AUDIO)


def test_a_sound_that_would_be_cut_off_is_refused(hearing: HfAsker) -> None:
    said = refused(hearing, question(sound(0, 1.0)), question(sound(0, 31.0)))
    assert said == "the model hears 30 s at most, the clip has 31.0 s"


def test_a_sound_too_short_to_be_heard_at_all_is_refused(hearing: HfAsker) -> None:
    blip = AudioPart(Sound(np.ones((1, 20), np.float32), 16_000))
    said = refused(hearing, question(sound(0, 1.0)), question(blip))
    assert said.endswith("the audio is too short to leave anything in the prompt")


def test_a_question_longer_than_the_model_was_made_for_is_refused(loaded: Loaded) -> None:
    part = loaded.architecture.part(0, 1.0)
    said = refused(loaded.asker, question(part), question(part, max_tokens=8200))
    assert "and the reply up to 8200; the model takes 8192" in said


def test_a_question_that_smuggles_in_the_place_of_media_is_refused(loaded: Loaded) -> None:
    part = loaded.architecture.part(0, 1.0)
    token = getattr(loaded.asker._processor, f"{loaded.architecture.family.takes}_token")
    said = refused(loaded.asker, question(part), question(part, f"Is {token} heard?"))
    assert said.endswith(f"a prompt must have one place for its {loaded.architecture.family.takes}, {token}, and has 2")


def test_a_picture_of_three_rows_is_not_taken_for_three_colours(tmp_path: Path) -> None:
    seeing = opened(videollama3.make(tmp_path), VIDEOLLAMA3)
    flat = VideoPart(Frames(np.zeros((2, 3, 84, 3), np.uint8), np.arange(2) / 2.0, 1.0), 2.0)
    frames, rows, columns = seeing._inputs([question(flat)])["video_grid_thw"][0].tolist()
    assert frames == 2
    assert columns > rows, "84 px wide and 3 px high"
