"""The words that instruments, reasoners, verifiers and scenes share, so that a claim means the same to all of them.

Sounds are named by how they behave, which a measurement can decide, not by what makes them, which only a model can guess.
A claim may also name a sound in free words ("dog bark"); then an instrument can refute it (nothing sounds there) but never
support it.
"""

from typing import Literal

SoundKind = Literal["impact", "ring", "roll", "tone", "sweep", "chirp", "noise"]
SOUND_KINDS: dict[SoundKind, str] = {
    "impact": "a short broadband hit that dies away within about 0.4 s (knock, step, bounce, slam)",
    "ring": "a hit whose tonal partials keep ringing for longer than about 0.4 s (bell, glass, gong)",
    "roll": "hits in quick succession, closer than 0.15 s, heard as one event (drum roll, rattle)",
    "tone": "a sustained pitched sound whose pitch is steady or drifts slowly (engine, hum, beep, note)",
    "sweep": "a sustained pitched sound whose pitch glides by more than a third of an octave (siren, whoop)",
    "chirp": "a pitched sound shorter than about 0.35 s with a fast glide (bird call, blip)",
    "noise": "a sustained sound without pitch (rain, wind, hiss, applause)",
}
ANY_SOUND = "sound"  # the subject of a claim about any sound at all

MotionKind = Literal["impact", "start", "stop", "appear", "vanish", "cut"]
MOTION_KINDS: dict[MotionKind, str] = {
    "impact": "a sudden change of velocity, as in a bounce or a collision",
    "start": "something at rest begins to move",
    "stop": "something moving comes to rest",
    "appear": "a tracked region becomes visible",
    "vanish": "a tracked region is no longer visible",
    "cut": "the camera picture changes as a whole",
}

Aspect = Literal["semantic", "temporal", "aesthetic", "spatial"]
Basis = Literal["seen", "heard", "inferred"]
ClaimType = Literal["event", "count", "order", "attribute", "source", "absence", "inference"]
CLAIM_TYPES: dict[ClaimType, str] = {
    "event": "`subject` sounds within the span; its onset is `start_s`",
    "count": "`subject` sounds exactly `value` times within the span",
    "order": "the first `subject` starts before the first `object` (`before`), or they sound together (`overlaps`)",
    "attribute": "`attribute` of `subject` within the span has `relation`, to `value` in `unit` where one is needed",
    "source": "the track `object` is what makes `subject` within the span",
    "absence": "no `subject` sounds within the span",
    "inference": "a conclusion that no measurement can decide by itself",
}
Attribute = Literal["loudness", "pitch", "pan", "rate", "duration", "brightness"]
Relation = Literal[
    "equals", "at_least", "at_most", "rises", "falls", "steady", "left", "right", "centre", "before", "overlaps"
]  # fmt: skip
RELATIONS: dict[Relation, str] = {
    "equals": "`value` within the verifier's tolerance for that attribute",
    "at_least": "`value` or more",
    "at_most": "`value` or less",
    "rises": "goes up over the span (for pan: moves to the right)",
    "falls": "goes down over the span (for pan: moves to the left)",
    "steady": "neither rises nor falls over the span",
    "left": "pan is left of centre",
    "right": "pan is right of centre",
    "centre": "pan is at the centre",
    "before": "the first onset of `subject` comes before the first onset of `object`",
    "overlaps": "`subject` and `object` sound at the same time",
}
UNITS: dict[Attribute, str] = {
    "loudness": "lufs",  # momentary maximum over the span, BS.1770
    "pitch": "hz",  # median fundamental over the span
    "pan": "pan",  # -1 left .. +1 right
    "rate": "hz",  # onsets per second
    "duration": "s",
    "brightness": "hz",  # spectral centroid
}
Task = Literal["base", "object", "edit", "question"]
TASKS: dict[Task, str] = {
    "base": "what a clip sounds like as a whole (ThinkSound stage 1)",
    "object": "what one visible thing sounds like, and what must not be taken along (stage 2)",
    "edit": "what an instruction changes in a sound, and what stays (stage 3)",
    "question": "how a question about a clip is answered from its silent video (SightSound-R1)",
}
ClaimMedia = Literal["input", "target"]  # the two sounds of an editing task
VerdictWord = Literal["supported", "refuted", "unverifiable"]
