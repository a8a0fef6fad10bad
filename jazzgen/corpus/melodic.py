"""How melodic a part is: what it plays, and what its name and its instrument suggest.

The score weighs what distinguishes melody tracks in studies of MIDI files (Rizo et al., "A
pattern recognition approach for melody track selection in MIDI files", ISMIR 2006: polyphony,
pitch, intervals, share of the song) and the names people give such tracks. The weights and limits
are set by hand: each limit says what players and singers do.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.music.midi_read import Part
from jazzgen.music.notes import IntArray
from jazzgen.music.ticks import TICKS_PER_BEAT

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

_LIMITS: Final = (_MONOPHONY, _MEDIAN_PITCH, _VARIETY, _PRESENCE, _LEAP, _COMPASS, _RATE)
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


def profiles(parts: Sequence[Part], bar_lines: IntArray) -> tuple[PartProfile, ...]:
    """Measures the parts of a song, all at once.

    Args:
        parts: any parts of a song.
        bar_lines: of the song, int32 `(bars + 1,)`.
    """
    if not parts:
        return ()
    onset, length, pitch = (
        np.concatenate([getattr(part.notes, column) for part in parts])
        for column in ("onset", "length", "pitch")
    )
    sizes = [len(part.notes) for part in parts]
    first = np.cumsum([0, *sizes[:-1]])
    part = np.repeat(np.arange(len(parts)), sizes)
    # Each part in a time of its own, so that none touches the next.
    end = onset + length
    time = onset + part * int(end.max() + 1)
    covered = _covered(time, time + length, first)
    bar = np.searchsorted(bar_lines, onset, side="right")
    bars = np.add.reduceat(_changes(bar + part * (len(bar_lines) + 1)), first, dtype=np.intp)
    polyphony = np.add.reduceat(length, first, dtype=np.int64) / np.maximum(covered, 1)
    lowest = np.minimum.reduceat(pitch, first)
    highest = np.maximum.reduceat(pitch, first)

    # The top line: within one onset notes stand in order of pitch.
    top = np.roll(_changes(time), -1)
    line, line_time = pitch[top], time[top]
    count = np.add.reduceat(top, first, dtype=np.intp)
    line_first = np.cumsum(count) - count
    ordered = np.sort(part[top] << 7 | line) & 0x7F
    low = ordered[line_first + count // 20]
    high = ordered[line_first + count - 1 - count // 20]
    median = ordered[line_first + count // 2]
    leap = np.zeros_like(line)  # to the next note; from a part's last note none
    np.abs(line[1:] - line[:-1], out=leap[:-1])
    # Time in which it plays: gaps of more than two beats are somebody else's.
    gap = np.zeros_like(line_time)
    np.minimum(line_time[1:] - line_time[:-1], 2 * TICKS_PER_BEAT, out=gap[:-1])
    leap[line_first[1:] - 1] = gap[line_first[1:] - 1] = 0
    playing = np.add.reduceat(gap, line_first) / TICKS_PER_BEAT
    shares = np.bincount(part * 12 + pitch % 12, minlength=12 * len(parts)).reshape(-1, 12)
    shares = shares / np.array(sizes)[:, None]
    variety = -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=1)

    features = zip(
        np.minimum(1 / polyphony, count / sizes).tolist(),
        median.astype(np.float64).tolist(),
        variety.tolist(),
        (presence := bars / max(len(bar_lines) - 1, 1)).tolist(),
        (np.add.reduceat(leap, line_first) / np.maximum(count - 1, 1)).tolist(),
        (high - low).astype(np.float64).tolist(),
        (count / np.maximum(playing, 1.0)).tolist(),
        strict=True,
    )
    rows = zip(
        parts,
        features,
        polyphony.tolist(),
        lowest.tolist(),
        highest.tolist(),
        presence.tolist(),
        strict=True,
    )
    return tuple(_profile(*row) for row in rows)


def _changes(numbers: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Bool, same shape: where another number stands than before; True at first."""
    new = np.ones(len(numbers), np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=new[1:])
    return new


def _covered(
    onset: npt.NDArray[np.integer], end: npt.NDArray[np.integer], first: npt.NDArray[np.intp]
) -> npt.NDArray[np.integer]:
    """Ticks in which any note sounds, of each group of notes in order of onset."""
    # What each note adds to the time covered so far.
    added = end - onset
    added[1:] = end[1:] - np.maximum(onset[1:], np.maximum.accumulate(end)[:-1])
    covered: npt.NDArray[np.integer] = np.add.reduceat(np.maximum(added, 0), first)
    return covered


def _profile(
    part: Part,
    features: tuple[float, ...],
    polyphony: float,
    lowest: int,
    highest: int,
    presence: float,
) -> PartProfile:
    hint = name_hint(part.name)
    score = 0.0
    if not part.is_drums:
        said = hint if hint else float(_PROGRAM_HINT[part.program])
        fits = map(_trapezoid, features, _LIMITS)
        played = sum(w * fit for w, fit in zip(_WEIGHTS, fits, strict=True)) / sum(_WEIGHTS)
        score = (1 - _HINT_SHARE) * played + _HINT_SHARE * (1 + said) / 2
        # A handful of notes is an effect, not a melody.
        score *= min(len(part.notes) / 16, 1.0)
    return PartProfile(
        score=round(score, 3),
        polyphony=round(polyphony, 2),
        lowest=lowest,
        highest=highest,
        presence=round(presence, 3),
        hint=hint,
    )


@lru_cache(maxsize=4096)
def name_hint(name: str) -> float:
    """What a part's name says of its being a melody: -1 to 1, 0 when nothing."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()  # é is e
    return next((value for value, pattern in _NAME_PATTERNS if pattern.search(plain)), 0.0)


def _trapezoid(value: float, limits: Range4) -> float:
    zero, one, still_one, zero_again = limits
    rising = (value - zero) / (one - zero)
    falling = (zero_again - value) / (zero_again - still_one)
    return max(0.0, min(1.0, rising, falling))
