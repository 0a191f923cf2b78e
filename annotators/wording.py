"""The English of sounds, numbers and claims. One claim has one wording here, whoever states it.

The text of a claim is written from its fields alone, so that a true claim and a planted false one cannot be told apart by
their style.
"""

from collections.abc import Sequence

from schemas.reasoning import Stated
from schemas.vocabulary import Attribute, Relation

_NOUNS: dict[str, tuple[str, str]] = {
    "impact": ("hit", "hits"),
    "ring": ("ringing hit", "ringing hits"),
    "roll": ("roll of hits", "rolls of hits"),
    "tone": ("tone", "tones"),
    "sweep": ("gliding tone", "gliding tones"),
    "chirp": ("chirp", "chirps"),
    "noise": ("noise", "noises"),
    "sound": ("sound", "sounds"),
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_UNITS: dict[Attribute, str] = {
    "loudness": " LUFS", "pitch": " Hz", "pan": "", "rate": " per second", "duration": " s", "brightness": " Hz",
}  # fmt: skip
_QUALITIES: dict[Attribute, str] = {
    "loudness": "a loudness", "pitch": "a pitch", "pan": "a stereo position", "rate": "a rate", "duration": "a duration",
    "brightness": "a spectral centre",
}  # fmt: skip
_TRENDS: dict[tuple[Attribute, Relation], str] = {
    ("loudness", "rises"): "grows louder",
    ("loudness", "falls"): "fades",
    ("loudness", "steady"): "stays equally loud",
    ("pitch", "rises"): "rises in pitch",
    ("pitch", "falls"): "falls in pitch",
    ("pitch", "steady"): "holds its pitch",
    ("pan", "rises"): "moves to the right",
    ("pan", "falls"): "moves to the left",
    ("pan", "steady"): "stays in its place",
    ("pan", "left"): "is on the left",
    ("pan", "right"): "is on the right",
    ("pan", "centre"): "is in the centre",
    ("rate", "rises"): "gets faster",
    ("rate", "falls"): "gets slower",
    ("rate", "steady"): "keeps its pace",
    ("brightness", "rises"): "gets brighter",
    ("brightness", "falls"): "gets duller",
    ("brightness", "steady"): "keeps its colour",
    ("duration", "rises"): "gets longer",
    ("duration", "falls"): "gets shorter",
    ("duration", "steady"): "keeps its length",
}
_DIGITS: dict[Attribute, int] = {"pitch": 3, "brightness": 2}
_BOUNDS: dict[Relation, str] = {"equals": "about", "at_least": "at least", "at_most": "at most"}


def noun(kind: str, count: int = 1) -> str:
    """The word for `count` sounds of a kind; free words are taken as they are."""
    singular, plural = _NOUNS.get(kind, (kind, kind if kind.endswith("s") else f"{kind}s"))
    return singular if count == 1 else plural


def with_article(words: str) -> str:
    """`words` with "a" or "an", by its first letter."""
    return f"{'an' if words[:1].lower() in 'aeiou' else 'a'} {words}"


def a(kind: str) -> str:
    """One sound of a kind, with its article."""
    return with_article(noun(kind))


def number(value: float) -> str:
    """Small counts in words, others in digits."""
    return _NUMBERS[int(value)] if value == int(value) and 0 <= value < len(_NUMBERS) else f"{value:g}"


def joined(parts: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def sentence(text: str) -> str:
    """`text` with a capital first letter and one full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def seconds(time_s: float) -> str:
    """A time to 0.1 s."""
    return f"{time_s:.1f} s"


def between(start_s: float | None, end_s: float | None) -> str:
    """A span in words, with a leading space; nothing for the whole clip."""
    if start_s is None and end_s is None:
        return ""
    if end_s is None:
        return f" from {seconds(start_s or 0.0)} on"
    if start_s is None:
        return f" until {seconds(end_s)}"
    return f" between {seconds(start_s)} and {seconds(end_s)}"


def amount(attribute: Attribute, value: float) -> str:
    """A measured value in its unit, no finer than it can be heard."""
    unit = _UNITS[attribute]
    return (
        f"{rounded(attribute, value):g}{unit}"
        if attribute in ("loudness", *_DIGITS)
        else f"{rounded(attribute, value):.1f}{unit}"
    )


def rounded(attribute: Attribute, value: float) -> float:
    """`value` as it is written: loudness to 1 LU, pitch to three digits, brightness to two, others to 0.1."""
    if attribute == "loudness":
        return float(round(value))
    return float(f"{value:.{_DIGITS[attribute] - 1}e}") if attribute in _DIGITS else round(value, 1)


def _where_and_when(claim: Stated) -> str:
    """The sound of an editing task that a claim is about, and its span, with a leading space."""
    return (f" in the {claim.media}" if claim.media else "") + between(claim.start_s, claim.end_s)


def claim_text(claim: Stated) -> str:
    """The sentence that says what a claim's fields say; an inference keeps its own text."""
    subject = claim.subject or "sound"
    span = _where_and_when(claim)
    match claim.type:
        case "event":
            return sentence(f"{a(subject)} is heard{span}")
        case "count":
            count = claim.value if claim.value is not None else 0
            return sentence(f"exactly {number(count)} {noun(subject, int(count))} {'is' if count == 1 else 'are'} heard{span}")
        case "order" if claim.relation == "overlaps":
            return sentence(f"{a(subject)} and {a(claim.object or 'sound')} are heard at the same time{span}")
        case "order":
            return sentence(f"the first {noun(subject)} starts before the first {noun(claim.object or 'sound')}{span}")
        case "attribute":
            return sentence(f"the {noun(subject)}{span} {_predicate(claim)}")
        case "source":
            return sentence(f"what moves in track {claim.object} makes the {noun(subject, 2)}{span}")
        case "absence":
            return sentence(f"no {noun(subject)} is heard{span}")
        case "inference":
            return claim.text


def _predicate(claim: Stated) -> str:
    if claim.attribute is None or claim.relation is None:
        return "has a quality"
    if (claim.attribute, claim.relation) in _TRENDS:
        return _TRENDS[claim.attribute, claim.relation]
    value = "some value" if claim.value is None else amount(claim.attribute, claim.value)
    return f"has {_QUALITIES[claim.attribute]} of {_BOUNDS.get(claim.relation, 'about')} {value}"


def negation_text(claim: Stated) -> str | None:
    """The sentence that is true where the claim is false, from its fields; None for a claim with no plain opposite."""
    subject = noun(claim.subject or "sound")
    span = _where_and_when(claim)
    match claim.type:
        case "event":
            return claim_text(claim.model_copy(update={"type": "absence"}))
        case "absence":
            return claim_text(claim.model_copy(update={"type": "event"}))
        case "count" if claim.value == 0:
            return sentence(f"at least one {subject} is heard{span}")
        case "count":
            count = int(claim.value or 0)
            if count == 1:
                return sentence(f"either no {subject} or more than one {subject} is heard{span}")
            return sentence(f"either fewer or more than {number(count)} {noun(claim.subject or 'sound', 2)} are heard{span}")
        case "order" if claim.relation == "overlaps":
            return sentence(f"{a(claim.subject or 'sound')} and {a(claim.object or 'sound')} are never heard together{span}")
        case "order":
            first = noun(claim.object or "sound")
            return sentence(
                f"the first {first} starts before the first {subject} or together with it, or one of them is missing{span}"
            )
        case "attribute" if opposite := _opposite(claim):
            return sentence(f"the {subject}{span} {opposite}")
        case _:
            return None


def _opposite(claim: Stated) -> str | None:
    if claim.attribute is None or claim.relation is None:
        return None
    for group in (("rises", "falls", "steady"), ("left", "right", "centre")):
        if claim.relation in group and (claim.attribute, claim.relation) in _TRENDS:
            others = [_TRENDS[claim.attribute, other] for other in group if other != claim.relation]
            return joined(others, "or")
    if claim.value is None:
        return None
    value = amount(claim.attribute, claim.value)
    words = {"equals": "clearly other than", "at_least": "of less than", "at_most": "of more than"}
    return f"has {_QUALITIES[claim.attribute]} {words[claim.relation]} {value}" if claim.relation in words else None


def worded(claim: Stated) -> Stated:
    """The claim with its text written from its fields."""
    return claim.model_copy(update={"text": claim_text(claim)})
