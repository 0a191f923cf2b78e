"""Decoys among the claims about an editing task: what is false of the sound that it names, input or target.

The kinds of `decoys` are made on each of the two sounds by itself, from what is told to sound there. One more is made between
them: `wrong_media`, what is true of the one said of the other, wherever the task itself makes it false.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from annotators.edits.sounds import EditSounds
from annotators.template.salience import strength
from annotators.wording import worded
from pipeline.verification.decoys import MODEL, is_clear, plant_decoys, rank
from schemas.edits import Edit
from schemas.evidence import HeardEvent
from schemas.reasoning import Claim, Decoy, Stated
from schemas.vocabulary import ANY_SOUND, ClaimMedia

VERSION = 1  # counts changes that plant other decoys
_EDGE_S = 0.2
_SURE_STRENGTH = 0.5
_INSIDE_S = 0.3  # an event so far within a silenced span is silenced, and its neighbours outside do not come near


def plant_edit_decoys(
    edit: Edit, claims: Sequence[Claim], others: Sequence[Claim], sounds: EditSounds, seed: int, per_kind: int = 1
) -> list[Decoy]:
    """Up to `per_kind` decoys of each kind for one chain.

    Args:
        claims: those of the chain.
        others: of chains about edits of other clips of the shard.
        sounds: what is told to sound in input and target, spoken of or not.
    """
    duration_s = edit.num_samples / edit.sample_rate_hz
    candidates: list[Decoy] = []
    for media in sorted(get_args(ClaimMedia), key=lambda media: rank(seed, edit.edit_id, media)):
        own = [claim for claim in claims if claim.media == media]
        strangers = [claim.model_copy(update={"media": media}) for claim in others]
        heard = sounds.heard(media)
        planted = plant_decoys(edit.clip_id, own, strangers, heard, duration_s, seed, 2 * per_kind)
        # the end of a silenced span is closer than what the decoys of a whole clip reckon with
        candidates += [decoy for decoy in planted if decoy.type != "event" or is_clear(decoy, own, heard)]
    crossed = [(claim, false) for claim in claims for false in _crossed(edit, claim, claims, sounds)]
    crossed.sort(key=lambda pair: rank(seed, edit.edit_id, pair[0].claim_id))
    candidates += [_wrong_media(claim, false) for claim, false in crossed]
    num_of_kind: Counter[str] = Counter()
    found: list[Decoy] = []
    for decoy in candidates:
        if num_of_kind[decoy.decoy_kind] < per_kind:
            num_of_kind[decoy.decoy_kind] += 1
            found.append(decoy.model_copy(update={"claim_id": f"{decoy.cot_id}/d{len(found):02d}"}))
    return found


def _wrong_media(claim: Claim, false: Stated) -> Decoy:
    return Decoy(
        **false.model_dump(), clip_id=claim.clip_id, model=MODEL, claim_id="", cot_id=claim.cot_id, decoy_kind="wrong_media",
        made_from=claim.claim_id,
    )  # fmt: skip


def _crossed(edit: Edit, claim: Claim, claims: Sequence[Claim], sounds: EditSounds) -> Iterator[Stated]:
    """The claim said of the other sound; nothing where it may be true of that as well."""
    if claim.media is None or claim.start_s is None or claim.end_s is None:
        return
    other: ClaimMedia = "target" if claim.media == "input" else "input"
    of_other = [one for one in claims if one.media == other]
    said = Stated.model_validate(claim.model_dump(include=set(Stated.model_fields)) | {"media": other})
    if claim.type == "event":
        is_false = _is_silenced(edit, said, sounds) or is_clear(said, of_other, sounds.heard(other))
    else:
        is_false = _is_broken(said, sounds.heard(other))
    if is_false:
        yield worded(said)


def _is_silenced(edit: Edit, event: Stated, sounds: EditSounds) -> bool:
    """Whether the event would lie in the middle of a span that is silenced in the sound that it is said of."""
    if edit.operation not in ("extension", "inpainting") or event.media != "input":
        return False
    last_s = sounds.end_s - (_INSIDE_S if edit.operation == "inpainting" else 0.0)
    return sounds.start_s + _INSIDE_S <= (event.start_s or 0.0) and (event.end_s or 0.0) <= last_s


def _is_broken(absence: Stated, heard: Sequence[HeardEvent]) -> bool:
    """Whether something that surely sounds contradicts an absence, and not only at its edge."""
    if absence.type != "absence" or absence.start_s is None or absence.end_s is None:
        return False
    first_s, last_s = absence.start_s + _EDGE_S, absence.end_s - _EDGE_S
    sure = [event for event in heard if absence.subject in (event.kind, ANY_SOUND) and strength(event) >= _SURE_STRENGTH]
    return any(event.start_s < last_s and event.end_s > first_s for event in sure)
