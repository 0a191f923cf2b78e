"""Which kinds of sound last, and which a measurement may take for each other: shared by who speaks and who judges."""

from schemas.vocabulary import SoundKind

SUSTAINED: frozenset[SoundKind] = frozenset({"tone", "sweep", "noise", "roll"})
# Symmetric. Hearing a kind is no good ground to deny one that is like it.
ALIKE: dict[SoundKind, frozenset[SoundKind]] = {
    "impact": frozenset({"ring", "roll", "chirp"}),
    "ring": frozenset({"impact", "tone", "chirp"}),
    "roll": frozenset({"impact", "noise"}),
    "tone": frozenset({"sweep", "ring", "chirp"}),
    "sweep": frozenset({"tone", "chirp"}),
    "chirp": frozenset({"sweep", "tone", "impact", "ring"}),
    "noise": frozenset({"roll"}),
}
