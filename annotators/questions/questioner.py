"""`events`: questions with a known answer, written from the events that were heard.

It asks only what the evidence settles: about kinds whose events are all clear, with wrong choices that are plainly wrong
(other counts by at least two and a half, times at least a second and a half away from anything alike, kinds that nothing heard
could be taken for). A near miss would ask about the tolerance of a measurement, not about the clip.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import permutations

import numpy as np
from pydantic import Field

from annotators.base import Annotator, Params
from annotators.likeness import ALIKE, SUSTAINED
from annotators.questions import forms
from annotators.questions.forms import Worded
from annotators.questions.roles import Posed, PoseRequest
from annotators.template.salience import Group, absent_kinds, groups
from schemas.evidence import HeardEvent
from schemas.vocabulary import SOUND_KINDS, SoundKind


class QuestionerParams(Params):
    """What is asked about, and how clear it must be."""

    max_choices: int = Field(4, ge=2, le=8, description="most choices of a question")
    min_strength: float = Field(
        0.35, ge=0, le=1, description="kind score times level over the background (30 dB counts as 1) of a sound to ask about"
    )
    max_count: int = Field(12, ge=1, le=100, description="sounds that are more than this many are not asked to be counted")
    least_gap_s: float = Field(1.5, gt=0, description="a wrong time is at least this far from anything alike")
    least_lead_s: float = Field(0.5, gt=0, description="sounds that begin closer than this have no order to ask for")
    side_pan: float = Field(0.4, gt=0, lt=1, description="a sound this far to a side is on it; one within a quarter is central")
    least_trend_db: float = Field(8.0, gt=0, description="a sound gets louder or softer by at least this; equal is an eighth")
    min_maker_score: float = Field(0.7, ge=0, le=1, description="least score of an attribution that is asked about")
    question_seed: int = Field(0, description="another seed asks other questions, and puts choices in another order")


class EventQuestioner(Annotator[PoseRequest, Sequence[Posed]]):
    """Up to as many questions as wanted, each of another kind while there are kinds left."""

    Params = QuestionerParams
    params: QuestionerParams
    batch_size = 16

    @property
    def model(self) -> str:
        return "events@1"

    def annotate(self, batch: Sequence[PoseRequest]) -> list[Sequence[Posed]]:
        """Never rejects: a clip with nothing clear in it gets no question."""
        return [self._posed(request) for request in batch]

    def _posed(self, request: PoseRequest) -> list[Posed]:
        random = np.random.default_rng([self.params.question_seed, _number(request.clip_id)])
        by_kind: dict[str, list[Posed]] = {}
        for asked, answer in self._askable(request, random):
            order = random.permutation(len(asked.choices))
            posed = Posed(asked.kind, asked.text, [asked.choices[i] for i in order], int(np.flatnonzero(order == answer)[0]))
            by_kind.setdefault(asked.kind, []).append(posed)
        chosen: list[Posed] = []
        while len(chosen) < request.most and by_kind:
            for kind in random.permutation(sorted(by_kind)):
                chosen.append(by_kind[kind].pop(int(random.integers(len(by_kind[kind])))))
            by_kind = {kind: left for kind, left in by_kind.items() if left}
        return chosen[: request.most]

    def _askable(self, request: PoseRequest, random: np.random.Generator) -> Iterator[tuple[Worded, int]]:
        """Every question that could be asked, with the place of its answer among its choices."""
        p = self.params
        clear = [group for group in groups(request.heard, p.min_strength, len(SOUND_KINDS)) if group.is_complete]
        absent = absent_kinds(request.heard)
        for group in clear:
            if absent:
                wrong = random.permutation(np.array(absent, dtype=object))[: p.max_choices - 1]
                yield forms.ask_which([group.kind, *wrong]), 0
            if not _is_doubted(group.kind, request.heard) and len(group.events) <= p.max_count:
                yield forms.ask_count(group.kind, self._counts(len(group.events), random)), 0
            if times_s := self._times(group, request, random):
                yield forms.ask_when(group.kind, times_s), 0
            yield from self._qualities(group)
            yield from self._maker(group, request)
        yield from self._orders(clear, request.heard, random)

    def _counts(self, count: int, random: np.random.Generator) -> list[int]:
        """The count, and others that no miscounting by one would reach, from each other neither."""
        gap = max(2, round(0.4 * count))
        others = [*range(count + gap, count + 4 * gap, gap), *range(count - gap, 0, -gap)]
        return [count, *(int(other) for other in random.permutation(others)[: self.params.max_choices - 1])]

    def _times(self, group: Group, request: PoseRequest, random: np.random.Generator) -> list[float] | None:
        """When the first begins, and times at which nothing like it is near."""
        if _is_doubted(group.kind, request.heard):
            return None
        gap_s, first_s = self.params.least_gap_s, group.events[0].start_s
        like = {group.kind, *ALIKE[group.kind]}
        spans = [(event.start_s, event.end_s) for event in request.heard if event.kind in like]
        times_s = [first_s]
        for time_s in random.permutation(np.arange(0.0, request.duration_s - 0.2, 0.1)):
            is_clear = all(time_s <= start_s - gap_s or time_s >= end_s + gap_s for start_s, end_s in spans)
            if is_clear and min(abs(time_s - other) for other in times_s) >= gap_s:
                times_s.append(float(time_s))
        return times_s[: self.params.max_choices] if len(times_s) > 1 else None

    def _qualities(self, group: Group) -> Iterator[tuple[Worded, int]]:
        """Where one lasting or single sound comes from, and whether it grows."""
        p, event = self.params, group.events[0]
        if len(group.events) > 1:
            return
        travel = abs(event.pan_slope_per_s or 0.0) * (event.end_s - event.start_s)
        if event.pan is not None and travel <= p.side_pan / 2:
            if abs(event.pan) >= p.side_pan:
                yield forms.ask_where(group.kind), 0 if event.pan < 0 else 2
            elif abs(event.pan) <= p.side_pan / 4:
                yield forms.ask_where(group.kind), 1
        lasts_s = event.end_s - event.start_s
        if group.is_sustained and lasts_s >= 1.5 and event.loudness_slope_db_per_s is not None:
            change_db = event.loudness_slope_db_per_s * lasts_s
            if abs(change_db) >= p.least_trend_db:
                yield forms.ask_loudness(group.kind), 0 if change_db > 0 else 1
            elif abs(change_db) <= p.least_trend_db / 8:
                yield forms.ask_loudness(group.kind), 2

    def _maker(self, group: Group, request: PoseRequest) -> Iterator[tuple[Worded, int]]:
        """What makes a kind of sound, where all of it is clearly given to one thing or to nothing that is seen."""
        names = [found.phrase for found in request.objects]
        if not names or len(set(names)) < len(names):
            return
        phrases = {found.object_id: found.phrase for found in request.objects}
        own = {event.event_id for event in request.heard if event.kind == group.kind}  # all of them clear
        given = [one for one in request.attributions if one.event_id in own]
        makers = {(one.maker, one.object_id) for one in given}
        if len(makers) != 1 or min(one.score for one in given) < self.params.min_maker_score:
            return
        ((maker, object_id),) = makers
        answer = names.index(phrases[object_id]) if maker == "object" and object_id else len(names)
        if maker != "unclear" and len(names) < self.params.max_choices:
            yield forms.ask_maker(group.kind, names), answer

    def _orders(
        self, clear: Sequence[Group], heard: Sequence[HeardEvent], random: np.random.Generator
    ) -> Iterator[tuple[Worded, int]]:
        """The order of two or three kinds that begin clearly one after the other."""
        led: list[Group] = []
        for group in (group for group in clear if not _is_doubted(group.kind, heard)):
            if not led or group.events[0].start_s - led[-1].events[0].start_s >= self.params.least_lead_s:
                led.append(group)
        for size in (2, 3):
            if len(led) >= size:
                start = int(random.integers(len(led) - size + 1))
                right = tuple(group.kind for group in led[start : start + size])
                wrong = [order for order in permutations(right) if order != right]
                picked = [wrong[i] for i in random.permutation(len(wrong))[: self.params.max_choices - 1]]
                yield forms.ask_order([right, *picked]), 0


def _is_doubted(kind: SoundKind, heard: Sequence[HeardEvent]) -> bool:
    """Whether something else that was heard may be of this kind, so that it could be one more, or come earlier."""
    alike = ALIKE[kind] - SUSTAINED if kind not in SUSTAINED else ALIKE[kind] & SUSTAINED
    return any(event.kind in alike for event in heard)


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
