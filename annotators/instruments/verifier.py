"""`instruments` as a verifier: judges every claim by measuring the clip's sound again.

It forms its own picture of the sound (`listening`) and never reads what the evidence tables
say about it; of the picture it is given tracks and motion events, and for claims about makers it looks at it again. It decides
what measurements can decide, and says `unverifiable` to the rest: free words beyond silence, inferences, and claims whose
fields do not fit together.
"""

from collections.abc import Sequence

from annotators.base import Annotator
from annotators.findings import unverifiable
from annotators.instruments.judging.attribute import judge_attribute
from annotators.instruments.judging.ear import Ear
from annotators.instruments.judging.order import judge_order
from annotators.instruments.judging.params import VerifierParams
from annotators.instruments.judging.presence import judge_absence, judge_count, judge_event
from annotators.instruments.judging.source import Eye, judge_source
from annotators.instruments.listening import listen
from annotators.roles import Inquiry
from schemas.reasoning import Judged, Stated


class InstrumentVerifier(Annotator[Inquiry, list[Judged]]):
    """Judges claims about sound by measurement. Never rejects: what it cannot tell is unverifiable."""

    Params = VerifierParams
    version = 4
    params: VerifierParams

    @property
    def model(self) -> str:
        return f"instruments@{self.version}"

    def annotate(self, batch: Sequence[Inquiry]) -> list[list[Judged]]:
        """One list per inquiry, one judgement per claim, in order."""
        return [self._judged(inquiry) for inquiry in batch]

    def _judged(self, inquiry: Inquiry) -> list[Judged]:
        heard = listen(inquiry.media, self.params.instruments)
        ear = Ear(heard.analysis, sorted(heard.events, key=lambda event: event.start_s), self.params)
        eye = Eye(inquiry.tracks, inquiry.seen, inquiry.width_px, inquiry.media)
        return [judge(claim, ear, eye) for claim in inquiry.claims]


def judge(claim: Stated, ear: Ear, eye: Eye) -> Judged:
    """The verdict on one claim, by its type."""
    if mismatch := _mismatch(claim, ear):
        return unverifiable(mismatch)
    match claim.type:
        case "event":
            return judge_event(claim, ear)
        case "count":
            return judge_count(claim, ear)
        case "order":
            return judge_order(claim, ear)
        case "attribute":
            return judge_attribute(claim, ear)
        case "source":
            return judge_source(claim, ear, eye)
        case "absence":
            return judge_absence(claim, ear)
        case "inference":
            return unverifiable("an inference cannot be decided by a measurement")


def _mismatch(claim: Stated, ear: Ear) -> str | None:
    """Why a claim's span makes no sense in this clip; None where it does."""
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    if end_s < start_s:
        return f"the span ends at {end_s:.1f} s, before it starts at {start_s:.1f} s"
    if start_s >= ear.duration_s or end_s <= 0:
        return f"the span from {start_s:.1f} s to {end_s:.1f} s lies outside the clip of {ear.duration_s:.1f} s"
    return None
