"""All positions of a text sorted by what follows them (a suffix array).

Tells in O(log n) comparisons how much of a sequence stands in the text, and where.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from jazzgen.music.notes import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class SuffixOrder:
    """A text of whole numbers, and its suffixes in order.

    Attributes:
        text: the symbols; the last occurs once.
        suffixes: where the suffixes begin, sorted by what they hold.
        shared: how many symbols each has in common with the one before it in that order; 0 for
            the first.
        group: of each symbol; suffixes of the group of their first symbol can be left out.
    """

    text: list[int]
    suffixes: list[int]
    shared: list[int]
    group: list[int]

    @classmethod
    def of(cls, text: npt.NDArray[np.int64], group: npt.NDArray[np.integer]) -> Self:
        """Sorts, by prefix doubling: O(n log² n), less where little is repeated.

        Args:
            text: int64 `(n,)`, at least one symbol, of which the last occurs once.
            group: `(n,)`, from 0.
        """
        n = len(text)
        ranks = [np.unique(text, return_inverse=True)[1]]  # by the first 1, 2, 4 … symbols
        while ranks[-1].max() < n - 1:
            width = 1 << (len(ranks) - 1)
            ahead = np.zeros(n, dtype=np.int64)
            ahead[: n - width] = ranks[-1][width:] + 1
            ranks.append(np.unique(ranks[-1] * (n + 1) + ahead, return_inverse=True)[1])
        suffixes = np.empty(n, dtype=np.int64)
        suffixes[ranks[-1]] = np.arange(n)
        shared = np.zeros(n, dtype=np.int64)
        for level in range(len(ranks) - 1, -1, -1):
            here, before = suffixes[1:] + shared[1:], suffixes[:-1] + shared[1:]
            shared[1:] += (ranks[level][here] == ranks[level][before]) * (1 << level)
        return cls(text.tolist(), suffixes.tolist(), shared.tolist(), group.tolist())

    def beginning_with(self, symbols: Sequence[int]) -> list[int]:
        """Where the text holds a sequence, in no useful order."""
        wanted = list(symbols)
        n = len(wanted)
        low = bisect_left(self.suffixes, wanted, key=lambda at: self.text[at : at + n])
        high = bisect_right(self.suffixes, wanted, low, key=lambda at: self.text[at : at + n])
        return self.suffixes[low:high]

    def longest_prefix(self, symbols: Sequence[int], *, leave_out: int = -1) -> int:
        """How many symbols of a sequence, from its first, stand in the text.

        Args:
            symbols: of any length.
            leave_out: the group whose suffixes do not count.
        """
        wanted = list(symbols)
        n = len(wanted)
        at = bisect_left(self.suffixes, wanted, key=lambda at: self.text[at : at + n])
        # In order, the nearest suffix on either side has the most in common with the sequence.
        return max(self._towards(wanted, i, by, leave_out) for i, by in ((at - 1, -1), (at, 1)))

    def _towards(self, wanted: list[int], i: int, by: int, leave_out: int) -> int:
        if not 0 <= i < len(self.suffixes):
            return 0
        start, common = self.suffixes[i], 0
        for ours, theirs in zip(wanted, self.text[start : start + len(wanted)], strict=False):
            if ours != theirs:
                break
            common += 1
        while common and self.group[self.suffixes[i]] == leave_out:
            i += by
            if not 0 <= i < len(self.suffixes):
                return 0
            common = min(common, self.shared[max(i, i - by)])
        return common

    def shared_between_groups(self) -> IntArray:
        """How much of each suffix stands elsewhere in the text, in another group.

        Returns:
            int32 `(n,)`, symbols, by the position in `text` where the suffix begins.
        """
        longest = np.zeros(len(self.text), dtype=np.int32)
        for by in (1, -1):
            common, before = 0, -1
            for i in range(len(self.suffixes))[::by]:
                start = self.suffixes[i]
                if before >= 0:
                    shared = self.shared[max(i, i - by)]
                    same = self.group[start] == self.group[before]
                    common = min(common, shared) if same else shared
                    longest[start] = max(longest[start], common)
                before = start
        return longest
