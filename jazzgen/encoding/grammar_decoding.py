"""From the grammar's values back to notes."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from jazzgen.encoding.base import EVENT, START_PITCH, BoolArray
from jazzgen.encoding.grammar_harmony import REST, categories, interval_semitones
from jazzgen.encoding.grammar_rhythm import nearest
from jazzgen.encoding.vocabulary import END, N_VALUES, UNKNOWN, Vocabulary
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Note, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

PITCH_RANGE: Final = (48, 88)
"""Lowest and highest MIDI pitch that is drawn: a horn's range, C3 to E6."""

REACH: Final = 7
"""Semitones (a fifth) up and down within which a note without bounds is drawn."""

_TOKEN = re.compile(r"([CSAXR]),(\d+\.\d{3})(?:,<([^,<>]+),([^,<>]+)>)?")


class Token(NamedTuple):
    """A value taken apart.

    Attributes:
        category: `C`, `S`, `A`, `X` or `R`.
        length: ticks.
        bounds: lowest and highest leap from the note before, in semitones; None for a rest and
            for the first note of a bar.
    """

    category: str
    length: int
    bounds: tuple[int, int] | None


def parse_token(text: str) -> Token:
    """Reads a value such as `C,0.333,<P4,m-2>`.

    Raises:
        ValueError: when it is none.
    """
    match = _TOKEN.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a value of the grammar")
    category, beats, upper, lower = match.groups()
    # Thirds are written with three decimals: .333 is 7.992 ticks.
    length = round(float(beats) * TICKS_PER_BEAT)
    if length < 1:
        raise ValueError(f"{text!r} has no length")
    if upper is None:
        return Token(category, length, None)
    low, high = sorted((interval_semitones(lower), interval_semitones(upper)))
    return Token(category, length, (low, high))


class Harmony:
    """Which notes the changes call chord, scale, approach and other tones, tick by tick."""

    def __init__(self, changes: Changes) -> None:
        self._starts = changes.starts.tolist()
        self._bar_lines = changes.bar_lines.tolist()
        self._chords = changes.chords
        self._categories = [categories(chord.tones, chord.bass) for chord in changes.chords]

    def at(self, tick: int) -> str:
        """Twelve categories, C to B, over the chord at `tick`.

        Where no chord sounds, the next one of the same bar counts already, as in deepjazz.
        """
        index = bisect_right(self._starts, tick) - 1
        if not self._chords[index].tones:
            bar = self._bar_lines[bisect_right(self._bar_lines, tick) :][:1]
            for later in range(index + 1, len(self._chords)):
                if not bar or self._starts[later] >= bar[0]:
                    break
                if self._chords[later].tones:
                    return self._categories[later]
        return self._categories[index]


class GrammarDecoder:
    """Turns the grammar's values into notes, one at a time; see `jazzgen.encoding.base.Decoder`.

    A note is drawn, all being equally likely, among the pitches of the range that lie within the
    value's bounds around the pitch before (without bounds: within a fifth of it) and have its
    category over the chord. Where none fits, the one with the category that lies nearest to the
    middle of the bounds is taken, the lower of two; where the chord leaves the category empty,
    any pitch within the bounds.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        tokens: Sequence[Token | None],
        changes: Changes,
        *,
        rng: np.random.Generator,
        start_pitch: int = START_PITCH,
        pitch_range: tuple[int, int] = PITCH_RANGE,
    ) -> None:
        self.tick = 0
        self.reference = start_pitch
        self.phase = EVENT
        self.ended = False
        self._symbols = vocabulary.symbols
        self._tokens = tokens
        self._harmony = Harmony(changes)
        self._rng = rng
        self._range = pitch_range
        self._notes: list[Note] = []
        self._mask = np.zeros(N_VALUES, dtype=np.bool_)
        self._mask[: len(self._symbols)] = [symbol != UNKNOWN for symbol in self._symbols]

    def allowed(self) -> BoolArray:
        """Every note, rest and the end; `<UNK>` and the empty columns never."""
        return np.zeros(N_VALUES, dtype=np.bool_) if self.ended else self._mask.copy()

    def push(self, value: int) -> None:
        """Takes the next value; raises ValueError when it cannot follow."""
        if self.ended or not (0 <= value < N_VALUES and self._mask[value]):
            raise ValueError(f"value {value} cannot follow here")
        token = self._tokens[value]
        if token is None:
            self.ended = self._symbols[value] == END
            return
        if token.category != REST:
            self.reference = self._draw(token)
            self._notes.append(Note(self.tick, token.length, self.reference))
        self.tick += token.length

    def notes(self) -> Notes:
        """The notes so far."""
        return Notes.of(self._notes)

    def _draw(self, token: Token) -> int:
        # Encoding judges a note where the grid puts it; so does decoding, or an odd sum of
        # triplets and sixteenths just ahead of a chord would change category when spelled again.
        over = self._harmony.at(nearest(self.tick))
        lowest, highest = self._range
        down, up = token.bounds or (-REACH, REACH)
        low, high = self.reference + down, self.reference + up
        near = range(max(low, lowest), min(high, highest) + 1)
        fitting = [p for p in near if over[p % 12] == token.category]
        if not fitting:
            fitting = [p for p in range(lowest, highest + 1) if over[p % 12] == token.category]
            if fitting:
                return min(fitting, key=lambda p: (abs(2 * p - low - high), p))
            fitting = list(near) or [min(max(low, lowest), highest)]
        return fitting[int(self._rng.integers(len(fitting)))]
