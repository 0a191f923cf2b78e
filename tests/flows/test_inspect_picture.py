"""The inspect picture: what is drawn where, checked on the pixels of a clip made by hand."""

from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from annotators.media import ArrayMedia, Frames
from flows.inspect.chain import claim_groups, finding
from flows.inspect.facts import ClipFacts
from flows.inspect.film import box_at, film_strip
from flows.inspect.lanes import Group, Lane, Mark, place
from flows.inspect.palette import VERDICTS, track_colour
from flows.inspect.picture import LEFT_IN, RIGHT_IN, WIDTH_IN, draw_clip
from schemas.errors import AudiocotError
from tests.flows import bouncing_clip

MEDIA = bouncing_clip.media()
FACTS = bouncing_clip.facts()


def drawn(facts: ClipFacts, media: ArrayMedia = MEDIA) -> np.ndarray:
    """Pixels (H, W, 3) in 0..1."""
    target = BytesIO()
    draw_clip(facts, media, target)
    target.seek(0)
    return np.asarray(imread(target, format="png"))[..., :3]


def columns_of(picture: np.ndarray, colour: str) -> np.ndarray:
    """Columns in which a colour fills at least half the height of a bar."""
    hits = np.abs(picture - np.array(to_rgb(colour))).max(axis=2) < 0.02
    return np.flatnonzero(hits.sum(axis=0) >= 12)


def column_at(picture: np.ndarray, time_s: float) -> float:
    inches = LEFT_IN + (WIDTH_IN - LEFT_IN - RIGHT_IN) * time_s / bouncing_clip.DURATION_S
    return float(inches / WIDTH_IN * picture.shape[1])


def test_a_refuted_claim_is_a_red_bar_over_its_span_on_the_time_axis() -> None:
    picture = drawn(FACTS)
    columns = columns_of(picture, VERDICTS["refuted"])
    assert columns.min() == pytest.approx(column_at(picture, 3.5), abs=3)
    assert columns.max() == pytest.approx(column_at(picture, 5.5), abs=3)


def test_without_a_refuted_claim_nothing_is_red() -> None:
    picture = drawn(bouncing_clip.facts(bouncing_clip.CLAIMS[:4]))
    assert columns_of(picture, VERDICTS["refuted"]).size == 0


def test_tracks_are_boxed_in_the_frames_in_their_own_colour() -> None:
    boxed, bare = drawn(FACTS), drawn(replace(FACTS, tracks=[], seen=[]))
    for index in range(2):
        assert columns_of(boxed, track_colour(index)).size > columns_of(bare, track_colour(index)).size


def test_a_clip_without_a_picture_is_drawn_without_frames_and_tracks() -> None:
    clip = FACTS.clip.model_copy(update={"has_video": False, "video_mode": "none", "width_px": None, "height_px": None})
    deaf = replace(FACTS, clip=clip, tracks=[], seen=[])
    sound_only = ArrayMedia(clip.clip_id, MEDIA.stored_sound)
    assert drawn(deaf, sound_only).shape[0] < drawn(FACTS).shape[0] - 100


def test_a_clip_of_which_nothing_is_known_is_still_drawn() -> None:
    assert drawn(ClipFacts(clip=FACTS.clip)).std() > 0.05


def test_dollar_signs_and_other_scripts_are_text() -> None:
    cot = FACTS.cots[0].model_copy(update={"caption_cot": "costs $5 and $6, 狗叫"})
    assert drawn(replace(FACTS, cots=[cot])).std() > 0.05  # and no error of a text taken for mathematics


def test_frames_come_from_the_middles_of_equal_stretches() -> None:
    strip = film_strip(MEDIA, inches_per_second=2.0)
    assert strip is not None
    assert np.diff(strip.frames.times_s) == pytest.approx(strip.slot_s)
    assert strip.frames.times_s[0] == pytest.approx(strip.slot_s / 2)
    assert len(strip.frames.times_s) * strip.slot_s == pytest.approx(bouncing_clip.DURATION_S)


def test_a_portrait_clip_gets_more_and_narrower_frames_without_distortion() -> None:
    tall = Frames(np.zeros((150, 180, 80, 3), np.uint8), np.arange(150) / 25, 1.0)
    strip = film_strip(ArrayMedia("tall", MEDIA.stored_sound, tall), inches_per_second=2.0)
    wide = film_strip(MEDIA, inches_per_second=2.0)
    assert strip is not None
    assert wide is not None
    assert len(strip.frames.times_s) > len(wide.frames.times_s)
    assert strip.slot_s * 2.0 / strip.height_in == pytest.approx(80 / 180)


def test_a_track_has_no_box_where_it_was_not_seen() -> None:
    track = FACTS.tracks[0]
    gone = track.model_copy(update={"boxes": [box for box in track.boxes if box.time_s < 2.0]})
    assert box_at(gone, 1.0) is not None
    assert box_at(gone, 3.0) is None


def test_neither_bars_nor_labels_of_a_lane_overlap() -> None:
    random = np.random.default_rng(3)
    starts = random.uniform(0, 9, 60)
    marks = [
        Mark(start, min(10.0, start + length), "✓ c00 event impact", "red")
        for start, length in zip(starts, starts[::-1] / 5, strict=True)
    ]
    placed = place(marks, duration_s=10.0, seconds_per_inch=0.8)
    assert len(placed) == 60
    for row in {item.row for item in placed}:
        ends = sorted(
            (min(item.mark.start_s, item.label_s), max(item.mark.end_s, item.label_s)) for item in placed if item.row == row
        )
        assert all(before[1] <= after[0] for before, after in pairwise(ends))


def test_a_label_that_would_leave_the_page_goes_left_of_its_bar() -> None:
    (item,) = place([Mark(9.9, 10.0, "a label that is long", "red")], 10.0, 0.8)
    assert item.is_right_aligned
    assert item.label_s < 9.9


def test_a_lane_grows_with_its_rows() -> None:
    same_time = [Mark(1.0, 2.0, f"{number}", "red") for number in range(5)]
    assert Lane([Group("a", same_time)], 10.0, 0.8).height_in > Lane([Group("a", same_time[:1])], 10.0, 0.8).height_in


def test_claims_are_grouped_by_step_and_one_without_a_span_is_open() -> None:
    groups = claim_groups(FACTS, FACTS.cots[0])
    assert [len(group.marks) for group in groups] == [3, 3, 1]
    order = groups[1].marks[0]
    assert order.is_open
    assert (order.start_s, order.end_s) == (0.0, bouncing_clip.DURATION_S)


def test_witnesses_that_contradict_each_other_leave_a_claim_unverifiable() -> None:
    claim = FACTS.claims[0]
    other = FACTS.verdicts[0].model_copy(update={"witness": "listener", "verdict": "refuted", "score": 0.1})
    assert finding(FACTS, claim) == "supported"
    assert finding(replace(FACTS, verdicts=[*FACTS.verdicts, other]), claim) == "unverifiable"
    assert finding(replace(FACTS, verdicts=[]), claim) is None


def test_a_picture_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(AudiocotError, match="cannot be written"):
        draw_clip(FACTS, MEDIA, tmp_path / "absent" / "a.png")
