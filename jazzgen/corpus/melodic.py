"""How melodic a part is: what it plays, and what its name and its instrument suggest.

The score weighs what distinguishes melody tracks in studies of MIDI files (Rizo et al., "A
pattern recognition approach for melody track selection in MIDI files", ISMIR 2006: polyphony,
pitch, intervals, share of the song) and the names people give such tracks. The weights and limits
are set by hand: each limit says what players and singers do.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import numpy as np

from jazzgen.corpus.skyline import polyphony
from jazzgen.music.midi_read import Part
from jazzgen.music.notes import IntArray, Notes

Range4 = tuple[float, float, float, float]

# Below the first and above the last of the four numbers a feature scores 0, between the inner two
# 1, and linearly in between.
_MEDIAN_PITCH: Final[Range4] = (43, 57, 84, 98)  # under G2 basses, over C6 glockenspiels
_COMPASS: Final[Range4] = (1, 7, 29, 48)  # semitones between the 5th and 95th percentile
_LEAP: Final[Range4] = (0.2, 1.2, 5.0, 11.0)  # mean interval, semitones; chords broken: 5 and up
_RATE: Final[Range4] = (0.2, 0.7, 5.0, 9.0)  # notes per beat while it plays
_PRESENCE: Final[Range4] = (0.0, 0.4, 1.0, 2.0)  # share of the song's bars with an onset
_VARIETY: Final[Range4] = (0.3, 2.2, 3.6, 4.0)  # entropy of pitch classes, bits; a scale has 2.8
_MONOPHONY: Final[Range4] = (0.45, 0.95, 1.0, 1.1)  # 1 / notes at a time

_WEIGHTS: Final = (3.0, 2.0, 1.5, 1.5, 1.5, 1.0, 1.0)
_HINT_SHARE: Final = 0.4
"""How much of the score the name and the instrument decide."""

# What part names say, in the languages of most MIDI files: value -1 to 1, in order of precedence.
_NAMES: Final = (
    (-1.0, r"drum|perc|batt|schlagz|kick|snare|hi-?hat|cymbal|tom\b|conga|\b(?:bd|sd|hh)\b"),
    (-1.0, r"\bbass(?:e|o|i)?\b|bajo|contrab|\bbs\b|kontrab"),
    (0.2, r"\b(?:bg|back|2nd|harm\w*)[ .]*voc|back(?:ing|up)|harmon(?:y|ie)|\bvoc\w* ?[2-9]"),
    (1.0, r"melod|vocal|\bvoc|\bvox|voice|\bvoz\b|sing|gesang|stimme|\bcanto?\b|chant|solo|\btheme|"
          r"\btema\b|\bhead\b|top ?line|\blead\b|leadsheet"),
    (-0.7, r"pad\b|string|chord|akkord|accord\b|acomp|accomp|\bcomp|rhy?th?m|\brhy|arp|\bfx\b|"
           r"choir|chor\b|\boohs?\b|\baahs?\b|choeur|clav|organ|orgue|brass|\bmute|strum"),
    (0.6, r"sax|trumpet|trompet|\btpt|flute|flote|\bfl\b|clarinet|klarin|oboe|trombon|posaun|"
          r"alto\b|tenor\b|sopran|violin|fiddle|harmonica|vibe|whistle"),
)  # fmt: skip
_NAME_PATTERNS: Final = tuple((value, re.compile(text, re.IGNORECASE)) for value, text in _NAMES)

# The same for General MIDI programs where nothing is said by name: first, last, value.
_PROGRAMS: Final = (
    (32, 39, -0.9),  # basses
    (40, 40, 0.4),  # violin
    (43, 43, -0.6),  # contrabass
    (44, 55, -0.3),  # string and voice ensembles, orchestra hit
    (56, 57, 0.5),  # trumpet, trombone
    (58, 58, -0.5),  # tuba
    (59, 60, 0.4),  # muted trumpet, horn
    (61, 63, -0.3),  # brass sections
    (64, 67, 0.6),  # saxophones
    (68, 69, 0.5),  # oboe, cor anglais
    (71, 79, 0.5),  # clarinet, flutes, whistles
    (80, 87, 0.2),  # synth leads
    (88, 103, -0.5),  # pads and effects
    (110, 111, 0.4),  # fiddle, shanai
    (112, 127, -1.0),  # percussion and noises
)
_PROGRAM_HINT: Final = np.zeros(128)
for _first, _last, _value in _PROGRAMS:
    _PROGRAM_HINT[_first : _last + 1] = _value
_PROGRAM_HINT.flags.writeable = False


@dataclass(frozen=True, slots=True)
class PartProfile:
    """What a part looks like from outside.

    Attributes:
        score: how melodic it is, 0 to 1; 0 for drums.
        polyphony: notes that sound at a time, on average over the time in which any does; 1 or
            more.
        lowest: lowest MIDI pitch.
        highest: highest MIDI pitch.
        presence: share of the song's bars in which it begins a note, 0 to 1.
        hint: what its name says of it, -1 (no melody) to 1 (a melody), 0 when nothing.
    """

    score: float
    polyphony: float
    lowest: int
    highest: int
    presence: float
    hint: float


def profile(part: Part, bar_lines: IntArray) -> PartProfile:
    """Measures a part.

    Args:
        part: any part.
        bar_lines: of the song, int32 `(bars + 1,)`.
    """
    notes = part.notes
    many = polyphony(notes)
    bar = np.searchsorted(bar_lines, notes.onset, side="right")
    presence = float(np.count_nonzero(np.bincount(bar)) / max(len(bar_lines) - 1, 1))
    hint = name_hint(part.name)
    score = 0.0
    if not part.is_drums:
        said = hint if hint else float(_PROGRAM_HINT[part.program])
        played = _played(notes, many, presence)
        score = (1 - _HINT_SHARE) * played + _HINT_SHARE * (1 + said) / 2
        # A handful of notes is an effect, not a melody.
        score *= min(len(notes) / 16, 1.0)
    return PartProfile(
        score=round(score, 3),
        polyphony=round(many, 2),
        lowest=int(notes.pitch.min()),
        highest=int(notes.pitch.max()),
        presence=round(presence, 3),
        hint=hint,
    )


def name_hint(name: str) -> float:
    """What a part's name says of its being a melody: -1 to 1, 0 when nothing."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()  # é is e
    return next((value for value, pattern in _NAME_PATTERNS if pattern.search(plain)), 0.0)


def _played(notes: Notes, many: float, presence: float) -> float:
    """How melodic the notes are, 0 to 1, whatever the part is called."""
    top = np.append(notes.onset[1:] != notes.onset[:-1], True)
    line = notes.pitch[top]
    ordered = np.sort(line)
    low, high = ordered[len(line) // 20], ordered[-1 - len(line) // 20]
    counts = np.bincount(notes.pitch % 12, minlength=12)
    shares = counts[counts > 0] / len(notes)
    # Time in which it plays: gaps of more than two beats are somebody else's.
    playing = np.minimum(np.diff(notes.onset[top]), 48).sum() / 24
    features = (
        _trapezoid(min(1 / many, len(line) / len(notes)), _MONOPHONY),
        _trapezoid(float(ordered[len(line) // 2]), _MEDIAN_PITCH),
        _trapezoid(float(-(shares * np.log2(shares)).sum()), _VARIETY),
        _trapezoid(presence, _PRESENCE),
        _trapezoid(float(np.abs(np.diff(line)).sum()) / max(len(line) - 1, 1), _LEAP),
        _trapezoid(float(high - low), _COMPASS),
        _trapezoid(len(line) / max(float(playing), 1.0), _RATE),
    )
    return float(np.average(features, weights=_WEIGHTS))


def _trapezoid(value: float, limits: Range4) -> float:
    zero, one, still_one, zero_again = limits
    rising = (value - zero) / (one - zero)
    falling = (zero_again - value) / (zero_again - still_one)
    return max(0.0, min(1.0, rising, falling))
