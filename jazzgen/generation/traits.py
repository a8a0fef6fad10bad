"""Traits: what can be said of a value at the moment it is drawn, as numbers.

A trait is a small fact about a candidate in its place: that it lands on a chord tone, that it
completes a group of intervals heard before, that it makes the next step as long as the last.
Calibration (`jazzgen.generation.calibration`) counts them in players' solos and in a model's. They
are worked out for many solos at once, each a row of every array.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import EVENT
from jazzgen.encoding.interval import FIRST_LENGTH, LENGTHS, MAX_LEAP, REST
from jazzgen.generation.forms import CHORD_TRAITS, Forms, Indices
from jazzgen.generation.groups import LEAPS, MOTIFS, STEPS, Groups
from jazzgen.music.ticks import TICKS_PER_BEAT

Table = npt.NDArray[np.float64]
Column = tuple[int, npt.NDArray[np.generic]]
"""A trait's number, and what it says of all candidates of all rows (or what broadcasts to it)."""

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

_LONG_RUN: Final = 24
"""Notes without a rest from which on a phrase is long."""

_SETTLED: Final = 16
"""Notes after which a solo has a range."""

EVENT_TRAITS: Final = (
    *CHORD_TRAITS[:3],
    *(f"degree {name}" for name in CHORD_TRAITS[3:]),
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

_EVENT: Final = {name: k for k, name in enumerate(EVENT_TRAITS)}
_LENGTH: Final = {name: k for k, name in enumerate(LENGTH_TRAITS)}

_LEAPS: Final = np.arange(-MAX_LEAP, MAX_LEAP + 1)
CLASSES: Final = (_LEAPS + np.arange(12)[:, None]) % 12
"""Pitch classes `(12, 49)` of the leaps from a note of each pitch class."""
_TICKS: Final = np.array(LENGTHS)
_INDEX: Final = np.full(LENGTHS[-1] + 2, -1)  # of a length in ticks among LENGTHS
_INDEX[_TICKS] = np.arange(len(LENGTHS))
_RING: Final = 4 * _BAR + TICKS_PER_BEAT  # ticks for which pitches are kept by their onset
_AWAY: Final = -(10**9)  # a tick long before every other


def _of_leaps() -> Table:
    """Traits `(50, n)` that say the same of a leap everywhere."""
    table = np.zeros((REST + 1, len(EVENT_TRAITS)))
    for low, high in _SIZES:
        name = f"leap of {low}" if low == high else f"leap of {low}-{high}"
        table[:REST, _EVENT[name]] = (np.abs(_LEAPS) >= low) & (np.abs(_LEAPS) <= high)
    table[MAX_LEAP + 1 : REST, _EVENT["up"]] = 1
    table[REST, _EVENT["rest"]] = 1
    return table


def _of_lengths() -> Table:
    """Traits `(48, 27, n)` of lengths that say the same wherever a place of the beat comes again.

    The first row of every two is for notes, the second for rests.
    """
    table = np.zeros((TICKS_PER_BEAT, 2, len(LENGTHS), len(LENGTH_TRAITS)))
    after = (np.arange(TICKS_PER_BEAT)[:, None] + _TICKS) % TICKS_PER_BEAT
    on_beat, on_half = after == 0, after == TICKS_PER_BEAT // 2
    for k, (low, high) in enumerate(_SPANS):
        table[:, 0, :, k] = (low <= _TICKS) & (high >= _TICKS)
    for name, column in (
        ("short rest", _TICKS < TICKS_PER_BEAT),
        ("rest of a beat or more", _PAUSE),
    ):
        table[:, 1, :, _LENGTH[name]] = column
    table[:, 1, :, _LENGTH["rest of two beats or more"]] = _TICKS >= 2 * TICKS_PER_BEAT
    for name, places in (("beat", on_beat), ("half beat", on_half)):
        table[..., _LENGTH[f"ends on the {name}"]] = places[:, None]
        table[:, 1, :, _LENGTH[f"rest ends on the {name}"]] = places
    return table.reshape(-1, *table.shape[2:])


_PAUSE: Final = _TICKS >= TICKS_PER_BEAT
OF_LEAPS: Final = _of_leaps()
"""Event traits `(50, n)` as far as they say the same everywhere."""
OF_LENGTHS: Final = _of_lengths()
"""Length traits `(48, 27, n)` that go by the place in the beat alone; see `length_rows`."""
_REST_ONLY: Final = np.arange(REST + 1) == REST
_UNISON_ONLY: Final = np.arange(REST + 1) == MAX_LEAP


_ARRAYS: Final = (
    *("_onset", "_heard", "_pitch", "_pitch_onset", "_lowest", "_highest", "_middle"),
    *("_notes", "_run", "_phrase", "_resting"),
)


class Traits:
    """The traits of every candidate while solos in the interval encoding are drawn.

    Args:
        forms: what they are played over.
        rows: how many solos.
    """

    def __init__(self, forms: Forms, rows: int = 1) -> None:
        self._forms = forms
        self._groups = Groups(rows, 4, _LONG_AGO)
        self._onset = np.zeros(rows, dtype=np.int64)
        self._heard = np.full((rows, 12), _AWAY)  # last onset of each pitch class
        self._pitch = np.zeros((rows, _RING), dtype=np.int64)
        self._pitch_onset = np.full((rows, _RING), _AWAY)
        self._lowest = np.full(rows, 127)
        self._highest = np.zeros(rows, dtype=np.int64)
        self._middle = np.zeros(rows)
        self._notes = np.zeros(rows, dtype=np.int64)
        self._run = np.zeros(rows, dtype=np.int64)  # notes since the last rest
        self._phrase = np.zeros(rows, dtype=np.int64)  # ... since the last rest of a beat or more
        self._resting = np.zeros(rows, dtype=np.bool_)

    def _arrays(self) -> Iterator[npt.NDArray[np.generic]]:
        """Everything but the groups."""
        for name in (
            *("_onset", "_heard", "_pitch", "_pitch_onset", "_lowest", "_highest"),
            *("_middle", "_notes", "_run", "_phrase", "_resting"),
        ):
            yield getattr(self, name)

    def put(self, row: int, other: "Traits", other_row: int = 0) -> None:
        """Takes over a row of other traits."""
        for name in _ARRAYS:
            getattr(self, name)[row] = getattr(other, name)[other_row]
        self._groups.put(row, other._groups, other_row)

    def shrink(self, rows: int) -> None:
        """Goes on with the first rows alone."""
        for name in _ARRAYS:
            setattr(self, name, getattr(self, name)[:rows])
        self._groups.shrink(rows)

    def of_classes(self, tick: Indices) -> Iterator[Column]:
        """Event traits that say the same of all notes of a pitch class, bool `(B, 12)`."""
        since = tick[:, None] - self._heard
        yield _EVENT["heard in this bar"], since < _BAR
        yield _EVENT["heard in four bars"], since < 4 * _BAR

    def of_events(self, tick: Indices, reference: Indices) -> Iterator[Column]:
        """All other event traits, `(B, 50)`.

        Args:
            tick: `(B,)`, where the value is due.
            reference: `(B,)`, the pitch that sounded last.
        """
        pitches = np.empty((len(tick), REST + 1), dtype=np.int64)
        pitches[:, :REST] = reference[:, None] + _LEAPS
        pitches[:, REST] = -1000  # a rest is like no pitch
        groups, note = self._groups, pitches >= -500
        leaps = groups.leaps
        unisons = (groups.count >= 2) & (leaps[:, 0] == 0) & (leaps[:, 1] == 0)
        yield _EVENT["unison after unisons"], unisons[:, None] & _UNISON_ONLY
        last = leaps[:, :1]
        turns = note & ((pitches - reference[:, None]) * last < 0)
        yield _EVENT["turn"], turns
        yield _EVENT["turn after a leap"], turns & (np.abs(last) > 4)
        any_notes = note & (self._notes > 0)[:, None]
        away = np.where(any_notes, (pitches - self._middle[:, None]) / 12, 0.0)
        yield _EVENT["away from the middle"], np.minimum(away * away, 4.0)
        yield _EVENT["over an octave away"], np.abs(away) > 1
        beyond = (pitches < self._lowest[:, None]) | (pitches > self._highest[:, None])
        settled = note & (self._notes >= _SETTLED)[:, None]
        yield _EVENT["beyond the range so far"], beyond & settled
        again = groups.again(LEAPS, leaps + MAX_LEAP, REST + 1, tick)
        for size, name in enumerate(("second", "third", "fourth", "fifth"), start=1):
            yield _EVENT[f"{name} interval again"], again >= size
        again = groups.again(MOTIFS, leaps + MAX_LEAP, REST + 1, tick)
        yield _EVENT["motif again"], again >= 2
        rows = np.arange(len(tick))
        for bars, name in ((1, "as a bar ago"), (4, "as four bars ago")):
            at = tick - bars * _BAR
            there = self._pitch_onset[rows, at % _RING] == at
            before = np.where(there, self._pitch[rows, at % _RING], -1)
            yield _EVENT[name], pitches == before[:, None]
        for name, when in (
            ("rest after one note", self._run == 1),
            ("rest after few notes", self._run < 4),
            ("rest after many notes", self._run > _LONG_RUN),
            ("rest on the beat", tick % TICKS_PER_BEAT == 0),
        ):
            yield _EVENT[name], when[:, None] & _REST_ONLY

    def of_lengths(self, places: Indices, tick: Indices) -> Iterator[Column]:
        """Traits of lengths beside those of `length_rows`, bool `(B, 27)`.

        Args:
            places: `(B,)`, where the values are due, in `Forms`.
            tick: `(B,)`, the same in ticks.
        """
        since = tick - self._onset
        groups, far = self._groups, since[:, None] + _TICKS  # if a note follows
        steps = groups.steps
        same = (groups.count > 0)[:, None] & (far == steps[:, :1])
        yield _LENGTH["as far as the last"], same
        twice = (groups.count > 1) & (steps[:, 0] == steps[:, 1])
        yield _LENGTH["as far as the last two"], same & twice[:, None]
        lengths = np.clip(steps - since[:, None], 0, LENGTHS[-1] + 1)
        again = groups.again(STEPS, _INDEX[lengths], len(LENGTHS), tick)
        for size, name in ((2, "third"), (3, "fourth"), (4, "fifth")):
            yield _LENGTH[f"{name} step again"], again >= size
        yield _LENGTH["ends on a bar line"], self._forms.lines[places[:, None] + _TICKS]
        for name, when in (
            ("pause after one note", self._phrase == 1),
            ("pause after few notes", self._phrase < 4),
            ("pause after many notes", self._phrase > _LONG_RUN),
        ):
            yield _LENGTH[name], _PAUSE & (when & self._resting)[:, None]

    def length_rows(self, tick: Indices) -> Indices:
        """Rows `(B,)` of `OF_LENGTHS` for lengths that are due at `tick`."""
        return 2 * (tick % TICKS_PER_BEAT) + self._resting

    def table(self, places: Indices, tick: Indices, phase: int, reference: Indices) -> Table:
        """Traits of all candidates of all rows.

        Args:
            places: `(B,)`, where the values are due, in `Forms`.
            tick: `(B,)`, the same in ticks.
            phase: `EVENT` or `LENGTH`.
            reference: `(B,)`, the pitch that sounded last.

        Returns:
            float64 `(B, 50, len(EVENT_TRAITS))` for the leaps -24 to 24 and a rest, or
            `(B, 27, len(LENGTH_TRAITS))` for the lengths.
        """
        if phase != EVENT:
            table = OF_LENGTHS[self.length_rows(tick)]
            for k, column in self.of_lengths(places, tick):
                table[:, :, k] = column
            return table
        table = np.tile(OF_LEAPS, (len(tick), 1, 1))
        rows, classes = np.arange(len(tick))[:, None], CLASSES[reference % 12]
        chords = self._forms.classes[self._forms.chord[places]].transpose(1, 0, 2)
        for k, of_class in (*enumerate(chords), *self.of_classes(tick)):
            table[:, :REST, k] = of_class[rows, classes]
        for k, column in self.of_events(tick, reference):
            table[:, :, k] = column
        return table

    def push(self, values: Indices, tick: Indices, phase: int, reference: Indices) -> None:
        """Takes values that were drawn.

        Args:
            values: `(B,)`.
            tick: `(B,)`, where they were due.
            phase: what they are, `EVENT` or `LENGTH`.
            reference: `(B,)`, the pitches that sound now.
        """
        if phase != EVENT:
            self._phrase[self._resting & _PAUSE[values - FIRST_LENGTH]] = 0
            return
        self._resting = values == REST
        self._run[self._resting] = 0
        rows = np.flatnonzero(values < REST)
        at, pitch, leap = tick[rows], reference[rows], values[rows] - MAX_LEAP
        later = self._notes[rows] > 0
        again, then = rows[later], at[later]
        step = then - self._onset[again]
        self._groups.push(again, leap[later], step, then)
        self._onset[rows] = at
        self._notes[rows] += 1
        # The last thirty notes or so, in the mean.
        away = pitch - self._middle[rows]
        self._middle[rows] += away / np.minimum(self._notes[rows], 30)
        self._heard[rows, pitch % 12] = at
        self._pitch[rows, at % _RING] = pitch
        self._pitch_onset[rows, at % _RING] = at
        self._lowest[rows] = np.minimum(self._lowest[rows], pitch)
        self._highest[rows] = np.maximum(self._highest[rows], pitch)
        self._run[rows] += 1
        self._phrase[rows] += 1
