"""Traits: what can be said of a value at the moment it is drawn, as numbers.

A trait is a small fact about a candidate in its place: that it lands on a chord tone, that it
completes a group of intervals heard before, that it is as long as the note before it. Calibration
(`jazzgen.generation.calibration`) counts them in players' solos and in a model's.
"""

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import EVENT
from jazzgen.encoding.interval import FIRST_LENGTH, LENGTHS, MAX_LEAP, REST
from jazzgen.music.changes import Changes
from jazzgen.music.chord_scales import scale_tones
from jazzgen.music.ticks import TICKS_PER_BEAT

Table = npt.NDArray[np.float64]

_BAR: Final = 4 * TICKS_PER_BEAT
_LONG_AGO: Final = 8 * _BAR
"""Ticks beyond which a group of intervals or lengths is not remembered."""

_SIZES: Final = ((0, 0), (2, 2), (3, 4), (5, 7), (8, 11), (12, 24))
"""Sizes of leaps in semitones, each a trait; a semitone is what they are measured against."""

_SPANS: Final = (
    *((1, 3), (4, 4), (5, 6), (7, 8), (9, 10), (14, 16), (18, 20), (24, 30), (32, 48), (60, 96)),
)
"""Lengths in ticks, each a trait; an eighth, 12, is what they are measured against."""

_DEGREES: Final = ("root", "b9", "9", "b3", "3", "11", "#11", "5", "b13", "13", "b7", "7")

_LONG_RUN: Final = 24
"""Notes without a rest from which on a phrase is long."""

_SETTLED: Final = 16
"""Notes after which a solo has a range."""

EVENT_TRAITS: Final = (
    *("chord tone", "chord tone on the beat", "scale tone"),
    *(f"degree {name}" for name in _DEGREES),
    *(f"leap of {low}" if low == high else f"leap of {low}-{high}" for low, high in _SIZES),
    *("turn", "turn after a leap", "heard in this bar", "heard in four bars"),
    *("away from the middle", "over an octave away", "beyond the range so far", "up"),
    *("second interval again", "third interval again", "fourth interval again"),
    *("as a bar ago", "as four bars ago"),
    *("rest", "rest after one note", "rest after few notes", "rest after many notes"),
    *("rest on the beat",),
)
"""Of notes and rests, in order."""

LENGTH_TRAITS: Final = (
    *(f"length {low}-{high}" for low, high in _SPANS),
    *("as long as the last", "as long as the last two", "third length again"),
    *("fourth length again", "ends on the beat", "ends on the half beat", "ends on a bar line"),
    *("short rest", "rest of a beat or more", "rest of two beats or more"),
    *("rest ends on the beat", "rest ends on the half beat"),
)
"""Of lengths, in order."""


def _size_table() -> Table:
    table = np.zeros((REST + 1, len(_SIZES)))
    for k, (low, high) in enumerate(_SIZES):
        for leap in range(-MAX_LEAP, MAX_LEAP + 1):
            table[leap + MAX_LEAP, k] = low <= abs(leap) <= high
    return table


_LEAPS: Final = np.arange(-MAX_LEAP, MAX_LEAP + 1)
_SIZE_TABLE: Final = _size_table()
_TICKS: Final = np.array(LENGTHS)
_SPAN_TABLE: Final = np.array(
    [[low <= n <= high for low, high in _SPANS] for n in LENGTHS], dtype=np.float64
)


class Traits:
    """The traits of every candidate while a solo in the interval encoding is drawn.

    Args:
        changes: what it is played over.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._tones = [_bits(chord.tones) for chord in changes.chords]
        self._scales = [_bits(scale_tones(chord)) for chord in changes.chords]
        self._leaps: list[int] = []
        self._lengths: list[int] = []
        self._leap_groups: dict[tuple[int, ...], tuple[int, int]] = {}
        self._length_groups: dict[tuple[int, ...], tuple[int, int]] = {}
        self._heard: deque[tuple[int, int]] = deque()
        self._pitch_at: dict[int, int] = {}
        self._range = (127, 0)
        self._middle = 0.0
        self._notes = 0
        self._run = 0  # notes since the last rest
        self._resting = False

    def of(self, tick: int, phase: int, reference: int) -> Table:
        """Traits of all candidates.

        Args:
            tick: where the value is due.
            phase: `EVENT` or `LENGTH`.
            reference: the pitch that sounded last.

        Returns:
            float64 `(50, len(EVENT_TRAITS))` for the leaps -24 to 24 and a rest, or
            `(27, len(LENGTH_TRAITS))` for the lengths.
        """
        return self._events(tick, reference) if phase == EVENT else self._of_lengths(tick)

    def _events(self, tick: int, reference: int) -> Table:
        table = np.zeros((REST + 1, len(EVENT_TRAITS)))
        column = iter(range(len(EVENT_TRAITS)))
        pitches = reference + _LEAPS
        classes = pitches % 12
        chord = int(np.searchsorted(self._changes.starts, tick, side="right")) - 1
        on_beat = tick % TICKS_PER_BEAT == 0
        tones = self._tones[chord][classes]
        table[:REST, next(column)] = tones
        table[:REST, next(column)] = tones & on_beat
        table[:REST, next(column)] = self._scales[chord][classes]
        root = self._changes.chords[chord].root
        degrees = [next(column) for _ in _DEGREES]
        if root >= 0:
            table[np.arange(REST), degrees[0] + (classes - root) % 12] = 1
        sizes = [next(column) for _ in _SIZES]
        table[:, sizes] = _SIZE_TABLE
        last = self._leaps[-1] if self._leaps else 0
        turns = _LEAPS * last < 0
        table[:REST, next(column)] = turns
        table[:REST, next(column)] = turns & (abs(last) > 4)
        table[:REST, next(column)] = self._recent(tick, _BAR)[classes]
        table[:REST, next(column)] = self._recent(tick, 4 * _BAR)[classes]
        away = (pitches - self._middle) / 12 if self._notes else np.zeros(REST)
        table[:REST, next(column)] = np.minimum(away**2, 4.0)
        table[:REST, next(column)] = np.abs(away) > 1
        beyond = (pitches < self._range[0]) | (pitches > self._range[1])
        table[:REST, next(column)] = beyond & (self._notes >= _SETTLED)
        table[MAX_LEAP + 1 : REST, next(column)] = 1
        for size in (1, 2, 3):
            at = next(column)
            again = _recall(self._leap_groups, self._leaps, size, tick)
            if again is not None:
                table[again + MAX_LEAP, at] = 1
        for bars in (1, 4):
            at = next(column)
            before = self._pitch_at.get(tick - bars * _BAR)
            if before is not None:
                table[:REST, at] = pitches == before
        table[REST, next(column)] = 1
        table[REST, next(column)] = self._run == 1
        table[REST, next(column)] = self._run < 4
        table[REST, next(column)] = self._run > _LONG_RUN
        table[REST, next(column)] = on_beat
        return table

    def _of_lengths(self, tick: int) -> Table:
        table = np.zeros((len(LENGTHS), len(LENGTH_TRAITS)))
        column = iter(range(len(LENGTH_TRAITS)))
        after = tick + _TICKS
        on_beat = after % TICKS_PER_BEAT == 0
        on_half = after % TICKS_PER_BEAT == TICKS_PER_BEAT // 2
        spans = [next(column) for _ in _SPANS]
        figures = [next(column) for _ in range(4)]
        if not self._resting:
            table[:, spans] = _SPAN_TABLE
            if self._lengths:
                same = self._lengths[-1] == _TICKS
                table[:, figures[0]] = same
                if len(self._lengths) > 1 and self._lengths[-2] == self._lengths[-1]:
                    table[:, figures[1]] = same
            for at, size in zip(figures[2:], (2, 3), strict=True):
                again = _recall(self._length_groups, self._lengths, size, tick)
                if again is not None:
                    table[LENGTHS.index(again), at] = 1
        table[:, next(column)] = on_beat
        table[:, next(column)] = on_half
        table[:, next(column)] = np.isin(after, self._changes.bar_lines)
        if self._resting:
            table[:, next(column)] = _TICKS < TICKS_PER_BEAT
            table[:, next(column)] = _TICKS >= TICKS_PER_BEAT
            table[:, next(column)] = _TICKS >= 2 * TICKS_PER_BEAT
            table[:, next(column)] = on_beat
            table[:, next(column)] = on_half
        return table

    def push(self, value: int, tick: int, reference: int) -> None:
        """Takes a value that was drawn.

        Args:
            value: which.
            tick: where it was due.
            reference: the pitch that sounds now.
        """
        if value < REST:
            leap = value - MAX_LEAP
            if self._notes:
                _remember(self._leap_groups, self._leaps, leap, tick)
                self._leaps.append(leap)
            self._notes += 1
            # The last thirty notes or so, in the mean.
            self._middle += (reference - self._middle) / min(self._notes, 30)
            self._heard.append((tick, reference % 12))
            self._pitch_at[tick] = reference
            self._range = min(self._range[0], reference), max(self._range[1], reference)
            while self._heard and self._heard[0][0] <= tick - 4 * _BAR:
                self._heard.popleft()
            self._run += 1
            self._resting = False
        elif value == REST:
            self._run = 0
            self._resting = True
        elif value >= FIRST_LENGTH and not self._resting and value - FIRST_LENGTH < len(LENGTHS):
            length = LENGTHS[value - FIRST_LENGTH]
            _remember(self._length_groups, self._lengths, length, tick)
            self._lengths.append(length)

    def _recent(self, tick: int, ticks: int) -> npt.NDArray[np.bool_]:
        heard = np.zeros(12, dtype=np.bool_)
        for onset, pitch_class in reversed(self._heard):
            if onset <= tick - ticks:
                break
            heard[pitch_class] = True
        return heard


def _bits(mask: int) -> npt.NDArray[np.bool_]:
    return (mask >> np.arange(12) & 1).astype(np.bool_)


_Groups = dict[tuple[int, ...], tuple[int, int]]
"""What followed a group of one to three last time, and when."""


def _recall(groups: _Groups, past: list[int], size: int, tick: int) -> int | None:
    if len(past) < size:
        return None
    followed = groups.get(tuple(past[-size:]))
    return None if followed is None or followed[1] < tick - _LONG_AGO else followed[0]


def _remember(groups: _Groups, past: list[int], now: int, tick: int) -> None:
    for size in (1, 2, 3):
        if len(past) >= size:
            groups[tuple(past[-size:])] = now, tick
