"""Traits: what can be said of a value at the moment it is drawn, as numbers.

A trait is a small fact about a candidate in its place: that it lands on a chord tone, that it
completes a group of intervals heard before, that it makes the next step as long as the last.
Calibration (`jazzgen.generation.calibration`) counts them in players' solos and in a model's.
"""

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import EVENT
from jazzgen.encoding.interval import END, FIRST_LENGTH, LENGTHS, MAX_LEAP, REST
from jazzgen.music.changes import Changes
from jazzgen.music.chord_scales import scale_tones
from jazzgen.music.ticks import TICKS_PER_BEAT

Table = npt.NDArray[np.float64]

_BAR: Final = 4 * TICKS_PER_BEAT
_LONG_AGO: Final = 8 * _BAR
"""Ticks beyond which a group of intervals or steps is not remembered."""

_SIZES: Final = ((0, 0), (2, 2), (3, 4), (5, 7), (8, 11), (12, 12), (13, 24))
"""Sizes of leaps in semitones, each a trait; a semitone is what they are measured against."""

_SPANS: Final = (
    *(
        (1, 3),
        (4, 4),
        (5, 6),
        (7, 8),
        (9, 10),
        (14, 16),
        (18, 20),
        (24, 30),
        (32, 48),
        (60, 72),
        (84, 96),
    ),
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
    *(
        "unison after unisons",
        "turn",
        "turn after a leap",
        "heard in this bar",
        "heard in four bars",
    ),
    *("away from the middle", "over an octave away", "beyond the range so far", "up"),
    *("second interval again", "third interval again", "fourth interval again"),
    *("fifth interval again", "motif again", "as a bar ago", "as four bars ago"),
    *("rest", "rest after one note", "rest after few notes", "rest after many notes"),
    *("rest on the beat",),
)
"""Of notes and rests, in order."""

LENGTH_TRAITS: Final = (
    *(f"length {low}-{high}" for low, high in _SPANS),
    *("as far as the last", "as far as the last two", "third step again"),
    *(
        "fourth step again",
        "fifth step again",
        "ends on the beat",
        "ends on the half beat",
        "ends on a bar line",
    ),
    *("short rest", "rest of a beat or more", "rest of two beats or more"),
    *("rest ends on the beat", "rest ends on the half beat"),
    *("pause after one note", "pause after few notes", "pause after many notes"),
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
        self._steps: list[int] = []  # ticks from onset to onset
        self._figures: list[int] = []  # leap and step in one number
        self._leap_groups = _Groups()
        self._step_groups = _Groups()
        self._motifs = _Groups()
        self._onset = 0
        self._heard: deque[tuple[int, int]] = deque()
        self._pitch_at: dict[int, int] = {}
        self._range = (127, 0)
        self._middle = 0.0
        self._notes = 0
        self._run = 0  # notes since the last rest
        self._phrase = 0  # notes since the last rest of a beat or more
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
        table[MAX_LEAP, next(column)] = self._leaps[-2:] == [0, 0]
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
        for size in (1, 2, 3, 4):
            again = self._leap_groups.after(self._leaps[-size:], size, tick)
            table[np.array(again, dtype=np.intp) + MAX_LEAP, next(column)] = 1
        again = self._motifs.after(self._figures[-2:], 2, tick)
        table[np.array(again, dtype=np.intp) + MAX_LEAP, next(column)] = 1
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
        figures = [next(column) for _ in range(5)]
        if not self._resting:
            table[:, spans] = _SPAN_TABLE
        if self._steps:
            steps = after - self._onset  # if a note follows
            same = self._steps[-1] == steps
            table[:, figures[0]] = same
            if len(self._steps) > 1 and self._steps[-2] == self._steps[-1]:
                table[:, figures[1]] = same
            for at, size in zip(figures[2:], (2, 3, 4), strict=True):
                again = self._step_groups.after(self._steps[-size:], size, tick)
                table[:, at] = np.isin(steps, again)
        table[:, next(column)] = on_beat
        table[:, next(column)] = on_half
        table[:, next(column)] = np.isin(after, self._changes.bar_lines)
        if self._resting:
            table[:, next(column)] = _TICKS < TICKS_PER_BEAT
            table[:, next(column)] = _TICKS >= TICKS_PER_BEAT
            table[:, next(column)] = _TICKS >= 2 * TICKS_PER_BEAT
            table[:, next(column)] = on_beat
            table[:, next(column)] = on_half
            pause = _TICKS >= TICKS_PER_BEAT
            table[:, next(column)] = pause & (self._phrase == 1)
            table[:, next(column)] = pause & (self._phrase < 4)
            table[:, next(column)] = pause & (self._phrase > _LONG_RUN)
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
                step = tick - self._onset
                for size in (1, 2, 3, 4):
                    self._leap_groups.add(self._leaps[-size:], size, leap, tick)
                for size in (2, 3, 4):
                    self._step_groups.add(self._steps[-size:], size, step, tick)
                self._motifs.add(self._figures[-2:], 2, leap, tick)
                self._leaps.append(leap)
                self._steps.append(step)
                self._figures.append(100 * step + leap)
            self._onset = tick
            self._notes += 1
            # The last thirty notes or so, in the mean.
            self._middle += (reference - self._middle) / min(self._notes, 30)
            self._heard.append((tick, reference % 12))
            self._pitch_at[tick] = reference
            self._range = min(self._range[0], reference), max(self._range[1], reference)
            while self._heard and self._heard[0][0] <= tick - 4 * _BAR:
                self._heard.popleft()
            self._run += 1
            self._phrase += 1
            self._resting = False
        elif value == REST:
            self._run = 0
            self._resting = True
        elif self._resting and value < END and LENGTHS[value - FIRST_LENGTH] >= TICKS_PER_BEAT:
            self._phrase = 0

    def _recent(self, tick: int, ticks: int) -> npt.NDArray[np.bool_]:
        heard = np.zeros(12, dtype=np.bool_)
        for onset, pitch_class in reversed(self._heard):
            if onset <= tick - ticks:
                break
            heard[pitch_class] = True
        return heard


def _bits(mask: int) -> npt.NDArray[np.bool_]:
    return (mask >> np.arange(12) & 1).astype(np.bool_)


class _Groups:
    """What has followed groups of up to four numbers, and when last."""

    def __init__(self) -> None:
        self._followed: dict[tuple[int, ...], dict[int, int]] = {}

    def after(self, group: list[int], size: int, tick: int) -> list[int]:
        """What has followed a group of this size, not long ago."""
        followed = self._followed.get(tuple(group), {}) if len(group) == size else {}
        return [number for number, then in followed.items() if then >= tick - _LONG_AGO]

    def add(self, group: list[int], size: int, number: int, tick: int) -> None:
        """Takes what follows a group."""
        if len(group) == size:
            self._followed.setdefault(tuple(group), {})[number] = tick
