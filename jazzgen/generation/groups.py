"""What has followed groups of numbers: intervals, steps or both, in many solos at once."""

from typing import Final

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

Integers = npt.NDArray[np.integer]

_FIRST_ROOM: Final = 64


class Groups:
    """The numbers of each solo, the newest first, and how much of what is newest stood before.

    Args:
        rows: how many solos.
        longest: of the groups that are told apart, in numbers, up to 255.
        span: ticks after which a number is forgotten.

    Attributes:
        count: int64 `(rows,)`, numbers so far.
        followers: int16 `(rows, room)`, beside each number what is asked for when the group before
            it comes again, such as the number itself.
    """

    def __init__(self, rows: int, longest: int, span: int) -> None:
        self._longest = np.uint8(longest)
        self._span = span
        self.count = np.zeros(rows, dtype=np.int64)
        # Small integers: all of them move along with every number that comes.
        self.followers: Integers = np.zeros((rows, _FIRST_ROOM), dtype=np.int16)
        self._numbers: Integers = np.zeros((rows, _FIRST_ROOM), dtype=np.int32)
        self._ticks: Integers = np.zeros((rows, _FIRST_ROOM), dtype=np.int32)
        # How many numbers before each are those that stand last, up to `longest`.
        self._equal: Integers = np.zeros((rows, _FIRST_ROOM), dtype=np.uint8)

    def put(self, row: int, other: "Groups", other_row: int) -> None:
        """Takes over a row of others."""
        room = other.followers.shape[1]
        self._widen(room)
        self.count[row] = other.count[other_row]
        for mine, theirs in zip(self._arrays(), other._arrays(), strict=True):
            mine[row, :room] = theirs[other_row]
            mine[row, room:] = 0

    def shrink(self, rows: int) -> None:
        """Goes on with the first rows alone."""
        self.count = self.count[:rows]
        self.followers, self._numbers, self._ticks, self._equal = (
            array[:rows] for array in self._arrays()
        )

    def last(self, age: int) -> Integers:
        """Of each solo the newest number (age 0) or the one before it (1); 0 where none is."""
        return self._numbers[:, age]

    def push(self, rows: Indices, numbers: Integers, followers: Integers, ticks: Indices) -> None:
        """Takes a number of each of some solos.

        Args:
            rows: which.
            numbers: `(len(rows),)`.
            followers: see the attribute.
            ticks: when they came, later than the last.
        """
        if not len(rows):
            return
        room = self.followers.shape[1]
        full = self.count[rows] >= room
        if (full & (self._ticks[rows, -1] >= ticks - self._span)).any():
            self._widen(2 * room)
        # What stands before the number that will be k-th newest begins with the k-th newest of
        # now; if that is the new number, it goes on as far as it did.
        before = self._numbers[rows]
        there = np.arange(before.shape[1]) < self.count[rows, None]
        same = (before == numbers[:, None]) & there
        self._equal[rows] = same * np.minimum(self._equal[rows] + np.uint8(1), self._longest)
        for array, newest in (
            (self._numbers, numbers),
            (self.followers, followers),
            (self._ticks, ticks),
        ):
            array[rows, 1:] = array[rows, :-1]
            array[rows, 0] = newest
        self.count[rows] += 1

    def again(self, candidates: Integers, n: int, ticks: Indices) -> npt.NDArray[np.uint8]:
        """The size of the longest group, standing last, that each candidate has followed.

        Args:
            candidates: `(rows, room)`, which candidate each of `followers` is; -1: none.
            n: how many candidates there are.
            ticks: `(rows,)`, now; what is longer ago than the span does not count.

        Returns:
            uint8 `(rows, n)`, 0 where a candidate has followed nothing.
        """
        longest = np.zeros((len(ticks), n), dtype=np.uint8)
        recent = self._ticks >= (ticks - self._span)[:, None]
        rows, at = np.nonzero((self._equal > 0) & recent)
        which, size = candidates[rows, at], self._equal[rows, at]
        for least in range(1, int(size.max(initial=0)) + 1):
            some = (size >= least) & (which >= 0)
            longest[rows[some], which[some]] = least
        return longest

    def _arrays(self) -> tuple[Integers, Integers, Integers, Integers]:
        return self.followers, self._numbers, self._ticks, self._equal

    def _widen(self, room: int) -> None:
        if (more := room - self.followers.shape[1]) > 0:
            self.followers, self._numbers, self._ticks, self._equal = (
                np.pad(array, ((0, 0), (0, more))) for array in self._arrays()
            )
