"""What a language model may write as a chain of thought: the schema it is held to, and the checks that tie it to the evidence.

A claim that cites what it was not given, lies outside the clip or leaves out what its type needs does not validate; the model
is shown the mistake and asked again. What passes here is well formed and grounded, not true: that is for the witnesses.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from annotators.wording import sentence
from schemas.reasoning import Reasoned, Stated, Step
from schemas.vocabulary import UNITS, Aspect, Attribute, Basis, ClaimType, Relation

_SLACK_S = 0.05
_LONGEST_TEXT, _LONGEST_NAME = 600, 80  # characters
_NEEDS: dict[ClaimType, tuple[str, ...]] = {
    "event": ("subject", "start_s", "end_s"),
    "count": ("subject", "value"),
    "order": ("subject", "object", "relation"),
    "attribute": ("subject", "attribute", "relation"),
    "source": ("subject", "object"),
    "absence": ("subject",),
    "inference": (),
}
_USES: dict[ClaimType, frozenset[str]] = {  # of the fields that say what is claimed; a row has no others
    "event": frozenset({"subject"}),
    "count": frozenset({"subject", "value"}),
    "order": frozenset({"subject", "object", "relation"}),
    "attribute": frozenset({"subject", "attribute", "relation", "value"}),
    "source": frozenset({"subject", "object"}),
    "absence": frozenset({"subject"}),
    "inference": frozenset({"subject", "object"}),
}
_MEANING = ("subject", "object", "attribute", "relation", "value")
_RELATIONS: dict[ClaimType, frozenset[Relation]] = {
    "count": frozenset({"equals"}),
    "order": frozenset({"before", "overlaps"}),
    "attribute": frozenset({"equals", "at_least", "at_most", "rises", "falls", "steady", "left", "right", "centre"}),
}
_COMPARED = ("equals", "at_least", "at_most")  # to a value
_VALUES: dict[Attribute, tuple[float, float]] = {  # what can be: a model's slip is not stored as a claim
    "loudness": (-120, 20), "pitch": (1, 24000), "pan": (-1, 1), "rate": (0, 1000), "duration": (0, 3600),
    "brightness": (1, 24000),
}  # fmt: skip
_MOST_COUNTED = 1000
_RESTS_ON: dict[Basis, str] = {"heard": "AS", "seen": "VMtg"}


class WrittenClaim(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    evidence: list[str] = Field(min_length=1, max_length=8)
    type: ClaimType
    basis: Basis
    subject: str | None = Field(max_length=_LONGEST_NAME)
    object: str | None = Field(max_length=_LONGEST_NAME)
    start_s: float | None
    end_s: float | None
    attribute: Attribute | None
    relation: Relation | None
    value: float | None
    text: str = Field(min_length=1, max_length=_LONGEST_TEXT)

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> "WrittenClaim":
        if missing := [name for name in _NEEDS[self.type] if getattr(self, name) in (None, "")]:
            raise ValueError(f"a claim of type {self.type} needs {', '.join(missing)}")
        if self.relation is not None and self.type in _RELATIONS and self.relation not in _RELATIONS[self.type]:
            raise ValueError(f"a claim of type {self.type} cannot have the relation {self.relation}")
        if self.type == "attribute" and self.relation in ("left", "right", "centre") and self.attribute != "pan":
            raise ValueError(f"{self.relation} is said of pan, not of {self.attribute}")
        if self.type == "count" and self.value is not None and not (0 <= self.value <= _MOST_COUNTED and self.value % 1 == 0):
            raise ValueError(f"a count is a whole number from 0 to {_MOST_COUNTED}, got {self.value:g}")
        if self.type == "attribute" and self.attribute and self.relation in _COMPARED:
            least, most = _VALUES[self.attribute]
            if self.value is None or not least <= self.value <= most:
                given = "none" if self.value is None else f"{self.value:g}"
                raise ValueError(f"{self.relation} needs a value of {self.attribute} from {least:g} to {most:g}, got {given}")
        return self


class WrittenStep(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=_LONGEST_TEXT)
    aspect: Aspect
    is_avoidance: bool
    claims: Sequence[WrittenClaim] = Field(max_length=8)


class Written(BaseModel):
    """A whole reply. `grounded_in` makes the class that also checks it against a clip's evidence."""

    model_config = ConfigDict(extra="forbid")

    steps: Sequence[WrittenStep] = Field(min_length=1, max_length=10)
    caption_cot: str = Field(max_length=4 * _LONGEST_TEXT)


def grounded_in(
    evidence: Mapping[str, str],
    track_ids: Sequence[str],
    duration_s: float,
    max_words: int,
    base: type[Written] = Written,
) -> type[Written]:
    """The reply's schema with the checks of one clip. The JSON schema is that of `base`, the same for all clips."""

    def check(written: Written) -> Written:
        for number, step in enumerate(written.steps):
            if not step.text.strip():
                raise ValueError(f"step {number + 1} says nothing")
            for claim in step.claims:
                check_claim(claim, evidence, track_ids, duration_s)
        if not any(step.claims for step in written.steps):
            raise ValueError("no step makes a claim, so nothing in the chain can be checked")
        if not written.caption_cot.strip():
            raise ValueError("caption_cot says nothing")
        if len(written.caption_cot.split()) > max_words:
            raise ValueError(f"caption_cot has {len(written.caption_cot.split())} words, at most {max_words} are allowed")
        return written

    checks: Any = {"check": model_validator(mode="after")(check)}
    made: type[Written] = create_model(base.__name__, __base__=base, __validators__=checks)
    return made


def check_claim(claim: WrittenClaim, evidence: Mapping[str, str], track_ids: Sequence[str], duration_s: float) -> None:
    """ValueError for a claim that is not grounded in the evidence of its clip."""
    if unknown := [name for name in claim.evidence if name not in evidence]:
        raise ValueError(f"there is no evidence {unknown[0]!r}; the ids are {', '.join(evidence) or 'none'}")
    letters = _RESTS_ON.get(claim.basis)
    if letters and not any(name[0] in letters for name in claim.evidence):
        raise ValueError(f"the claim {claim.text[:60]!r} is {claim.basis} and cites nothing that was {claim.basis}")
    if claim.type == "source" and claim.object not in track_ids:
        tracks = ", ".join(track_ids) or "none"
        raise ValueError(f"the object of a source claim is a track, got {claim.object!r}; the tracks are {tracks}")
    start_s = claim.start_s if claim.start_s is not None else 0.0
    end_s = claim.end_s if claim.end_s is not None else duration_s
    if not -_SLACK_S <= start_s <= end_s <= duration_s + _SLACK_S:
        raise ValueError(f"{start_s:g}–{end_s:g} s does not lie within the clip of {duration_s:.2f} s")


def reasoned(written: Written, duration_s: float) -> Reasoned:
    """The chain in the dataset's own form: times within the clip, and no fields that a claim's type has no use for."""
    steps = [
        Step(text=sentence(step.text.strip()), aspect=step.aspect, is_avoidance=step.is_avoidance) for step in written.steps
    ]
    claims = [stated(index, claim, duration_s) for index, step in enumerate(written.steps) for claim in step.claims]
    return Reasoned(steps=steps, caption_cot=written.caption_cot.strip(), claims=claims)


def stated(step_index: int, claim: WrittenClaim, duration_s: float) -> Stated:
    """A written claim in the dataset's own form."""
    fields = claim.model_dump(exclude={"evidence"})
    fields |= {name: None for name in _MEANING if name not in _USES[claim.type]}
    if claim.type == "attribute" and claim.relation not in _COMPARED:
        fields["value"] = None
    fields |= {name: min(max(fields[name], 0.0), duration_s) for name in ("start_s", "end_s") if fields[name] is not None}
    unit = UNITS[claim.attribute] if claim.attribute and claim.type == "attribute" and fields["value"] is not None else None
    return Stated(step_index=step_index, unit=unit, **fields)
