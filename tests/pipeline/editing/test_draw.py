"""Draw: rows that keep what they state, from seeds that depend on nothing else."""

from collections import Counter

import numpy as np
import pytest

from pipeline.editing.draw import Drawer, Drawn, operations_in_turn, seed_of
from pipeline.editing.measures import integrated_lufs
from pipeline.editing.params import EditParams
from pipeline.editing.profile import Profile
from pipeline.editing.render import Samples
from schemas.edits import OPERATIONS, Edit
from tests.pipeline.editing.checking import assert_row_states_what_is_heard
from tests.pipeline.editing.making import RATE_HZ, event, noise, profile


def hits(seconds: float, *at_s: float, num_channels: int = 2, seed: int = 0, level: float = 0.3) -> Samples:
    """Bursts of noise of 0.2 s over a faint background."""
    sound = noise(seconds, num_channels, seed, level=0.003)
    for number, start_s in enumerate(at_s):
        first = round(start_s * RATE_HZ)
        sound[:, first : first + 8820] += noise(0.2, num_channels, seed + number + 1, level)
    return sound


SOUNDS = {
    "a": hits(6.0, 0.5, 2.0, 3.5, 5.0),
    "b": hits(7.0, 1.0, 4.0, seed=10, level=0.9),
    "c": hits(5.0, 1.5, 2.5, num_channels=1, seed=20, level=0.05),
    "loud": noise(6.0, seed=30, level=0.99),
    "pausing": hits(7.0, 0.3, 0.8, seed=40),
}
HEARD = {"a": (0.5, 2.0, 3.5, 5.0), "b": (1.0, 4.0), "c": (1.5, 2.5), "loud": (0.0,), "pausing": (0.3, 0.8)}


def profiles(**changed: object) -> list[Profile]:
    return [
        profile(name, sound, *(event("impact", at, at + 0.2) for at in HEARD[name]), **changed)  # type: ignore[arg-type]
        for name, sound in SOUNDS.items()
    ]


def drawn(name: str, others: list[Profile] | None = None, **params: object) -> Drawn:
    everybody = profiles() if others is None else others
    of = next(one for one in profiles() if one.clip_id == name)
    return Drawer(EditParams.model_validate({"per_clip": 5, **params}), "m@1", everybody, SOUNDS.__getitem__).draw(of)


def all_edits(num_seeds: int = 4) -> list[Edit]:
    return [edit for name in SOUNDS for seed in range(num_seeds) for edit in drawn(name, seed=seed).edits]


EDITS = all_edits()


def test_a_clip_with_partners_gets_all_five_if_so_many_are_wanted_and_each_once() -> None:
    assert {edit.operation for edit in drawn("a").edits} == set(OPERATIONS)
    assert len(drawn("a", per_clip=2).edits) == 2
    assert len({edit.edit_id for edit in EDITS if edit.clip_id == "a"}) == 5


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.edit_id}-{edit.seed % 1000}")
def test_a_row_states_what_is_heard(edit: Edit) -> None:
    assert_row_states_what_is_heard(edit, SOUNDS[edit.clip_id], SOUNDS[edit.other_clip_id] if edit.other_clip_id else None)


def test_a_sound_put_into_a_pause_is_measured_by_the_whole_clip() -> None:
    of = next(one for one in profiles() if one.clip_id == "pausing")
    in_pauses = [(edit, edit.snr_lu) for edit in EDITS if edit.clip_id == "pausing" and edit.snr_lu and edit.snr_lu < -8.1]
    assert in_pauses
    for edit, snr_lu in in_pauses:
        pause_lufs = integrated_lufs(SOUNDS["pausing"][:, edit.mask[0].first : edit.mask[0].end], RATE_HZ)
        assert pause_lufs - snr_lu == pytest.approx(of.lufs - 10, abs=0.1)


def test_equal_seeds_give_equal_rows_and_other_seeds_others() -> None:
    assert drawn("a", seed=1) == drawn("a", seed=1)
    assert not set(map(str, drawn("a", seed=1).edits)) & set(map(str, drawn("a", seed=2).edits))


def test_a_task_does_not_depend_on_how_many_the_clip_gets() -> None:
    few, many = drawn("a", per_clip=2).edits, drawn("a", per_clip=5).edits
    assert few == many[:2]


def test_without_a_partner_the_clip_still_gets_what_needs_none_and_the_lack_is_counted() -> None:
    alone = drawn("a", others=[])
    assert {edit.operation for edit in alone.edits} == {"extension", "inpainting"}
    assert alone.num_without_partner == 3


def test_a_silent_stretch_is_neither_continued_nor_filled_in() -> None:
    quiet = np.zeros((2, 6 * RATE_HZ))
    quiet[:, :8820] = noise(0.2, level=0.5)
    of = profile("quiet", quiet)
    drawer = Drawer(EditParams(per_clip=5), "m@1", [], lambda _: quiet)
    assert drawer.draw(of) == Drawn([], 3)


def test_a_part_that_cannot_be_made_loud_enough_is_not_mixed_in() -> None:
    faint = hits(6.0, 1.0, 3.0, level=0.004)
    lender = profile("faint", faint, event("impact", 1.0, 1.2))
    loud = next(one for one in profiles() if one.clip_id == "loud")
    sounds = {"faint": faint, "loud": SOUNDS["loud"]}
    drawer = Drawer(EditParams(per_clip=5, min_lufs=-70), "m@1", [lender], sounds.__getitem__)
    assert {edit.operation for edit in drawer.draw(loud).edits} == {"extension", "inpainting"}


def test_every_operation_comes_first_about_equally_often() -> None:
    firsts = Counter(operation for number in range(1000) for operation in operations_in_turn(0, f"clip-{number}")[:2])
    assert set(firsts) == set(OPERATIONS)
    assert all(350 <= number <= 450 for number in firsts.values()), firsts  # 400 ± 3 standard deviations


def test_seeds_differ_by_clip_operation_and_stage_seed_and_fit_into_a_double() -> None:
    seeds = {seed_of(seed, clip, operation) for seed in (0, 1) for clip in "ab" for operation in OPERATIONS}
    assert len(seeds) == 20
    assert all(0 <= seed < 2**48 for seed in seeds)
