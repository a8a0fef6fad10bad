"""The changes of a solo laid out in time: which chord sounds when, and where the bars begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jazzgen.music.chords import NO_CHORD, Chord, chord_of_notes, parse_chord
from jazzgen.music.notes import IntArray
from jazzgen.music.ticks import TICKS_PER_BEAT


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Chords and bar lines from tick 0 to the end of the last bar.

    Attributes:
        chords: the chords in order; neighbours may be equal. At least one (`NO_CHORD` for a
            solo without accompaniment).
        starts: int32 `(len(chords),)`, the tick at which each chord begins; the first is 0.
        bar_lines: int32 `(bars + 1,)`, the ticks of all bar lines, from 0 to the end of the last
            bar, strictly increasing.
        metre: how bars are counted, such as (6, 8), where it is known; of bars of another length
            it says nothing.
    """

    chords: tuple[Chord, ...]
    starts: IntArray
    bar_lines: IntArray
    metre: tuple[int, int] | None = None

    @classmethod
    def build(
        cls,
        chords: Sequence[tuple[int, Chord]],
        bar_lines: Sequence[int],
        metre: tuple[int, int] | None = None,
    ) -> "Changes":
        """Gathers chords with their start ticks; what comes before the first is `NO_CHORD`."""
        rows = sorted(chords, key=lambda row: row[0])
        if not rows or rows[0][0] > 0:
            rows.insert(0, (0, NO_CHORD))
        return cls(
            chords=tuple(chord for _, chord in rows),
            starts=np.array([start for start, _ in rows], dtype=np.int32),
            bar_lines=np.array(bar_lines, dtype=np.int32),
            metre=metre,
        )

    @classmethod
    def unaccompanied(cls, bars: int, beats_per_bar: int = 4) -> "Changes":
        """Bars without any chord."""
        bar = beats_per_bar * TICKS_PER_BEAT
        return cls.build([(0, NO_CHORD)], range(0, (bars + 1) * bar, bar))

    @property
    def bars(self) -> int:
        """Number of bars."""
        return len(self.bar_lines) - 1

    @property
    def end(self) -> int:
        """Tick at which the last bar ends."""
        return int(self.bar_lines[-1])

    def without_chords(self) -> "Changes":
        """The same bars in silence."""
        return Changes.build([(0, NO_CHORD)], self.bar_lines.tolist(), self.metre)

    def repeated(self, *, bars: int | None = None, choruses: int | None = None) -> "Changes":
        """Lays the form end to end.

        Args:
            bars: exactly so many bars, at least 1: the form is cut or begun again.
            choruses: so many times the whole form, at least 1; 1 when neither is given.

        Raises:
            ValueError: both are given, or less than 1.
        """
        if bars is not None and choruses is not None:
            raise ValueError("give bars or choruses, not both")
        count = bars if bars is not None else self.bars * (1 if choruses is None else choruses)
        if count < 1:
            raise ValueError("a solo takes at least one bar")
        times, rest = divmod(count, self.bars)
        lines = [
            time * self.end + line for time in range(times) for line in self.bar_lines[:-1].tolist()
        ]
        lines += [times * self.end + line for line in self.bar_lines[: rest + 1].tolist()]
        chords = [
            (time * self.end + start, chord)
            for time in range(times + 1)
            for start, chord in zip(self.starts.tolist(), self.chords, strict=True)
            if time * self.end + start < lines[-1]
        ]
        return Changes.build(chords, lines, self.metre)

    def cut(self, bars: int) -> "Changes":
        """The first `bars` bars, at least 1; all of them where there are no more."""
        return self if bars >= self.bars else self.repeated(bars=bars)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with chords by symbol, lengths of bars in ticks, and metre."""
        return {
            "chords": [
                [start, chord.symbol]
                for start, chord in zip(self.starts.tolist(), self.chords, strict=True)
            ],
            "bar_ticks": np.diff(self.bar_lines).tolist(),
            "metre": self.metre,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Changes":
        """Reads what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: when it is damaged.
        """
        rows = [(int(start), _chord(symbol)) for start, symbol in data["chords"]]
        metre = data["metre"]
        if metre is not None:
            numerator, denominator = map(int, metre)
            metre = numerator, denominator
        return cls.build(rows, np.cumsum([0, *data["bar_ticks"]]).tolist(), metre)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Changes):
            return NotImplemented
        return (
            self.chords == other.chords
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.bar_lines, other.bar_lines)
            and self.metre == other.metre
        )

    __hash__ = None  # type: ignore[assignment]

    def index_at(self, ticks: IntArray) -> IntArray:
        """Index into `chords` of the chord that sounds at each of `ticks` (int32, any shape)."""
        return (np.searchsorted(self.starts, ticks, side="right") - 1).astype(np.int32)

    def at(self, tick: int) -> Chord:
        """The chord that sounds at `tick`; past the end, the last one."""
        return self.chords[int(np.searchsorted(self.starts, tick, side="right")) - 1]


def _chord(symbol: str) -> Chord:
    if symbol == NO_CHORD.symbol:
        return NO_CHORD
    if symbol.startswith("("):
        return chord_of_notes(symbol[1:-1].split("-"))
    return parse_chord(symbol)
