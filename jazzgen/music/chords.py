"""Chord symbols: what is written, and which pitch classes it means.

Conventions:
    Pitch classes run from 0 (C) to 11 (B). Which tones a symbol means follows common jazz practice
    (Levine, The Jazz Theory Book, Sher Music 1995) wherever it leaves room:

    - 9, 11 and 13 bring the seventh along, 11 and 13 also the ninth; 13 leaves the eleventh out.
    - A natural eleventh takes the place of a major third, so `C11` is a suspended chord;
      `Cadd11` keeps it.
    - `b5` and `#5` (also `+`) take the place of the fifth, `#11` and `b13` stand beside it;
      `alt` has no natural fifth: 1 3 b7 b9 #9 #11 b13.
    - `Co` and `C+` are triads, `Cø` and `C^` have their seventh, `CM` and `Cmaj` do not.
    - `C2` keeps the third (as `Cadd9` does), `Csus2` drops it.

    The spellings are those of lead sheets, of iReal Pro (`C^7`, `C-7`, `Ch7`, `Co7`) and of the
    Weimar Jazz Database (`Cj7`, and `C79b13` for 7 b9 13: all numbers written out, the accidental
    after its number; Pfleiderer et al. (eds.), Inside the Jazzomat, Schott Campus 2017).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from jazzgen.errors import ChordError

_FLAT_NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_SHARP_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_LETTERS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ALL_TONES: Final = 0xFFF


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord symbol and what it means.

    Attributes:
        symbol: the symbol as it was read, such as `Dm7` or `C/E`.
        root: pitch class 0-11 of the root; -1 for no chord.
        bass: pitch class 0-11 of the bass (the root unless a slash names another); -1 for none.
        tones: the pitch classes as a bit mask, bit p set when pitch class p belongs to the
            chord, 0 to 4095; a slash bass is not added.
    """

    symbol: str
    root: int
    bass: int
    tones: int

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The pitch classes 0-11, ascending."""
        return tuple(p for p in range(12) if self.tones >> p & 1)

    def transposed(self, semitones: int, *, sharps: bool = False) -> "Chord":
        """The chord `semitones` higher (lower when negative); by whole octaves, itself.

        Args:
            semitones: any whole number.
            sharps: spell black keys as sharps, as in the keys of G, D, A, E and B, instead of
                flats.
        """
        if self.root < 0 or semitones % 12 == 0:
            return self
        root = (self.root + semitones) % 12
        bass = (self.bass + semitones) % 12
        # Where no key asks for sharps, F# is still the usual name of minor and diminished chords.
        is_major = bool(self.tones >> (self.root + 4) % 12 & 1)
        symbol = pitch_class_name(root, sharps=sharps or (root == 6 and not is_major))
        # The signs are translated one for one, so the quality can be taken over as it is spelled.
        if parts := _SYMBOL.fullmatch(self.symbol.translate(_SIGNS)):
            symbol += self.symbol[slice(*parts.span("quality"))]
            if parts["bass"] is not None:
                symbol += "/" + _bass_name(bass, root, symbol[0])
        return Chord(symbol, root, bass, _rotated(self.tones, semitones))


NO_CHORD: Final = Chord(symbol="N.C.", root=-1, bass=-1, tones=0)
"""Silence of the accompaniment."""


def pitch_class(name: str) -> int:
    """Pitch class 0-11 of a note name: a letter A to G and at most one `b` or `#`."""
    return (_LETTERS[name[0]] + name.count("#") - name.count("b")) % 12


def pitch_class_name(number: int, *, sharps: bool = False) -> str:
    """Note name of pitch class `number` (0-11), with flats or with sharps."""
    return (_SHARP_NAMES if sharps else _FLAT_NAMES)[number]


def _bass_name(bass: int, root: int, root_letter: str) -> str:
    """Note name of a slash bass by its place above the root: the third of A is C#, not Db."""
    steps = (0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6)[(bass - root) % 12]
    letters = tuple(_LETTERS)
    letter = letters[(letters.index(root_letter) + steps) % 7]
    for name in (letter, letter + "b", letter + "#"):
        if pitch_class(name) == bass:
            return name
    return pitch_class_name(bass)  # rather than a double accidental


class _Quality(NamedTuple):
    """How a symbol begins after its root; intervals in semitones above the root."""

    spelling: str  # regular expression
    third: int | None
    fifth: int
    seventh: int  # the one that a 7, 9, 11 or 13 brings
    has_seventh: bool  # even when no number asks for it


# The first that fits is taken. `ma` must not swallow the beginning of `maug` and `madd9`.
_QUALITIES: Final = (
    _Quality(r"(?i:maj(?:or)?|ma(?![ud]))|M(?![iI])", 4, 7, 11, False),
    _Quality(r"[\^j]", 4, 7, 11, True),
    _Quality(r"(?i:min(?:or)?|mi)|m|-", 3, 7, 10, False),
    _Quality(r"(?i:dim)|o|0", 3, 6, 9, False),
    _Quality(r"ø|h", 3, 6, 10, True),
    _Quality(r"(?i:aug)5?|\+5?", 4, 8, 10, False),
    _Quality(r"5$", None, 7, 10, False),
    _Quality(r"", 4, 7, 10, False),
)

# Numbers and what they add: degree -> semitones above the root. Degrees name the places in the
# stack of thirds; 2 and 4 are the places that hold what stands beside or instead of the third.
_NATURAL: Final = {"2": 2, "3": 4, "4": 5, "6": 9, "9": 2, "11": 5, "13": 9}
_ALTERED: Final = {
    "b5": (5, 6),
    "#5": (5, 8),
    "b6": (6, 8),
    "b9": (9, 1),
    "#9": (9, 3),
    "#4": (11, 6),
    "#11": (11, 6),
    "b13": (13, 8),
}
_ALTERED_DOMINANT: Final = {1: {0}, 3: {4}, 7: {10}, 9: {1, 3}, 11: {6}, 13: {8}}

_MODIFIER: Final = re.compile(
    r"""
      (?P<altered>[b-](?:5|9)|b6|b13|[#+](?:5|9|11)|\#4)
    | (?P<number>13|11|9|7|6|2)
    | (?P<delta>[\^j])
    | (?P<major>(?i:maj(?:or)?|ma)|M)
    | (?P<augmented>(?i:aug)|\+)
    | (?i:sus)(?P<suspended>24|2|4|)
    | (?i:add)(?P<added>b9|\#9|\#11|b13|13|11|9|6|4|3|2)
    | (?i:no|omit)(?P<omitted>3|5|7|9|11)
    | (?P<altered_dominant>(?i:alt))
    | (?P<separator>[(,/](?!$)|\))
    """,
    re.VERBOSE,
)
_SYMBOL: Final = re.compile(r"(?P<root>[A-G][b#]?)(?P<quality>.*?)(?:/(?P<bass>[A-G][b#]?))?")
_NO_CHORD_SPELLINGS: Final = frozenset({"nc", "n.c.", "n.c", "n"})
_SIGNS: Final = str.maketrans("♭♯△Δ°ºØ−–", "b#^^ooø--")
# As the Weimar Jazz Database spells extensions. A 6 belongs to it only before 911: elsewhere
# `69#11` is a lead sheet's 6/9 chord with a #11.
_WRITTEN_OUT: Final = re.compile(
    r"(?P<base>7|6(?=911))(?=9|11|13)(?:9(?P<ninth>[b#]?))?(?:11(?P<eleventh>[b#]?))?"
    r"(?:13(?P<thirteenth>[b#]?))?"
)
_EXAMPLES: Final = "Cm7, F#7b9, Bb^7, Dø, Ebo7, G7sus4, Aalt or C/E"


class _Stack:
    """The tones of a chord while its symbol is read: the semitones that stand at each degree."""

    def __init__(self, quality: _Quality) -> None:
        self.degrees: dict[int, set[int]] = {1: {0}, 5: {quality.fifth}}
        if quality.third is not None:
            self.degrees[3] = {quality.third}
        self.seventh = quality.seventh
        self.numbered = False
        if quality.has_seventh:
            self.degrees[7] = {self.seventh}

    def number(self, number: str) -> None:
        """Adds a plain number; the first one in the symbol brings the thirds below it along."""
        degree = int(number)
        if degree >= 7 and not self.numbered:
            self.degrees[7] = {self.seventh}
            if degree > 7:
                self.degrees.setdefault(9, {2})
        self.numbered = True
        if degree == 7:
            self.degrees[7] = {self.seventh}
            return
        if degree == 11 and self.degrees.get(3) == {4}:
            del self.degrees[3]
        self.degrees.setdefault(degree, set()).add(_NATURAL[number])

    def alter(self, spelling: str) -> None:
        """Adds an altered tone in the place of the natural one."""
        degree, semitones = _ALTERED[spelling.replace("-", "b").replace("+", "#")]
        tones = self.degrees.setdefault(degree, set())
        tones.discard(7 if degree == 5 else _NATURAL[str(degree)])
        tones.add(semitones)

    def add(self, spelling: str) -> None:
        """Adds one tone and nothing else."""
        if spelling in _ALTERED:
            self.alter(spelling)
        else:
            self.degrees.setdefault(int(spelling), set()).add(_NATURAL[spelling])

    def suspend(self, by: str) -> None:
        """Puts the fourth (or the second, or both) in the place of the third."""
        self.degrees.pop(3, None)
        for number in by or "4":
            self.degrees[int(number)] = {_NATURAL[number]}

    def raise_seventh(self, *, now: bool) -> None:
        """Makes the seventh major: the one to come and one that is there; `now` brings it."""
        self.seventh = 11
        if now or 7 in self.degrees:
            self.degrees[7] = {11}

    @property
    def tones(self) -> int:
        """Bit mask of the tones above a root of 0."""
        return sum({1 << tone for tones in self.degrees.values() for tone in tones})


def chord_of_notes(names: Sequence[str]) -> Chord:
    """Exactly these notes, the lowest first, whatever symbol they would go by.

    Args:
        names: note names such as `Eb`, at least one; the first is root and bass.

    Raises:
        ChordError: when one of them is not a note name.
    """
    if unknown := [name for name in names if not re.fullmatch("[A-G][b#]?", name)]:
        raise ChordError(f"no such note: {unknown[0]!r}")
    pitch_classes = [pitch_class(name) for name in names]
    tones = sum(1 << p for p in set(pitch_classes))
    return Chord(f"({'-'.join(names)})", pitch_classes[0], pitch_classes[0], tones)


@lru_cache(maxsize=4096)
def parse_chord(symbol: str) -> Chord:
    """Reads a chord symbol.

    Args:
        symbol: such as `Dm7`, `D-7`, `G79b13b`, `C^7#11`, `Bb6/9`, `F#ø`, `C/E` or `N.C.`; the
            module's docstring says which spellings are read and what they mean. Space around
            it is dropped.

    Raises:
        ChordError: the symbol cannot be read; the message says which part of it.
    """
    symbol = symbol.strip()
    if symbol.casefold() in _NO_CHORD_SPELLINGS:
        return NO_CHORD
    parts = _SYMBOL.fullmatch(_plain(symbol))
    if parts is None:
        what = f"{symbol[0]!r} is no root (a letter A to G)" if symbol else "it is empty"
        raise ChordError(f"cannot read chord {symbol!r}: {what}; write it like {_EXAMPLES}")
    root = pitch_class(parts["root"])
    bass = root if parts["bass"] is None else pitch_class(parts["bass"])
    return Chord(symbol, root, bass, _rotated(_tones(symbol, parts["quality"]), root))


def _tones(symbol: str, quality: str) -> int:
    """Bit mask, above a root of 0, of what stands between the root and a slash bass."""
    stack, at = _begin(quality)
    while at < len(quality):
        modifier = _MODIFIER.match(quality, at)
        if modifier is None:
            raise ChordError(
                f"cannot read chord {symbol!r}: {quality[at:]!r} is no quality, extension or "
                f"bass; write it like {_EXAMPLES}"
            )
        kind, text = str(modifier.lastgroup), modifier[str(modifier.lastgroup)]
        match kind:
            case "number":
                stack.number(text)
            case "altered":
                stack.alter(text)
            case "added":
                stack.add(text)
            case "suspended":
                stack.suspend(text)
            case "omitted":
                stack.degrees.pop(int(text), None)
            case "major" | "delta":
                stack.raise_seventh(now=kind == "delta")
            case "augmented":
                stack.degrees[5] = {8}
            case "altered_dominant":
                stack.degrees = {degree: set(tones) for degree, tones in _ALTERED_DOMINANT.items()}
        at = modifier.end()
    return stack.tones


def _begin(quality: str) -> tuple[_Stack, int]:
    """The triad (or seventh chord) with which a quality begins, and how much of it was read."""
    for row in _QUALITIES:
        head = re.match(row.spelling, quality)
        if head is not None:
            return _Stack(row), head.end()
    raise AssertionError("the last row fits everything")


def _plain(symbol: str) -> str:
    """The symbol with ASCII signs, and with accidentals before their numbers."""

    def accidentals_first(match: re.Match[str]) -> str:
        extensions = (("9", match["ninth"]), ("11", match["eleventh"]), ("13", match["thirteenth"]))
        numbers = [sign + number for number, sign in extensions if sign is not None]
        return ",".join([match["base"], *numbers])

    return _WRITTEN_OUT.sub(accidentals_first, symbol.translate(_SIGNS))


def _rotated(tones: int, semitones: int) -> int:
    """The bit mask `semitones` higher."""
    up = semitones % 12
    return (tones << up | tones >> (12 - up)) & _ALL_TONES
