"""The `template` teacher: it answers from what is seen alone, agrees with itself where evidence is plenty, and can be wrong."""

from dataclasses import replace

import pytest

from annotators.questions.roles import Asked, Drawn
from annotators.questions.teacher import TeacherParams, TemplateTeacher
from schemas.evidence import TrackBox
from tests.annotators.chat.clips import track
from tests.annotators.questions.asking import COUNT, bounces, teach

WHICH = Asked("clip-1/q01", "Which of these sounds is heard?", ("a tone", "a hit", "a noise"))
WHEN = Asked("clip-1/q02", "When does the first hit begin?", ("at 5.0 s", "at 1.2 s", "at 7.5 s"))
WHERE = Asked("clip-1/q03", "Where does the hit come from?", ("from the left", "from the centre", "from the right"))
LOUDNESS = Asked(
    "clip-1/q04", "Does the tone get louder or softer?", ("it gets softer", "it gets louder", "it stays equally loud")
)
MAKER = Asked("clip-1/q05", "What makes the hits?", ("the blue box", "something that is not seen", "the red ball"))
ORDER = Asked("clip-1/q06", "In which order do these sounds begin?", ("a hit, then a tone", "a tone, then a hit"))
ALL = (COUNT, WHICH, WHEN, WHERE, LOUDNESS, MAKER, ORDER)


def drawn(*questions: Asked, seen_at: tuple[float, ...] = (1.0, 2.0, 3.0), **params: float) -> list[Drawn]:
    near = [TrackBox(time_s=time_s, box_xyxy_px=[40 - time_s, 10, 46, 20 + time_s], score=0.9) for time_s in range(8)]
    tracks = [track().model_copy(update={"boxes": near}), track("t01", "blue box")]
    request = teach(*questions, seen=bounces(*seen_at), tracks=tracks)
    (answer,) = TemplateTeacher(TeacherParams.model_validate(params)).annotate([request])
    return list(answer)


def test_it_answers_every_form_from_what_it_sees() -> None:
    picked = [one.samples[0].answer_index for one in drawn(*ALL, temperature=0)]
    assert picked == [1, 1, 1, 2, 1, 2, 1]  # three, a hit, at 1.2 s, right, louder, the red ball, the tone first


def test_at_temperature_zero_all_samples_are_equal_and_above_it_they_are_drawn() -> None:
    (still,) = drawn(COUNT, temperature=0, num_samples=6)
    assert len({sample.text for sample in still.samples}) == 1
    (free,) = drawn(COUNT, seen_at=tuple(range(1, 8)), temperature=2, num_samples=40)
    assert len({sample.text for sample in free.samples}) > 10
    assert len({sample.answer_index for sample in free.samples}) > 1
    assert (free.temperature, free.seed, len(free.samples)) == (2, 0, 40)


def test_the_same_seed_draws_the_same_samples_and_another_others() -> None:
    one, same, other = (drawn(COUNT, temperature=1, seed=seed, num_samples=8) for seed in (1, 1, 2))
    assert one == same
    assert [sample.text for sample in one[0].samples] != [sample.text for sample in other[0].samples]


def test_what_is_forgotten_grows_with_the_temperature() -> None:
    def spread(temperature: float) -> int:
        (found,) = drawn(COUNT, seen_at=tuple(range(1, 8)), temperature=temperature, num_samples=60)
        return sum("six" not in sample.text.splitlines()[-1] for sample in found.samples)

    assert spread(0) == 0 < spread(0.5) < spread(2)


def test_it_hears_nothing_and_so_it_can_be_wrong() -> None:
    """Five silent jumps are five hits to whoever cannot hear."""
    (answer,) = drawn(Asked("q", "How many hits are heard?", ("no", "five")), seen_at=(1, 2, 3, 4, 5), temperature=0)
    assert answer.samples[0].answer_index == 1


def test_a_question_of_another_form_has_no_answer() -> None:
    (answer,) = drawn(Asked("q", "What instrument is playing?", ("cello", "piano")))
    assert [sample.answer_index for sample in answer.samples] == [None] * 5
    assert all(sample.chain is None for sample in answer.samples)


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: asked.text.split()[0])
def test_a_chain_claims_nothing_as_heard_and_ends_with_the_answer(asked: Asked) -> None:
    for seen_at in ((1.0, 2.0, 3.0), ()):
        (answer,) = drawn(asked, seen_at=seen_at, temperature=0)
        sample = answer.samples[0]
        assert sample.chain is not None
        assert sample.answer_index is not None
        assert {claim.basis for claim in sample.chain.claims} <= {"seen", "inferred"}
        assert all(0 <= claim.step_index < len(sample.chain.steps) for claim in sample.chain.claims)
        assert sample.chain.caption_cot == f"The answer is “{asked.choices[sample.answer_index]}”."


def test_without_anything_to_be_seen_it_still_says_so_in_a_sentence() -> None:
    request = replace(teach(*ALL), tracks=[], seen=[])
    (answers,) = TemplateTeacher(TeacherParams()).annotate([request])
    chains = [answer.samples[0].chain for answer in answers if answer.samples[0].chain]
    assert chains
    assert all(chain.steps[0].text.startswith("Nothing is seen moving") for chain in chains)
