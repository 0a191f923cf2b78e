"""How reliable each witness is, counted: what it says of true and of false claims, by claim type.

A calibration is a small YAML file. It is fitted from claims whose truth is known (`audiocot calibrate`), comes with the program
under a name, or lies wherever its path says. What it says decides, so its content is part of the fingerprint of every
decision made with it; its name, origin and place are not.

Who counts: `witness_rates.word_counts` on the decoys of a built dataset, `selfcheck.witness_words` on the truth of scenes,
which nobody who builds can read.
"""

from importlib.resources import files
from math import log
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from schemas.errors import RecipeError, unknown
from schemas.fingerprint import fingerprint
from schemas.row import Value
from schemas.vocabulary import CLAIM_TYPES, ClaimType, VerdictWord


class Words(Value):
    """How often each verdict was given."""

    supported: int = Field(0, ge=0)
    refuted: int = Field(0, ge=0)
    unverifiable: int = Field(0, ge=0)

    def probability(self, word: VerdictWord) -> float:
        """The share of one verdict with one added to each of the three (Laplace), so that nothing is held impossible."""
        counts = self.model_dump()
        return float((counts[word] + 1) / (sum(counts.values()) + len(counts)))


class Reliability(Value):
    """One witness on one claim type."""

    on_true: Words = Words()
    on_false: Words = Words()

    @property
    def is_counted(self) -> bool:
        """Whether the witness was asked both kinds of claims: what it says of one alone tells nothing."""
        return all(any(words.model_dump().values()) for words in (self.on_true, self.on_false))

    def log_ratio(self, word: VerdictWord) -> float:
        """ln P(word | true) / P(word | false): what the word adds to the log odds that the claim is true."""
        return log(self.on_true.probability(word) / self.on_false.probability(word))


class Calibration(Value):
    """`witnesses`: witness → claim type → counts. `origin`: what they were counted on, for people."""

    name: str
    origin: str
    witnesses: dict[str, dict[ClaimType, Reliability]]

    @property
    def identity(self) -> str:
        """Name and content: "scenes@1a2b3c4d"."""
        return f"{self.name}@{self.content_hash[:8]}"

    @property
    def content_hash(self) -> str:
        """Hash of the counts; the name and the words around them do not decide anything."""
        return fingerprint(witnesses=self.model_dump(mode="json")["witnesses"])

    def of(self, witness: str, claim_type: ClaimType) -> Reliability | None:
        """None for a witness or claim type that was never counted, or on true or on false claims alone."""
        found = self.witnesses.get(witness, {}).get(claim_type)
        return found if found and found.is_counted else None

    def to_yaml(self) -> str:
        return yaml.safe_dump(
            self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, default_flow_style=None, width=120
        )


WordCounts = dict[tuple[str, ClaimType, bool, VerdictWord], int]  # (witness, claim type, is it true, verdict) → number


def calibration_of(counts: WordCounts, name: str, origin: str) -> Calibration:
    """The table of some counts: witnesses alphabetic, claim types in the vocabulary's order."""

    def words(witness: str, claim_type: ClaimType, is_true: bool) -> Words:
        given = {word: n for (*asked, word), n in counts.items() if asked == [witness, claim_type, is_true]}
        return Words.model_validate(given)

    asked = {key[:2] for key in counts}
    witnesses: dict[str, dict[ClaimType, Reliability]] = {
        witness: {
            claim_type: Reliability(on_true=words(witness, claim_type, True), on_false=words(witness, claim_type, False))
            for claim_type in CLAIM_TYPES
            if (witness, claim_type) in asked
        }
        for witness in sorted({witness for witness, _ in asked})
    }
    return Calibration(name=name, origin=origin, witnesses=witnesses)


def shipped_calibrations() -> dict[str, str]:
    """Name → text of the calibrations that come with the program."""
    folder = files("pipeline.verification") / "calibrations"
    return {entry.name.removesuffix(".yaml"): entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".yaml")}


def load_calibration(name_or_path: str) -> Calibration:
    """A shipped calibration or one in a file; a file wins. RecipeError, one line, if there is none or it is not one."""
    shipped, path = shipped_calibrations(), Path(name_or_path)
    if not path.is_file() and name_or_path not in shipped:
        raise RecipeError(f"policy.calibration: no such file, and {unknown('calibration', name_or_path, shipped)}")
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else shipped[name_or_path]
        return Calibration.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        told = f"{'.'.join(map(str, mistake['loc']))} {mistake['msg']}".strip()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())
    raise RecipeError(
        f"policy.calibration: {name_or_path} is not a calibration table: {told}; make one with `audiocot calibrate`"
    )
