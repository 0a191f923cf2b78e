"""The `instruments` answerer: right where it can measure, chance where it cannot."""

import numpy as np

from annotators.media import ArrayMedia, Sound
from annotators.questions.answerer import AnswererParams, InstrumentAnswerer
from annotators.questions.mute import Silence
from annotators.questions.roles import AnswerRequest, Asked, Sampled
from tests.annotators.questions.asking import COUNT

RATE_HZ = 44_100
WHERE = Asked("clip-1/q01", "Where does the hit come from?", ("from the left", "from the centre", "from the right"))
WHICH = Asked("clip-1/q02", "Which of these sounds is heard?", ("a tone", "a hit", "a gliding tone"))
WHEN = Asked("clip-1/q03", "When does the first hit begin?", ("at 4.0 s", "at 1.0 s", "at 2.5 s"))
FOREIGN = Asked("clip-1/q04", "What instrument is playing?", ("cello", "piano"))


def hits(*times_s: float, left: float = 0.7, right: float = 0.7, seconds: float = 6.0) -> ArrayMedia:
    """Short noise that dies away, over a faint background."""
    rng = np.random.default_rng(0)
    mono = rng.normal(0, 1e-4, round(seconds * RATE_HZ))
    fading = rng.normal(0, 0.3, RATE_HZ // 5) * np.exp(-np.arange(RATE_HZ // 5) / (0.02 * RATE_HZ))
    for time_s in times_s:
        start = round(time_s * RATE_HZ)
        mono[start : start + len(fading)] += fading
    return ArrayMedia("clip-1", Sound(np.stack([left * mono, right * mono]).astype(np.float32), RATE_HZ))


def samples(media: ArrayMedia | Silence | None, *questions: Asked, num_samples: int = 3, seed: int = 0) -> list[list[Sampled]]:
    answerer = InstrumentAnswerer(AnswererParams(num_samples=num_samples, seed=seed))
    (drawn,) = answerer.annotate([AnswerRequest("clip-1", media, questions)])
    return [list(of_question.samples) for of_question in drawn]


def picked(given: list[list[Sampled]]) -> list[set[int | None]]:
    return [{sample.answer_index for sample in of_question} for of_question in given]


def test_with_the_sound_it_measures_the_answer_every_time() -> None:
    given = samples(hits(1.0, 2.5, 4.0), COUNT, WHERE, WHICH, WHEN)
    assert picked(given) == [{1}, {1}, {1}, {1}]
    assert given[0][0].text == "As measured: three"
    assert picked(samples(hits(1.0, left=1.0, right=0.05), WHERE, COUNT)) == [{0}, {0}]


def test_without_sound_it_guesses_over_all_choices_each_sample_for_itself() -> None:
    for media in (None, Silence("clip-1", 6.0)):
        (given,) = samples(media, COUNT, num_samples=60)
        shares = np.bincount([sample.answer_index or 0 for sample in given], minlength=3) / 60
        assert shares.min() > 0.15
        assert shares.max() < 0.55


def test_guesses_are_seeded_and_differ_between_silence_and_nothing() -> None:
    one, same, other = (samples(None, COUNT, num_samples=30, seed=seed) for seed in (0, 0, 1))
    assert one == same != other
    assert one != samples(Silence("clip-1", 6.0), COUNT, num_samples=30)


def test_a_question_it_cannot_read_is_guessed_even_with_sound() -> None:
    (given,) = samples(hits(1.0), FOREIGN, num_samples=30)
    assert {sample.answer_index for sample in given} == {0, 1}
