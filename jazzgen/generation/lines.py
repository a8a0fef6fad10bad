"""Lines being drawn, many side by side: where each stands, what may follow, when it is over."""

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import EVENT, LENGTH, BoolArray, Decoder, Encoding
from jazzgen.encoding.grammar_cleanup import clean_up
from jazzgen.encoding.interval import END, FIRST_LENGTH, LENGTHS, MAX_LEAP, REST
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.generation.ending import closes, cut, hold_last
from jazzgen.generation.forms import Forms, Indices
from jazzgen.generation.sampling import Sampling
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Note, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

_LEAPS: Final = np.arange(-MAX_LEAP, MAX_LEAP + 1)
_LENGTHS: Final = np.array(LENGTHS)
_FIRST_ROOM: Final = 512


class Lines(Protocol):
    """The lines of solos played side by side, all in the same phase.

    Attributes:
        phase: of the values that are due, `EVENT` or `LENGTH`.
        place: int64 `(B,)`, where they are due in `Forms`.
        tick: int64 `(B,)`, the same in ticks of each solo.
        reference: int64 `(B,)`, the pitch of each that sounded last.
    """

    phase: int
    place: Indices
    tick: Indices
    reference: Indices

    def begin(
        self, row: int, changes: Changes, place: int, rng: np.random.Generator, phrase: Notes
    ) -> None:
        """Begins a solo in a row; all lines must be in the phase `EVENT`.

        Args:
            row: which.
            changes: what it is played over.
            place: of their tick 0.
            rng: what is left open is drawn from.
            phrase: notes that come first; perhaps none.
        """
        ...

    def move(self, to: int, row: int) -> None:
        """Puts a row in the place of another."""
        ...

    def shrink(self, rows: int) -> None:
        """Goes on with the first rows alone."""
        ...

    def allowed(self) -> BoolArray:
        """Bool `(B, 78)`: which values may follow."""
        ...

    def push(self, values: Indices) -> None:
        """Takes the next value `(B,)` of each line."""
        ...

    def over(self) -> BoolArray:
        """Bool `(B,)`: which lines have come to their end."""
        ...

    def notes(self, row: int) -> Notes:
        """What was drawn, without the phrase before it."""
        ...

    def values(self, row: int) -> tuple[int, ...]:
        """The values drawn."""
        ...


class IntervalLines:
    """Lines in the interval encoding; see `Lines`.

    Args:
        rows: how many.
        forms: what they are played over.
        start_pitch: the pitch before the first note.
        sampling: range and ending.
    """

    def __init__(self, rows: int, forms: Forms, start_pitch: int, sampling: Sampling) -> None:
        self.phase = EVENT
        self.place: Indices = np.zeros(rows, dtype=np.int64)
        self.tick: Indices = np.zeros(rows, dtype=np.int64)
        self.reference: Indices = np.full(rows, start_pitch)
        self._forms = forms
        self._start_pitch = start_pitch
        self._low, self._high = max(0, sampling.low), min(127, sampling.high)
        self._ending = sampling.ending
        self._changes: list[Changes | None] = [None] * rows
        self._end = np.zeros(rows, dtype=np.int64)
        self._last_bar = np.zeros(rows, dtype=np.int64)
        self._first = np.zeros((rows, 2), dtype=np.int64)  # tick and pitch at the beginning
        self._ends = np.zeros(rows, dtype=np.bool_)  # rather than playing on
        self._silent = np.ones(rows, dtype=np.bool_)
        self._resting = np.zeros(rows, dtype=np.bool_)
        self._ended = np.zeros(rows, dtype=np.bool_)
        self._onset = np.full(rows, -1)  # of the last note whose length is known
        self._values = np.zeros((rows, _FIRST_ROOM), dtype=np.uint8)
        self._count = np.zeros(rows, dtype=np.int64)

    def begin(
        self,
        row: int,
        changes: Changes,
        place: int,
        rng: np.random.Generator,  # noqa: ARG002 - intervals leave nothing open
        phrase: Notes,
    ) -> None:
        """See `Lines.begin`."""
        self._changes[row] = changes
        tick, pitch = 0, self._start_pitch
        if len(phrase):
            # Its last length is spelled as the nearest that has a value; the note stays as it is.
            tick, pitch = phrase.end, int(phrase.pitch[-1])
        self.place[row], self.tick[row], self.reference[row] = place + tick, tick, pitch
        self._first[row] = tick, pitch
        self._end[row], self._last_bar[row] = changes.end, changes.bar_lines[-2]
        self._ends[row] = self._ending and changes.bars > 1
        self._silent[row], self._resting[row], self._ended[row] = True, False, False
        self._onset[row], self._count[row] = -1, 0

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {name: a for name, a in vars(self).items() if isinstance(a, np.ndarray)}

    def move(self, to: int, row: int) -> None:
        """See `Lines.move`."""
        for array in self._arrays().values():
            array[to] = array[row]
        self._changes[to] = self._changes[row]

    def shrink(self, rows: int) -> None:
        """See `Lines.shrink`."""
        for name, array in self._arrays().items():
            setattr(self, name, array[:rows])
        del self._changes[rows:]

    def allowed(self) -> BoolArray:
        """A note in range, a rest, in the last bar the end; or a length."""
        allowed = np.zeros((len(self.tick), N_VALUES), dtype=np.bool_)
        if self.phase == LENGTH:
            allowed[:, FIRST_LENGTH:END] = True
            return allowed
        pitches = self.reference[:, None] + _LEAPS
        allowed[:, :REST] = (pitches >= self._low) & (pitches <= self._high)
        in_last_bar = self.tick >= self._last_bar
        allowed[:, REST] = ~(in_last_bar & self._silent)
        allowed[:, END] = in_last_bar & ~self._silent
        return allowed

    def push(self, values: Indices) -> None:
        """See `Lines.push`."""
        if self._count.max() >= self._values.shape[1]:
            self._values = np.pad(self._values, ((0, 0), (0, self._values.shape[1])))
        self._values[np.arange(len(values)), self._count] = values
        self._count += 1
        if self.phase == EVENT:
            note = values < REST
            self._ended = values == END
            self._resting = ~note
            self._silent &= ~note
            self.reference = np.where(note, self.reference + values - MAX_LEAP, self.reference)
            self.phase = LENGTH
        else:
            # A line that has ended waits here for the others' lengths.
            lengths = np.where(self._ended, 0, _LENGTHS[np.minimum(values, END - 1) - FIRST_LENGTH])
            self._onset = np.where(self._resting, self._onset, self.tick)
            self.tick = self.tick + lengths
            self.place = self.place + lengths
            self.phase = EVENT

    def over(self) -> BoolArray:
        """Full, ended, or closed: in the last bar, on a beat, on a chord tone."""
        over: BoolArray = self._ended | (self.tick >= self._end)
        closing = self._ends & (self.tick > self._last_bar) & (self._onset >= self._last_bar)
        closing &= (self._onset - self._last_bar) % TICKS_PER_BEAT == 0
        if (closing & ~over).any():
            there = self.place - self.tick + np.maximum(self._onset, 0)
            tones = self._forms.tones[self._forms.chord[there]]
            closing &= (tones == 0) | (tones >> self.reference % 12 & 1 == 1)
            over |= closing
        return over

    def values(self, row: int) -> tuple[int, ...]:
        """See `Lines.values`."""
        values: list[int] = self._values[row, : self._count[row]].tolist()
        # An end is followed by no length.
        return tuple(values[:-1] if self._ended[row] else values)

    def notes(self, row: int) -> Notes:
        """See `Lines.notes`."""
        changes = self._changes[row]
        assert changes is not None
        values = self._values[row, : self._count[row] - 2 * int(self._ended[row])].astype(np.int64)
        events, lengths = values[::2], _LENGTHS[values[1::2] - FIRST_LENGTH]
        tick, pitch = self._first[row].tolist()
        onsets = tick + np.cumsum(lengths) - lengths
        note = events < REST
        pitches = pitch + np.cumsum(np.where(note, events - MAX_LEAP, 0))
        rows = zip(
            onsets[note].tolist(), lengths[note].tolist(), pitches[note].tolist(), strict=True
        )
        notes = cut(Notes.of(Note(*found) for found in rows), changes.end)
        return hold_last(notes, changes) if self._ends[row] else notes


@dataclass(slots=True)
class _Decoded:
    """One line with a decoder."""

    changes: Changes
    decoder: Decoder
    place: int
    values: list[int] = field(default_factory=list)


class DecodedLines:
    """Lines in any encoding with one value an event, each with a decoder; see `Lines`.

    Args:
        rows: how many; each must be begun before anything else.
        encoding: makes the decoders.
        start_pitch: the pitch before the first note.
        sampling: ending and clean-up.
    """

    def __init__(self, rows: int, encoding: Encoding, start_pitch: int, sampling: Sampling) -> None:
        self.phase = EVENT
        self.place: Indices = np.zeros(rows, dtype=np.int64)
        self.tick: Indices = np.zeros(rows, dtype=np.int64)
        self.reference: Indices = np.full(rows, start_pitch)
        self._encoding = encoding
        self._start_pitch = start_pitch
        self._sampling = sampling
        self._rows: list[_Decoded] = []

    def begin(
        self,
        row: int,
        changes: Changes,
        place: int,
        rng: np.random.Generator,
        phrase: Notes,  # noqa: ARG002 - only intervals go on from one
    ) -> None:
        """See `Lines.begin`."""
        decoder = self._encoding.decoder(changes, rng=rng, start_pitch=self._start_pitch)
        self._rows[row : row + 1] = [_Decoded(changes, decoder, place)]
        self._look(row)

    def _look(self, row: int) -> None:
        line = self._rows[row]
        self.tick[row], self.reference[row] = line.decoder.tick, line.decoder.reference
        self.place[row] = line.place + line.decoder.tick

    def move(self, to: int, row: int) -> None:
        """See `Lines.move`."""
        self._rows[to] = self._rows[row]
        self._look(to)

    def shrink(self, rows: int) -> None:
        """See `Lines.shrink`."""
        del self._rows[rows:]
        self.place, self.tick = self.place[:rows], self.tick[:rows]
        self.reference = self.reference[:rows]

    def allowed(self) -> BoolArray:
        """What the decoders allow; the end only in the last bar."""
        allowed = np.stack([line.decoder.allowed() for line in self._rows])
        if (end := self._encoding.vocabulary.end) is not None:
            for row, line in enumerate(self._rows):
                if line.decoder.tick < line.changes.bar_lines[-2]:
                    allowed[row, end] = False
        return allowed

    def push(self, values: Indices) -> None:
        """See `Lines.push`."""
        self.place, self.tick = self.place.copy(), self.tick.copy()
        self.reference = self.reference.copy()
        for row, value in enumerate(values.tolist()):
            self._rows[row].decoder.push(value)
            self._rows[row].values.append(value)
            self._look(row)

    def over(self) -> BoolArray:
        """Full, ended, or closed on a chord tone in the last bar."""
        return np.array([self._is_over(line) for line in self._rows])

    def _is_over(self, line: _Decoded) -> bool:
        changes, decoder = line.changes, line.decoder
        if decoder.ended or decoder.tick >= changes.end:
            return True
        return (
            self._sampling.ending
            and changes.bars > 1
            and decoder.tick > changes.bar_lines[-2]
            and closes(decoder.notes(), changes)
        )

    def values(self, row: int) -> tuple[int, ...]:
        """See `Lines.values`."""
        return tuple(self._rows[row].values)

    def notes(self, row: int) -> Notes:
        """See `Lines.notes`."""
        changes, notes = self._rows[row].changes, self._rows[row].decoder.notes()
        notes = cut(clean_up(notes, self._sampling.clean_up), changes.end)
        return hold_last(notes, changes) if self._sampling.ending and changes.bars > 1 else notes
