"""What has followed groups of intervals, of steps, or of both, in many solos at once."""

from typing import Final

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Integers = npt.NDArray[np.integer]

LEAPS: Final = 0
STEPS: Final = 1
MOTIFS: Final = 2
"""Of what groups are made: intervals, ticks from onset to onset, or both together."""

_FIRST_ROOM: Final = 64


class Groups:
    """The notes of each solo, the newest first, and how much of what is newest stood before.

    Args:
        rows: how many solos.
        longest: of the groups that are told apart, in notes, up to 255.
        span: ticks after which a note is forgotten.

    Attributes:
        count: int64 `(rows,)`, notes so far, without the first, to which nothing leads.
        leaps: int16 `(rows, room)`, semitones to each note; 0 where none is.
        steps: int16 `(rows, room)`, ticks to each.
    """

    def __init__(self, rows: int, longest: int, span: int) -> None:
        self._longest = np.uint8(longest)
        self._span = span
        self.count = np.zeros(rows, dtype=np.int64)
        # Small integers: all of them move along with every note that comes.
        self.leaps = np.zeros((rows, _FIRST_ROOM), dtype=np.int16)
        self.steps = np.zeros((rows, _FIRST_ROOM), dtype=np.int16)
        self._ticks = np.zeros((rows, _FIRST_ROOM), dtype=np.int32)
        # How many notes before each are alike to those that stand last, up to `longest`.
        self._equal = np.zeros((rows, 3, _FIRST_ROOM), dtype=np.uint8)

    def put(self, row: int, other: "Groups", other_row: int) -> None:
        """Takes over a row of others."""
        room = other.leaps.shape[1]
        self._widen(room)
        self.count[row] = other.count[other_row]
        for name in _ARRAYS:
            mine = getattr(self, name)[row]
            mine[..., :room] = getattr(other, name)[other_row]
            mine[..., room:] = 0

    def shrink(self, rows: int) -> None:
        """Goes on with the first rows alone."""
        self.count = self.count[:rows]
        for name in _ARRAYS:
            setattr(self, name, getattr(self, name)[:rows])

    def push(self, rows: Indices, leaps: Integers, steps: Integers, ticks: Integers) -> None:
        """Takes a note of each of some solos.

        Args:
            rows: which.
            leaps: `(len(rows),)`, semitones from the note before.
            steps: ticks from it.
            ticks: when they came, later than the last.
        """
        if not len(rows):
            return
        count, room = self.count[rows], self.leaps.shape[1]
        if ((count >= room) & (self._ticks[rows, -1] >= ticks - self._span)).any():
            self._widen(2 * room)
        # What stands before the note that will be k-th newest begins with the k-th newest of now;
        # if that is alike to the new one, it goes on as far as it did.
        before_leaps, before_steps = self.leaps[rows], self.steps[rows]
        there = np.arange(before_leaps.shape[1]) < count[:, None]
        same = np.empty((len(rows), 3, there.shape[1]), dtype=np.bool_)
        np.equal(before_leaps, leaps[:, None], out=same[:, LEAPS])
        np.equal(before_steps, steps[:, None], out=same[:, STEPS])
        same[:, :2] &= there[:, None]
        np.logical_and(same[:, LEAPS], same[:, STEPS], out=same[:, MOTIFS])
        self._equal[rows] = np.minimum(self._equal[rows] + np.uint8(1), self._longest) * same
        for array, before, newest in (
            (self.leaps, before_leaps, leaps),
            (self.steps, before_steps, steps),
            (self._ticks, self._ticks[rows], ticks),
        ):
            array[rows, 1:] = before[:, :-1]
            array[rows, 0] = newest
        self.count[rows] += 1

    def again(
        self, kind: int, candidates: Integers, n: int, ticks: Indices
    ) -> npt.NDArray[np.uint8]:
        """The size of the longest group, standing last, that each candidate has followed.

        Args:
            kind: `LEAPS`, `STEPS` or `MOTIFS`.
            candidates: `(rows, room)`, which candidate each note is; -1: none.
            n: how many candidates there are.
            ticks: `(rows,)`, now; what is longer ago than the span does not count.

        Returns:
            uint8 `(rows, n)`, 0 where a candidate has followed nothing.
        """
        longest = np.zeros((len(ticks), n), dtype=np.uint8)
        equal = self._equal[:, kind]
        found = equal > 0
        found &= self._ticks >= (ticks - self._span)[:, None]
        rows, at = np.nonzero(found)
        which, size = candidates[rows, at], equal[rows, at]
        for least in range(1, int(size.max(initial=0)) + 1):
            some = (size >= least) & (which >= 0)
            longest[rows[some], which[some]] = least
        return longest

    def _widen(self, room: int) -> None:
        if (more := room - self.leaps.shape[1]) > 0:
            for name in _ARRAYS:
                array = getattr(self, name)
                wider = [(0, 0)] * (array.ndim - 1) + [(0, more)]
                setattr(self, name, np.pad(array, wider))


_ARRAYS: Final = ("leaps", "steps", "_ticks", "_equal")
