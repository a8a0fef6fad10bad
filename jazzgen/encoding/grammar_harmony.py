"""What the grammar knows of harmony: spelled intervals, and categories of notes over a chord.

Everything here follows deepjazz (Ji-Sung Kim, 2016), which asks music21: black keys are always
spelled C# E- F# G# B-, whatever the key, and two notes are the same when their *names* are. Three
things follow that a theory book would do otherwise, and they are kept, because they decide which
values a solo becomes:

- intervals depend on the key: C to E is a major third, C# to F a diminished fourth;
- an A-flat major triad is read as G# C E-, no major triad by name, and so takes a Dorian scale;
- a scale with A- in it does not hold the note that is spelled G#.

This module computes the same without music21, which a test compares.
"""

import re
from functools import lru_cache
from typing import Final

REST: Final = "R"
"""Category of a rest."""

CHORD_TONE: Final = "C"
"""Category of a note whose name is among those of the chord."""

SCALE_TONE: Final = "S"
"""Category of a note of the scale that goes with the chord."""

APPROACH_TONE: Final = "A"
"""Category of a note a semitone from a chord tone."""

OTHER: Final = "X"
"""Category of every other note, and of all notes where there is no chord."""

MARGIN: Final = (2, 3)
"""A minor third: diatonic steps and semitones between a leap and the bounds around it."""

_LETTER: Final = (0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6)
"""Letter (C = 0 to B = 6) with which each pitch class is spelled: C C# D E- E F F# G G# A B- B."""

_NATURAL: Final = (0, 2, 4, 5, 7, 9, 11)
"""Semitones above C of each letter; also of major and perfect intervals above their lower note."""

_MAJOR: Final = _NATURAL
_DORIAN: Final = (0, 2, 3, 5, 7, 9, 10)

_TONICS: Final = (
    *((11, 6), (10, 6), (9, 5), (8, 4), (7, 4), (6, 3), (5, 3), (4, 2)),
    *((3, 2), (3, 1), (2, 1), (1, 1), (1, 0), (0, 0), (11, 0)),
)
"""Pitch class and letter of the tonics music21 tries, the one that wins a tie first: B B- A G# G
F# F E E- D# D D- C# C C-. Of scales with equally many chord tones it takes the highest tonic."""

_PERFECT: Final = (0, 3, 4)
_INTERVAL = re.compile(r"(P|M|m|A+|d+)(-?)(\d+)")


def letter_steps(low: int, high: int) -> int:
    """Diatonic steps from one MIDI pitch to another as spelled; negative downwards."""
    return (high // 12 - low // 12) * 7 + _LETTER[high % 12] - _LETTER[low % 12]


def interval_name(steps: int, semitones: int) -> str:
    """Name of an interval as music21 writes it: `m3`, `P-5` (down), `dd5`, `A-4`, `d1`.

    Args:
        steps: diatonic steps, negative downwards.
        semitones: semitones, which may contradict `steps` (a diminished unison is 0 and -1).
    """
    sign = ""
    if steps < 0:
        sign, steps, semitones = "-", -steps, -semitones
    octaves, degree = divmod(steps, 7)
    raised = semitones - 12 * octaves - _NATURAL[degree]
    if raised > 0:
        quality = "A" * raised
    elif degree in _PERFECT:
        quality = "d" * -raised or "P"
    else:
        quality = "M" if raised == 0 else "d" * (-raised - 1) or "m"
    return f"{quality}{sign}{steps + 1}"


def interval_semitones(name: str) -> int:
    """Semitones of a named interval, negative downwards; the inverse of `interval_name`.

    Raises:
        ValueError: when `name` is not an interval.
    """
    match = _INTERVAL.fullmatch(name)
    if not match or match[3] == "0":
        raise ValueError(f"{name!r} is not an interval")
    quality, sign, number = match.groups()
    octaves, degree = divmod(int(number) - 1, 7)
    semitones = 12 * octaves + _NATURAL[degree]
    if quality[0] == "A":
        semitones += len(quality)
    elif quality[0] == "d":
        semitones -= len(quality) + (degree not in _PERFECT)
    elif quality == "m":
        semitones -= 1
    return -semitones if sign else semitones


@lru_cache(maxsize=8192)
def leap_bounds(before: int, pitch: int) -> str:
    """The leap between two MIDI pitches as bounds a minor third either side: `<P4,m-2>`."""
    steps, semitones = letter_steps(before, pitch), pitch - before
    upper = interval_name(steps + MARGIN[0], semitones + MARGIN[1])
    lower = interval_name(steps - MARGIN[0], semitones - MARGIN[1])
    return f"<{upper},{lower}>"


@lru_cache(maxsize=4096)
def categories(tones: int, bass: int) -> str:
    """Category of every pitch class over a chord.

    Args:
        tones: the chord's pitch classes as a bit mask, as in `Chord.tones`.
        bass: pitch class of its lowest tone, -1 if there is none. Names being what they are, the
            root that music21 finds for a chord it cannot stack in thirds can depend on it.

    Returns:
        Twelve letters, C to B: `C`, `S`, `A` or `X`, tried in this order; all `X` without a chord.
    """
    if not tones:
        return OTHER * 12
    scale = scale_tones(tones, bass)
    near = tones << 1 | tones >> 1 | tones >> 11 | (tones & 1) << 11
    return "".join(
        CHORD_TONE
        if tones >> p & 1
        else SCALE_TONE
        if scale >> p & 1
        else APPROACH_TONE
        if near >> p & 1
        else OTHER
        for p in range(12)
    )


def scale_tones(tones: int, bass: int) -> int:
    """The scale that goes with a chord, as a bit mask of the pitch classes it holds *by name*.

    A major scale for a major chord, else Dorian, on the tonic with which it holds most of the
    chord's tones.
    """
    steps = _MAJOR if chord_quality(tones, bass) == "major" else _DORIAN

    def held(tonic: tuple[int, int]) -> int:
        return sum(tones >> (tonic[0] + step) % 12 & 1 for step in steps)

    root, letter = max(_TONICS, key=held)  # the first of equals
    mask = 0
    for degree, step in enumerate(steps):
        pitch_class = (root + step) % 12
        if _LETTER[pitch_class] == (letter + degree) % 7:
            mask |= 1 << pitch_class
    return mask


def chord_quality(tones: int, bass: int) -> str:
    """music21's quality of a chord: `major`, `minor`, `augmented`, `diminished` or `other`."""
    chord = sorted((p for p in range(12) if tones >> p & 1), key=lambda p: (p - bass) % 12)
    if not chord:
        return "other"
    root = _root(chord)

    def above(step: int) -> list[int]:
        """Semitones over the root of all chord tones `step` letters above it."""
        wanted = (_LETTER[root] + step) % 7
        return [(p - root) % 12 for p in chord if _LETTER[p] == wanted]

    thirds, fifths = above(2), above(4)
    if not thirds or any(len(found) > 1 for found in (above(0), thirds, fifths)):
        return "other"
    if not fifths:
        return {4: "major", 3: "minor"}.get(thirds[0], "other")
    named = {(4, 7): "major", (3, 7): "minor", (4, 8): "augmented", (3, 6): "diminished"}
    return named.get((thirds[0], fifths[0]), "other")


def _root(chord: list[int]) -> int:
    """Root of a chord: the tone on which the letters stack in thirds, else that with most thirds.

    Args:
        chord: pitch classes upwards from the bass, at least one.
    """
    letters: dict[int, int] = {}  # of tones that share a letter, the lowest stands for it
    for pitch_class in chord:
        letters.setdefault(_LETTER[pitch_class], pitch_class)
    if len(letters) in (1, 7):
        return chord[0]
    for letter in sorted(letters):
        if all((letter + 2 * i) % 7 in letters for i in range(len(letters))):
            return letters[letter]

    def rootness(letter: int) -> float:
        # The steps 3 5 7 9 11 13 above a tone count less and less.
        return sum(
            1 / (rank + 6)
            for rank, step in enumerate((2, 4, 6, 1, 3, 5))
            if (letter + step) % 7 in letters
        )

    return letters[max(letters, key=rootness)]
