"""What is measured again for an inquiry: the clip's events and numbers over its spans.

An event is *sure* when its kind is clear and it stands out of the background, else *doubtful*: a doubtful event neither
supports nor refutes by itself, but it keeps others from being counted or denied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.instruments.analysis import Analysis
from annotators.instruments.judging.doubt import may_be
from annotators.instruments.judging.params import VerifierParams
from annotators.likeness import SUSTAINED
from schemas.evidence import HeardEvent
from schemas.vocabulary import ANY_SOUND, SOUND_KINDS, SoundKind


def kind_of(subject: str | None) -> SoundKind | None:
    """The sound kind that a subject names; None for "sound", free words and nothing."""
    return next((kind for kind in SOUND_KINDS if kind == subject), None)


@dataclass(frozen=True, eq=False)
class Ear:
    """The sound of one clip as the verifier hears it. `events` in order of onset."""

    analysis: Analysis
    events: Sequence[HeardEvent]
    params: VerifierParams

    @property
    def duration_s(self) -> float:
        return self.analysis.duration_s

    def span(self, start_s: float | None, end_s: float | None) -> tuple[float, float]:
        """A claim's span, open ends closed by the clip's own."""
        return start_s or 0.0, self.duration_s if end_s is None else end_s

    def is_sure(self, event: HeardEvent) -> bool:
        """Clear in kind and above the background. A hit within noise must be clearer: noise is made of small hits."""
        p = self.params
        if event.kind == "impact" and any(e.kind == "noise" and e.start_s < event.start_s < e.end_s for e in self.events):
            return event.kind_score >= p.min_kind_score_in_noise
        if event.kind in ("tone", "sweep") and event.kind_score >= p.clear_kind_score:
            return True  # one that lasts through the whole clip is its own background
        return event.kind_score >= p.min_kind_score and (event.snr_db is None or event.snr_db >= p.min_snr_db)

    def is_of(self, event: HeardEvent, subject: str | None) -> bool:
        """Whether an event is what the subject names; "sound" names every event, free words none."""
        return subject == ANY_SOUND or event.kind == subject

    def sure(self, subject: str | None) -> list[HeardEvent]:
        """The sure events of a subject, in order of onset."""
        return [event for event in self.events if self.is_sure(event) and self.is_of(event, subject)]

    def possible(self, subject: str | None) -> list[HeardEvent]:
        """Events that are not surely of the subject but may be: its doubtful ones, and those on the border to it."""
        kind = kind_of(subject)
        if kind is None:
            return [event for event in self.events if not self.is_sure(event)]
        return [
            event
            for event in self.events
            if (event.kind == kind and not self.is_sure(event))
            or may_be(event, kind, self.analysis, self.params.clear_kind_score)
        ]

    def tolerance_s(self, subject: str | None) -> float:
        """How far an onset may be from where a claim puts it: sustained sounds have no sharp beginning."""
        return (
            self.params.sustained_onset_s if kind_of(subject) in SUSTAINED or kind_of(subject) is None else self.params.onset_s
        )

    def within(self, events: Sequence[HeardEvent], start_s: float, end_s: float, slack_s: float = 0.0) -> list[HeardEvent]:
        """Those that sound within the span, widened by `slack_s` on both sides."""
        return [event for event in events if event.start_s < end_s + slack_s and event.end_s > start_s - slack_s]

    def beginning_within(self, events: Sequence[HeardEvent], start_s: float, end_s: float) -> list[HeardEvent]:
        """Those whose onset lies in the span, both ends included."""
        return [event for event in events if start_s <= event.start_s <= end_s]

    def is_silent(self, start_s: float, end_s: float) -> bool:
        """Whether nothing at all sounds within the span: no event, no onset, and no more than the background."""
        if self.within(self.events, start_s, end_s) or self.analysis.onsets(start_s, end_s):
            return False
        if self.analysis.level_dbfs(start_s, end_s) <= self.analysis.params.quietest_dbfs:
            return True
        return self.analysis.energy_over_floor_db(start_s, end_s) < self.params.silence_over_floor_db
