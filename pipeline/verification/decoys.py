"""Decoys: false claims planted among a clip's own, so that every build measures how well each witness refutes.

A decoy is made from a claim, by changing one thing, and is used only if nothing known about the clip makes it true: no own
claim says it, no heard event, doubtful ones included, comes near it, and no thing that could be it is named as a maker. That
is as false as the evidence can tell. A decoy belongs to the chain of the claim it was made from (one that was made from
another clip's to any), is worded like any claim and gets the next free number of its chain, so that a witness cannot tell it
from one.

The choice is deterministic: candidates are ordered by a hash of the seed, the clip and the claim that each was made from.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Literal

from annotators.likeness import ALIKE
from annotators.wording import worded
from pipeline.verification.makers import NO_MAKERS, Makers
from schemas.evidence import HeardEvent
from schemas.reasoning import Claim, Decoy, Stated
from schemas.vocabulary import ANY_SOUND, SOUND_KINDS, Relation

DecoyKind = Literal["other_clip", "negated", "moved", "miscounted", "swapped", "wrong_maker"]  # of one sound
DECOY_KINDS: tuple[DecoyKind, ...] = ("moved", "miscounted", "swapped", "negated", "other_clip", "wrong_maker")
CLEARANCE_S = 1.0  # a decoy event is at least this far from anything it could be true of
_OPPOSITES: dict[Relation, Relation] = {"rises": "falls", "falls": "rises", "left": "right", "right": "left"}

VERSION = 1  # counts changes that plant other decoys
MODEL = f"decoys@{VERSION}"


def plant_decoys(
    clip_id: str,
    claims: Sequence[Claim],
    others: Sequence[Claim],
    heard: Sequence[HeardEvent],
    duration_s: float,
    seed: int,
    per_kind: int = 1,
    makers: Makers = NO_MAKERS,
) -> list[Decoy]:
    """Up to `per_kind` decoys of each kind for the chains of one task about one clip, all together.

    Args:
        claims: the clip's own claims; each decoy names the one it was made from (for `other_clip`, the stranger's).
        others: claims of chains of the same task about other clips of the shard, from which `other_clip` decoys are taken. The
            clip's own are ignored.
        heard: all events heard in the clip, whether spoken of or not.
        duration_s: of the clip.
        makers: which thing makes which sound, for `wrong_maker`; without it there are none of that kind.
    """
    own = sorted((claim for claim in claims if claim.clip_id == clip_id), key=lambda claim: claim.claim_id)
    if not own:
        return []
    strangers = [claim for claim in others if claim.clip_id != clip_id and (claim.end_s or 0.0) <= duration_s]
    chains = sorted({claim.cot_id for claim in own})
    num_in_chain: Counter[str] = Counter()
    found: list[Decoy] = []
    for kind in DECOY_KINDS:
        candidates: list[tuple[Claim, Stated]] = []
        for claim in strangers if kind == "other_clip" else own:
            candidates += [(claim, false) for false in _falsified(kind, claim, own, heard, duration_s, makers)]
        candidates.sort(key=lambda pair: rank(seed, clip_id, kind, pair[0].claim_id, pair[1].text))
        for made_from, false in _distinct(candidates)[:per_kind]:
            cot_id = made_from.cot_id
            if kind == "other_clip":
                cot_id = min(chains, key=lambda chain: rank(seed, chain, made_from.claim_id))
            found.append(
                Decoy(
                    **false.model_dump(),
                    clip_id=clip_id,
                    model=MODEL,
                    claim_id=f"{cot_id}/d{num_in_chain[cot_id]:02d}",
                    cot_id=cot_id,
                    decoy_kind=kind,
                    made_from=made_from.claim_id,
                )
            )
            num_in_chain[cot_id] += 1
    return found


def rank(seed: int, *parts: str) -> bytes:
    """The place of a candidate in the order from which decoys are taken."""
    return blake2b("\n".join((str(seed), *parts)).encode(), digest_size=8).digest()


def _distinct(candidates: Sequence[tuple[Claim, Stated]]) -> list[tuple[Claim, Stated]]:
    """The first candidate of each wording."""
    by_text: dict[str, tuple[Claim, Stated]] = {}
    for pair in candidates:
        by_text.setdefault(pair[1].text, pair)
    return list(by_text.values())


def _falsified(
    kind: DecoyKind, claim: Claim, own: Sequence[Claim], heard: Sequence[HeardEvent], duration_s: float, makers: Makers
) -> Iterator[Stated]:
    """What a claim becomes as a decoy of a kind; nothing where it cannot, or where the result may be true."""
    bare = Stated.model_validate({name: getattr(claim, name) for name in Stated.model_fields})
    if kind == "other_clip":
        yield from _transplanted(bare, own, heard)
    elif kind == "moved":
        yield from _moved(bare, own, heard, duration_s)
    elif kind == "miscounted" and claim.type == "count" and claim.value is not None:
        for wrong in (claim.value - 2, claim.value - 1, claim.value + 1, claim.value + 2):
            if wrong >= 0:
                yield worded(bare.model_copy(update={"value": wrong}))
    elif kind == "swapped" and claim.type == "order" and claim.relation == "before":
        yield worded(bare.model_copy(update={"subject": claim.object, "object": claim.subject}))
    elif kind == "wrong_maker" and claim.type == "source":
        for track_id in makers.wrong_tracks(claim, own):
            yield worded(bare.model_copy(update={"object": track_id}))
    elif kind == "negated":
        yield from _negated(bare)


def _negated(claim: Stated) -> Iterator[Stated]:
    """An event denied, a trend or a side turned round, an absence turned into a presence."""
    if claim.type == "event":
        yield worded(claim.model_copy(update={"type": "absence"}))
    elif claim.type == "attribute" and claim.relation in _OPPOSITES:
        yield worded(claim.model_copy(update={"relation": _OPPOSITES[claim.relation]}))
    elif claim.type == "absence" and claim.end_s is not None:
        middle_s = round(((claim.start_s or 0.0) + claim.end_s) / 2, 1)
        yield worded(claim.model_copy(update={"type": "event", "start_s": middle_s, "end_s": round(middle_s + 0.5, 1)}))


def _moved(claim: Stated, own: Sequence[Claim], heard: Sequence[HeardEvent], duration_s: float) -> Iterator[Stated]:
    """An event at other times of the clip, on a 0.5 s grid, wherever nothing like it comes near."""
    if claim.type != "event" or claim.start_s is None or claim.end_s is None:
        return
    length_s = claim.end_s - claim.start_s
    start_s = 0.5
    while start_s + length_s <= duration_s:
        if abs(start_s - claim.start_s) >= CLEARANCE_S:
            moved = claim.model_copy(update={"start_s": start_s, "end_s": round(start_s + length_s, 1)})
            if is_clear(moved, own, heard):
                yield worded(moved)
        start_s += 0.5


def _transplanted(claim: Stated, own: Sequence[Claim], heard: Sequence[HeardEvent]) -> Iterator[Stated]:
    """Another clip's event, where this clip has nothing like it nearby."""
    if claim.type == "event" and claim.start_s is not None and claim.end_s is not None and is_clear(claim, own, heard):
        yield worded(claim.model_copy(update={"step_index": 0}))


def is_clear(event: Stated, own: Sequence[Claim], heard: Sequence[HeardEvent]) -> bool:
    """Whether no own claim and no heard event of the kind, or of one that is easily taken for it, comes near.

    Free words may name any sound: they are clear only of what the clip's own words say and where nothing at all is heard.
    """
    if event.start_s is None or event.end_s is None:
        return False
    first_s, last_s = event.start_s - CLEARANCE_S, event.end_s + CLEARANCE_S
    kind = next((known for known in SOUND_KINDS if known == event.subject), None)
    like = {kind, *ALIKE[kind]} if kind else {event.subject, *SOUND_KINDS}
    claimed = [c for c in own if c.type == "event" and c.subject in {*like, ANY_SOUND}]
    spans = [(e.start_s, e.end_s) for e in heard if e.kind in like]
    spans += [(c.start_s if c.start_s is not None else first_s, c.end_s if c.end_s is not None else last_s) for c in claimed]
    return all(end_s <= first_s or start_s >= last_s for start_s, end_s in spans)
