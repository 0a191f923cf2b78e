"""What a worker keeps of what it heard."""

import numpy as np

from annotators.instruments.analysis import Analysis
from annotators.instruments.listening import KEPT_CLIPS, listen
from annotators.instruments.params import InstrumentParams
from annotators.media import ArrayMedia
from tests.annotators.instruments.signals import as_sound, click, hush, place, tone


def test_what_is_heard_is_shared_by_content_id_and_parameters() -> None:
    params, first = InstrumentParams(), as_sound(hush(1.0))
    heard = listen(ArrayMedia("clip", first), params)
    assert listen(ArrayMedia("clip", as_sound(hush(1.0))), params) is heard
    assert listen(ArrayMedia("clip", as_sound(hush(1.0, seed=5))), params) is not heard
    assert listen(ArrayMedia("other", first), params) is not heard
    assert listen(ArrayMedia("clip", first), InstrumentParams(onset_strength_db=5.0)) is not heard


def test_the_clips_of_a_shard_are_heard_once_and_older_ones_are_forgotten() -> None:
    params = InstrumentParams()
    clips = [ArrayMedia(f"clip-{number}", as_sound(hush(0.2, seed=number))) for number in range(KEPT_CLIPS)]
    heard = [listen(clip, params) for clip in clips]
    assert all(listen(clip, params) is before for clip, before in zip(clips, heard, strict=True))
    listen(ArrayMedia("one more", as_sound(hush(0.2))), params)
    assert listen(clips[-1], params) is heard[-1]
    assert listen(clips[0], params) is not heard[0]


def test_an_analysis_that_let_go_of_spectra_measures_the_same() -> None:
    sound = as_sound(place(place(hush(2.0), tone(600, 0.8), 0.2), click(), 1.4, pan=0.5))
    clip, fresh = ArrayMedia("clip", sound), Analysis(sound, InstrumentParams())
    kept = listen(clip, InstrumentParams()).analysis
    assert "quick" not in vars(kept)
    assert "middle" not in vars(kept)
    assert kept.pan(1.4, 1.46) == fresh.pan(1.4, 1.46)
    assert kept.pan_of_lines(kept.partials) == fresh.pan_of_lines(fresh.partials)
    assert kept.decay_time_s(1.4) == fresh.decay_time_s(1.4)
    assert np.array_equal(kept.quick.power, fresh.quick.power)
