"""Teacher and answerer in real vLLM engines, on tiny random models: noise for answers, the whole way for real."""

from pathlib import Path

import pytest

pytest.importorskip("vllm")

from annotators.questions.chat_answerer import EngineAnswerer
from annotators.questions.chat_teacher import EngineTeacher
from annotators.questions.mute import Silence, SilentVideo
from annotators.questions.roles import AnswerRequest, Asked, TeachRequest
from schemas.errors import Rejected
from tests.annotators.chat.clips import track
from tests.annotators.engine.engines import MARKS, ON_CPU, clip
from tests.annotators.questions.asking import COUNT, bounces
from tests.checkpoints import habits, qwen2_5_vl, qwen2_audio

pytestmark = [*MARKS, pytest.mark.timeout(500)]
WHICH = Asked("clip-1/q01", "Which of these sounds is heard?", ("a tone", "a hit"))


def test_a_teacher_draws_samples_about_silent_pictures(tmp_path: Path) -> None:
    checkpoint = habits.give_habits(qwen2_5_vl.make(tmp_path / "video"))
    given = ON_CPU | {"max_model_len": 8192, "model": str(checkpoint), "num_samples": 3, "temperature": 1.0, "max_tokens": 300}
    teacher = EngineTeacher(EngineTeacher.Params.model_validate(given))
    teacher.load()
    try:
        media = SilentVideo(clip(1))
        (answers,) = teacher.annotate([TeachRequest(media, (COUNT, WHICH), [track()], bounces(0.5), 84, 56)])
    finally:
        teacher.close()
    assert not isinstance(answers, Rejected), answers
    assert [len(drawn.samples) for drawn in answers] == [3, 3]
    texts = [sample.text for drawn in answers for sample in drawn.samples]
    assert len(set(texts)) > 1
    assert all(sample.answer_index is None for drawn in answers for sample in drawn.samples)  # noise is no answer
    assert teacher.model.startswith("video@")


def test_an_answerer_takes_a_sound_silence_and_nothing(tmp_path: Path) -> None:
    checkpoint = habits.give_habits(qwen2_audio.make(tmp_path / "audio"))
    given = ON_CPU | {"max_model_len": 4096, "model": str(checkpoint), "num_samples": 2, "temperature": 1.0}
    answerer = EngineAnswerer(EngineAnswerer.Params.model_validate(given))
    answerer.load()
    try:
        answers = answerer.annotate(
            [AnswerRequest("clip-1", media, (COUNT,)) for media in (clip(1), Silence("clip-1", 2.0), None)]
        )
        still = EngineAnswerer(EngineAnswerer.Params.model_validate(given | {"temperature": 0.0}))
        still.asker = answerer.asker
        (greedy,) = still.annotate([AnswerRequest("clip-1", clip(1), (COUNT,))])
    finally:
        answerer.close()
    for answer in [*answers, greedy]:
        assert not isinstance(answer, Rejected), answer
        assert [len(drawn.samples) for drawn in answer] == [2]
