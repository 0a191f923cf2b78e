"""Partners: strangers of the same split, the least alike first."""

import numpy as np
import pytest

from pipeline.editing.params import EditParams
from pipeline.editing.partners import find_partner, likeness
from pipeline.editing.profile import Profile
from schemas.edits import Operation
from tests.pipeline.editing.making import RATE_HZ, event, noise, profile

LOUD = noise(5.0)
RING, KNOCK = event("ring", 1.0, 2.0), event("impact", 3.0, 3.2)
OF = profile("of", LOUD, RING, label="bell")


def found(*others: Profile, operation: Operation = "addition", num_partners: int = 1) -> str | None:
    partner = find_partner(np.random.default_rng(1), operation, OF, others, EditParams(num_partners=num_partners))
    return partner and partner.clip_id


@pytest.mark.parametrize(
    "unfit",
    [
        profile("itself-again", LOUD, KNOCK, source_id="source-of"),
        profile("of-another-split", LOUD, KNOCK, split="val"),
        profile("of-another-rate", LOUD, KNOCK, sample_rate_hz=48000),
        profile("too-quiet", noise(5.0, level=0.001), KNOCK),
        profile("too-short", noise(2.0), KNOCK),
        profile("nothing-clear", LOUD, event("impact", 3.0, 3.2, snr_db=1.0)),
    ],
)
def test_who_may_not_lend_a_sound_is_never_chosen(unfit: Profile) -> None:
    assert found(unfit) is None
    assert found(unfit, profile("fit", LOUD, KNOCK)) == "fit"


def test_a_sound_that_is_to_be_heard_all_along_is_at_least_half_as_long() -> None:
    of = profile("of", noise(8.0), RING)
    short = profile("short", noise(3.5), KNOCK)
    rng, params = np.random.default_rng(1), EditParams()
    assert find_partner(rng, "extraction", of, [short], params) is None
    assert find_partner(rng, "addition", of, [short], params) is short


def test_the_least_alike_is_preferred_by_label_by_kinds_and_by_spectrum() -> None:
    hum = 0.2 * np.sin(2 * np.pi * 300 * np.arange(LOUD.shape[1]) / RATE_HZ)[None].repeat(2, axis=0)
    same_label, same_kind = profile("a", LOUD, KNOCK, label="bell"), profile("b", LOUD, RING, label="door")
    other_kind, other_spectrum = profile("c", LOUD, KNOCK, label="door"), profile("d", hum, KNOCK, label="door")
    assert likeness(OF, same_label) > likeness(OF, other_kind) > likeness(OF, other_spectrum)
    assert likeness(OF, same_kind) > likeness(OF, other_kind)
    assert found(same_label, same_kind, other_kind, other_spectrum) == "d"
    assert found(same_label, same_kind, other_kind) == "c"


def test_the_draw_is_among_the_best_few() -> None:
    others = [profile(name, noise(5.0, seed=ord(name)), KNOCK) for name in "abcdef"]
    drawn = {
        find_partner(np.random.default_rng(seed), "addition", OF, others, EditParams(num_partners=2)) for seed in range(40)
    }
    assert len(drawn) == 2


def test_nobody_there_means_no_partner() -> None:
    assert found() is None
    assert found(OF) is None
