"""Notes as parallel arrays, the form in which they travel through the package."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int32]

DEFAULT_VELOCITY = 80
"""MIDI velocity (1-127) of a note of which nothing else is known."""


class Note(NamedTuple):
    """One note: onset and length in ticks, MIDI pitch 0-127, MIDI velocity 1-127."""

    onset: int
    length: int
    pitch: int
    velocity: int = DEFAULT_VELOCITY


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """Any number of notes, as four arrays of one length, in order of onset.

    Attributes:
        onset: int32 `(n,)`, ticks from the first bar line, not decreasing.
        length: int32 `(n,)`, ticks, at least 1.
        pitch: int32 `(n,)`, MIDI pitch 0-127 (60 is middle C).
        velocity: int32 `(n,)`, MIDI velocity 1-127.
    """

    onset: IntArray
    length: IntArray
    pitch: IntArray
    velocity: IntArray

    @classmethod
    def of(cls, notes: Iterable[Note | tuple[int, ...]]) -> Self:
        """Gathers notes, sorting them by onset and then pitch.

        Args:
            notes: `Note`s, or tuples of onset, length, pitch and optionally velocity.
        """
        rows = sorted(Note(*row) for row in notes)
        rows.sort(key=lambda note: (note.onset, note.pitch))
        table = np.array(rows, dtype=np.int32).reshape(len(rows), 4)
        return cls(*(np.ascontiguousarray(column) for column in table.T))

    @classmethod
    def empty(cls) -> Self:
        """No notes."""
        return cls.of(())

    def __len__(self) -> int:
        return len(self.onset)

    def __iter__(self) -> Iterator[Note]:
        columns = (self.onset, self.length, self.pitch, self.velocity)
        return (Note(*row) for row in zip(*(c.tolist() for c in columns), strict=True))

    def __getitem__(self, which: slice | npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Notes":
        return Notes(self.onset[which], self.length[which], self.pitch[which], self.velocity[which])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Notes):
            return NotImplemented
        return (
            np.array_equal(self.onset, other.onset)
            and np.array_equal(self.length, other.length)
            and np.array_equal(self.pitch, other.pitch)
            and np.array_equal(self.velocity, other.velocity)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def end(self) -> int:
        """Tick at which the last note ends; 0 when there is none."""
        return int((self.onset + self.length).max(initial=0))

    @property
    def is_monophonic(self) -> bool:
        """Whether no note starts before the one ahead of it has ended."""
        return bool(np.all(self.onset[1:] >= self.onset[:-1] + self.length[:-1]))

    def shifted(self, ticks: int) -> "Notes":
        """The same notes `ticks` later (earlier when negative)."""
        return Notes(self.onset + np.int32(ticks), self.length, self.pitch, self.velocity)
