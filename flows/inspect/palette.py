"""Colours and marks of the inspect picture and text. Verdicts have a mark too, for those who see no red or green."""

from schemas.vocabulary import MotionKind, SoundKind, VerdictWord

INK, FAINT, GRID = "#1f2933", "#7b8794", "#e4e7eb"
VERDICTS: dict[VerdictWord, str] = {"supported": "#1a8f4c", "refuted": "#cf2a2a", "unverifiable": "#8a94a0"}
MARKS: dict[VerdictWord, str] = {"supported": "✓", "refuted": "✗", "unverifiable": "?"}
OUTCOMES = {"accept": "#1a8f4c", "repair": "#c27803", "reject": "#cf2a2a"}
SOUNDS: dict[SoundKind, str] = {
    "impact": "#e07a1f", "ring": "#d4a017", "roll": "#b5532a", "tone": "#2f6fb7", "sweep": "#7a4fb3", "chirp": "#c2478f",
    "noise": "#5b8a8a",
}  # fmt: skip
TRACKS = ("#2f80ed", "#f2994a", "#27ae60", "#eb5757", "#9b51e0", "#00a3a3", "#c0a000", "#d6409f", "#6b7cff", "#8d6e63")
MOTIONS: dict[MotionKind, str] = {"impact": "v", "start": ">", "stop": "s", "appear": "D", "vanish": "x", "cut": "|"}


def track_colour(index: int) -> str:
    """Colours repeat after ten tracks."""
    return TRACKS[index % len(TRACKS)]
