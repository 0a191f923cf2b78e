"""The facts of a clip in words: what it is, what was measured, heard, seen and said, and what became of its chains."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from flows.console import table
from flows.inspect.facts import ClipFacts
from flows.inspect.palette import MARKS, OUTCOMES, VERDICTS
from schemas.questions import Question
from schemas.reasoning import Claim, Cot


def facts_text(facts: ClipFacts) -> RenderableType:
    """Everything, section by section; what there is nothing about is left out."""
    return Group(*_sections(facts))


def _sections(facts: ClipFacts) -> Iterator[RenderableType]:
    yield _heading(facts.clip.clip_id)
    yield from _origin(facts)
    yield from _listed(
        "measurements",
        ("name", "value", "unit", "from", "to"),
        [(m.name, _number(m.value), m.unit, _seconds(m.start_s), _seconds(m.end_s)) for m in facts.measurements],
    )
    yield from _listed(
        "heard",
        ("id", "kind", "from", "to", "onsets", "peak dBFS", "LUFS", "pitch Hz", "pan", "SNR dB"),
        [
            (
                e.event_id, e.kind, _seconds(e.start_s), _seconds(e.end_s), len(e.onsets_s), _number(e.peak_dbfs),
                _number(e.loudness_lufs), _number(e.pitch_hz), _number(e.pan), _number(e.snr_db),
            )
            for e in facts.heard
        ],
    )  # fmt: skip
    yield from _listed(
        "tracks",
        ("id", "phrase", "from", "to", "boxes", "px/s"),
        [
            (t.track_id, t.phrase, _seconds(t.start_s), _seconds(t.end_s), len(t.boxes), _number(t.mean_speed_px_per_s))
            for t in facts.tracks
        ],
    )
    yield from _listed(
        "seen",
        ("id", "kind", "at", "track", "strength"),
        [(e.event_id, e.kind, _seconds(e.time_s), e.track_id or "-", _number(e.strength)) for e in facts.seen],
    )
    yield from _tasks(facts)
    for caption in facts.captions:
        yield _heading(f"{caption.modality} caption, {caption.question}", caption.model)
        yield _indented(caption.text)
    for cot in facts.cots:
        yield from _chain(facts, cot)
    yield from _listed("failures", ("stage", "code", "message"), [(f.stage, f.code, f.message) for f in facts.failures])


def _tasks(facts: ClipFacts) -> Iterator[RenderableType]:
    """What the chains of the other tasks are about: objects and their sounds, edits, questions."""
    makes = {one.object_id: [a.event_id for a in facts.attributions if a.object_id == one.object_id] for one in facts.objects}
    yield from _listed(
        "objects",
        ("id", "phrase", "tracks", "state", "score", "makes"),
        [
            (o.object_id, o.phrase, " ".join(o.track_ids), o.state, _number(o.state_score), " ".join(makes[o.object_id]) or "-")
            for o in facts.objects
        ],
    )
    elsewhere = [one for one in facts.attributions if one.maker != "object"]
    yield from _listed(
        "made by no object", ("event", "maker", "score"), [(a.event_id, a.maker, _number(a.score)) for a in elsewhere]
    )
    yield from _listed(
        "edits",
        ("operation", "mask s", "other clip", "SNR LU", "gain dB"),
        [
            (
                e.operation, ", ".join(f"{m.first / e.sample_rate_hz:.2f}–{m.end / e.sample_rate_hz:.2f}" for m in e.mask),
                e.other_clip_id or "-", _number(e.snr_lu), _number(e.gain_db),
            )
            for e in facts.edits
        ],
    )  # fmt: skip
    agreed = {one.question_id: f"{one.agreement_frac:.0%}" for one in facts.consensuses}
    needs = {one.question_id: one.audio_contribution for one in facts.contributions}
    yield from _listed(
        "questions",
        ("kind", "question", "choices (* the answer)", "teacher agrees", "audio contribution"),
        [(q.kind, q.text, _choices(q), agreed.get(q.question_id, "-"), needs.get(q.question_id, "-")) for q in facts.questions],
    )


def _choices(question: Question) -> str:
    return " | ".join(f"{choice}{' *' * (index == question.answer_index)}" for index, choice in enumerate(question.choices))


def _origin(facts: ClipFacts) -> Iterator[RenderableType]:
    clip, source = facts.clip, facts.source
    picture = (
        f"{clip.width_px}×{clip.height_px} at {_number(clip.fps)} fps ({clip.video_mode})" if clip.has_video else "no picture"
    )
    sound = f"{clip.sample_rate_hz} Hz, {clip.num_channels} channels, peak {_number(clip.peak_dbfs)} dBFS"
    yield _indented(f"{_seconds(clip.start_s)} to {_seconds(clip.end_s)} s of its source; {picture}; {sound}")
    if source:
        codecs = f"{source.container}, {source.video_codec or 'no video'} + {source.audio_codec}"
        yield _indented(f"source {source.name} ({codecs}, {_seconds(source.duration_s)} s): {source.uri}")
    if clip.label:
        yield _indented(f"labelled {clip.label!r} by its source")


def _chain(facts: ClipFacts, cot: Cot) -> Iterator[RenderableType]:
    about = f" ({cot.subject_id.rpartition('/')[2]})" if cot.subject_id else ""
    yield _heading(f"chain of thought, {cot.task}{about}", cot.model)
    for index, step in enumerate(cot.steps):
        kind = f"{step.aspect}, avoid" if step.is_avoidance else step.aspect
        yield _indented(Text.assemble(f"{index + 1}. {step.text} ", (f"[{kind}]", "dim")))
        for claim in facts.claims_of(cot.cot_id, index):
            yield from _judged(facts, claim)
    for repair in (repair for repair in facts.repairs if repair.cot_id == cot.cot_id):
        became = f"became: {repair.after}" if repair.after else "was dropped"
        yield _indented(Text(f"step {repair.step_index + 1} {became} ({repair.reason})"))
    yield _indented(Text.assemble(("instruction: ", "bold"), cot.caption_cot))
    if decision := facts.decision_on(cot.cot_id):
        yield _indented(Text.assemble((decision.outcome, f"bold {OUTCOMES[decision.outcome]}"), f": {decision.reason}"))
        yield _indented(Text(f"policy {decision.policy}", "dim"))
        if decision.outcome == "repair" and decision.caption_cot:
            yield _indented(Text.assemble(("repaired: ", "bold"), decision.caption_cot))


def _judged(facts: ClipFacts, claim: Claim) -> Iterator[RenderableType]:
    short_id = claim.claim_id.rpartition("/")[2]
    verdicts = facts.verdicts_on(claim.claim_id)
    if not verdicts:
        yield _indented(Text(f"· {short_id} {claim.text} (not judged)"), 5)
    for verdict in verdicts:
        mark = (f"{MARKS[verdict.verdict]} ", f"bold {VERDICTS[verdict.verdict]}")
        said = (f"  {verdict.witness}, {verdict.score:.2f}: {verdict.reason}", "dim")
        yield _indented(Text.assemble(mark, f"{short_id} {claim.text}", said), 5)


def _listed(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[RenderableType]:
    if rows:
        yield _heading(title)
        yield Padding(table(columns, [[Text(f"{cell}") for cell in row] for row in rows]), (0, 0, 0, 2))


def _heading(title: str, aside: str = "") -> Text:
    return Text.assemble("\n", (title, "bold"), (f"  {aside}" if aside else "", "dim"))


def _indented(content: Text | str, by: int = 2) -> RenderableType:
    return Padding(content if isinstance(content, Text) else Text(content), (0, 0, 0, by))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
