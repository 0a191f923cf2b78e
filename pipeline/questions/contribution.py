"""How much a question needs its sound (AudioMCQ's audio contribution).

AudioMCQ silences the recording, asks several audio models, and calls the contribution of the audio strong where at least two
of them are wrong. Here one model is asked several times, which tells less than several models do: their mistakes are not
independent. A recipe that wants the paper's definition runs the stage once per model and counts over the models.
"""

from collections.abc import Mapping, Sequence

from annotators.questions.roles import Sampled
from schemas.questions import Contribution, GivenMedia


def contribution(
    expected: int, samples: Mapping[GivenMedia, Sequence[Sampled]], min_wrong: int, question_id: str, **origin: object
) -> Contribution:
    """Right answers by what was given. `samples` has `right_audio`, `silence` and `nothing`, and `other_audio` if there is any.

    `min_wrong`: so many wrong answers in silence make the contribution strong. A sample that does not parse is wrong.
    """
    right = {given: sum(sample.answer_index == expected for sample in drawn) for given, drawn in samples.items()}
    num_samples = len(samples["silence"])
    return Contribution.model_validate(
        {
            "question_id": question_id,
            "expected_index": expected,
            "num_samples": num_samples,
            "num_right_audio": right["right_audio"],
            "num_other_audio": right.get("other_audio"),
            "num_silence": right["silence"],
            "num_nothing": right["nothing"],
            "audio_contribution": "strong" if num_samples - right["silence"] >= min_wrong else "weak",
            **origin,
        }
    )
