"""Plain words for what the instruments measured. No word here names a source."""

from schemas.evidence import HeardEvent
from schemas.vocabulary import SoundKind

NOUNS: dict[SoundKind, str] = {
    "impact": "short hit",
    "ring": "ringing strike",
    "roll": "rapid roll of hits",
    "tone": "steady tone",
    "sweep": "gliding tone",
    "chirp": "short chirp",
    "noise": "steady noise",
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SIDE_PAN = 0.25
_MOVES_PAN = 0.4
_LOUDNESS_LUFS = ((-18.0, "loud"), (-30.0, "moderately loud"), (-42.0, "quiet"))


def number(count: int) -> str:
    """ "four", and digits from thirteen on."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def counted(count: int, noun: str) -> str:
    """ "a short hit", "four short hits", "two rapid rolls of hits"."""
    if count == 1:
        return f"a {noun}"
    return f"{number(count)} {plural(noun)}"


def plural(noun: str) -> str:
    """The plural: of `gust of wind` it is `gusts of wind`."""
    head, of, rest = noun.partition(" of ")
    return f"{head}s{of}{rest}"


def moment(time_s: float) -> str:
    """A time as captions say it."""
    return f"{time_s:.1f} s"


def stretch(start_s: float, end_s: float, duration_s: float) -> str:
    """ "from 1.2 s to 3.4 s", or "throughout" for nearly all of the clip."""
    if end_s - start_s > 0.9 * duration_s:
        return "throughout"
    return f"from {moment(start_s)} to {moment(end_s)}"


def loudness(lufs: float) -> str:
    """ "loud" down to "very quiet", by momentary loudness."""
    return next((word for least, word in _LOUDNESS_LUFS if lufs >= least), "very quiet")


def colour(event: HeardEvent) -> str:
    """How a noise sounds, by where its energy lies: "low" under 700 Hz, "bright" and hissing above 2.5 kHz."""
    centroid_hz = event.centroid_hz or 0.0
    if centroid_hz < 700.0:
        return "low steady noise"
    return "bright, hissing steady noise" if centroid_hz > 2500.0 else "steady noise"


def place(pan: float) -> str:
    """Where a pan of -1 (left) .. 1 (right) is heard."""
    if pan < -_SIDE_PAN:
        return "on the left"
    return "on the right" if pan > _SIDE_PAN else "in the middle"


def movement(first_pan: float, last_pan: float) -> str | None:
    """ "moving from left to right" where the position changes clearly."""
    if abs(last_pan - first_pan) < _MOVES_PAN:
        return None
    return "moving from left to right" if last_pan > first_pan else "moving from right to left"


def pitch(event: HeardEvent) -> str | None:
    """ "at about 440 Hz", or between which pitches a glide goes."""
    if event.pitch_hz is None:
        return None
    if event.kind == "chirp" and event.pitch_start_hz is not None and event.pitch_end_hz is not None:
        return "rising in pitch" if event.pitch_end_hz > event.pitch_start_hz else "falling in pitch"
    return f"around {_rounded(event.pitch_hz)} Hz"


def _rounded(frequency_hz: float) -> int:
    """Two significant digits."""
    step = 10 ** max(0, len(str(int(frequency_hz))) - 2)
    return int(round(frequency_hz / step) * step)


def listed(parts: list[str]) -> str:
    """ "a, b and c"."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def sentence(text: str) -> str:
    """The words with a capital and a full stop."""
    return text[0].upper() + text[1:] + "."
