"""How much of a solo already stands in a corpus: its longest copied run, and where it comes from.

What counts. A **run** is notes of the solo that follow one another directly, none left out. It is
**copied** when the corpus holds, within one piece, as many notes in a row with the same steps. A
step leads from one note to the next: the leap in semitones and, unless rhythm is left aside, the
ticks from onset to onset. Therefore

- a run is as long as it has notes: one more than its equal steps. Its first note counts, however
  it was reached and on whatever pitch and beat it stands: transposed copies are copies, and so are
  copies shifted in the bar;
- rests have no say of their own: from onset to onset a held note and a short one followed by
  silence are the same, and with rhythm left aside a rest of any length may stand in between;
- a run ends with the onset of its last note, however long that note sounds;
- any single note stands in any corpus, so 1 means that nothing was copied; 0, that there is no
  note. Leaps beyond two octaves are folded in solo and corpus as the interval encoding does.

How it is found. The steps of all pieces stand end to end, pieces kept apart by symbols of which
each occurs once. All their positions are sorted by what leads up to them, read backwards (a
suffix array of the reversed text, by prefix doubling: O(n log² n) in NumPy). The longest run that
ends with a note is then shared with one of its neighbours in that order: O(log n) comparisons a
note, exact, and in the order in which a solo is played.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.interval import MAX_LEAP, fold_leap
from jazzgen.evaluation.line import Line
from jazzgen.evaluation.suffix_order import SuffixOrder
from jazzgen.music.notes import IntArray

_LEAPS: Final = 2 * MAX_LEAP + 1


@dataclass(frozen=True, slots=True)
class Copied:
    """A solo's longest copied run; see the module for what counts.

    Of runs equally long the earliest in the solo is meant; of the places in the corpus where it
    stands, the first.

    Attributes:
        length: notes. With 0 or 1 nothing was copied, and all else is 0 or empty.
        at_note: the run's first note in the solo, from 0.
        at_bar: the bar of the solo in which the run begins, from 1.
        key: of the piece in the corpus.
        title: of the piece; empty where it is not known.
        performer: empty where they are not known.
        note: the run's first note in the piece, from 0.
        bar: the bar of the piece in which the run begins, from 1. Pieces of a dataset start with
            the bar of their first note, whatever came before it on the record.
        places: how often the run stands in the corpus, a stock phrase more than once.
    """

    length: int
    at_note: int = 0
    at_bar: int = 0
    key: str = ""
    title: str = ""
    performer: str = ""
    note: int = 0
    bar: int = 0
    places: int = 0


class CorpusIndex:
    """Finds what solos have in common with a corpus; built once, each kind of steps when needed.

    Args:
        lines: the pieces of the corpus.

    Raises:
        ValueError: when there is no note in them.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = tuple(lines)
        self._first = np.cumsum([0, *map(len, self.lines)])
        self._notes = int(self._first[-1])
        if not self._notes:
            raise ValueError("the corpus has no note")
        names = [line.group or i for i, line in enumerate(self.lines)]
        self._groups = {name: i for i, name in enumerate(dict.fromkeys(names))}
        self._group = np.repeat([self._groups[name] for name in names], np.diff(self._first))
        self._orders: dict[bool, SuffixOrder] = {}

    @classmethod
    def from_dataset(cls, dataset: Dataset, pieces: Iterable[int] | None = None) -> Self:
        """Indexes pieces of a dataset, all unless given; see `Line.from_dataset`."""
        return cls(Line.from_dataset(dataset, pieces))

    def follower(self, *, rhythm: bool = True, leave_out: str = "") -> "Follower":
        """Looks up a solo while it is played.

        Args:
            rhythm: whether the ticks from onset to onset must be equal too.
            leave_out: a group of the corpus that does not count.
        """
        return Follower(self, rhythm=rhythm, leave_out=leave_out)

    def profile(self, solo: Line, *, rhythm: bool = True, leave_out: str = "") -> IntArray:
        """For each note of a solo, the longest copied run that ends with it.

        The share of its `n` notes in a row that the corpus holds is
        `(profile[n - 1:] >= n).mean()`.

        Args:
            solo: what is looked up.
            rhythm: see `follower`.
            leave_out: see `follower`.

        Returns:
            int32 `(n,)`, notes, at least 1.
        """
        follower = self.follower(rhythm=rhythm, leave_out=leave_out)
        lengths = map(follower.push_step, solo.onset.tolist(), solo.leap.tolist())
        return np.fromiter(lengths, dtype=np.int32, count=len(solo))

    def longest_copied(self, solo: Line, *, rhythm: bool = True, leave_out: str = "") -> Copied:
        """The longest run of a solo that also stands in the corpus; arguments as of `profile`."""
        follower = self.follower(rhythm=rhythm, leave_out=leave_out)
        length, end, steps = 0, 0, list[int]()
        columns = zip(solo.onset.tolist(), solo.leap.tolist(), strict=True)
        for i, column in enumerate(columns):
            if follower.push_step(*column) > length:
                length, end, steps = follower.length, i, follower.steps
        if length < 2:
            return Copied(length)
        order, but = self.order(rhythm), self.number_of(leave_out)
        found = [at for at in order.beginning_with(steps) if order.group[at] != but]
        note = self._notes - 1 - max(found) - len(steps)
        number = int(np.searchsorted(self._first, note, side="right")) - 1
        line, within = self.lines[number], note - int(self._first[number])
        return Copied(
            length,
            at_note=end - length + 1,
            at_bar=int(solo.bar[end - length + 1]),
            key=line.key,
            title=line.title,
            performer=line.performer,
            note=within,
            bar=int(line.bar[within]),
            places=len(found),
        )

    def profiles(self, *, rhythm: bool = True) -> list[IntArray]:
        """For each note of each piece of the corpus, the longest run copied from other groups.

        The same as `profile` of each piece with its own group left out, for all at once.

        Returns:
            For each piece int32 `(n,)`, notes, at least 1.
        """
        by_note = self.order(rhythm).shared_between_groups()[::-1] + np.int32(1)
        return np.split(by_note, self._first[1:-1])

    def baseline(self, *, rhythm: bool = True, notes: int | None = None) -> IntArray:
        """Longest copied runs of real solos: each piece against those of other groups.

        Longer solos have longer copied runs. What is compared with the baseline should therefore
        be about as long as a piece, or be `notes` long.

        Args:
            rhythm: see `follower`.
            notes: measure excerpts of so many notes instead, at least 1, as many as a piece has
                without overlap; the corpus stays whole.

        Returns:
            int32 `(pieces,)` or `(excerpts,)`, notes; of a piece without notes 0.
        """
        longest = []
        for profile in self.profiles(rhythm=rhythm):
            size = notes or len(profile)
            for start in range(0, len(profile) - size + 1, max(1, size)):
                # A run cannot have begun before the excerpt.
                within = np.minimum(profile[start : start + size], np.arange(1, size + 1))
                longest.append(within.max(initial=0))
        return np.array(longest, dtype=np.int32)

    def number_of(self, group: str) -> int:
        """The number of a group of the corpus; -1 where it has none of that name."""
        return self._groups.get(group, -1)

    def order(self, rhythm: bool) -> SuffixOrder:
        """The sorted steps, with rhythm or without.

        Its text is read from the last note of the corpus to the first; each note is written as
        the step that leads to it, the first of a piece as a symbol of its own, below 0.
        """
        if rhythm not in self._orders:
            text = np.empty(self._notes, dtype=np.int64)
            for i, line in enumerate(self.lines):
                span = slice(self._first[i], self._first[i + 1])
                gap = np.diff(line.onset, prepend=0) if rhythm else 0
                text[span] = gap * _LEAPS + line.leap + MAX_LEAP
                text[span][:1] = -1 - i
            self._orders[rhythm] = SuffixOrder.of(text[::-1], self._group[::-1])
        return self._orders[rhythm]


class Follower:
    """Knows, while a solo is played note by note, how long the copied run is that ends there.

    Attributes:
        length: notes of that run, at least 1; 0 before the first note.
        steps: its steps as the index writes them, the last first: `length - 1` of them.
    """

    def __init__(self, index: CorpusIndex, *, rhythm: bool = True, leave_out: str = "") -> None:
        self.length = 0
        self.steps: list[int] = []
        self._rhythm = rhythm
        self._order = index.order(rhythm)
        self._but = index.number_of(leave_out)
        self._onset = 0
        self._pitch: int | None = None

    def push(self, onset: int, pitch: int) -> int:
        """Takes the next note; see `push_step`.

        Args:
            onset: ticks, later than that of the note before.
            pitch: MIDI pitch 0-127.
        """
        if self._pitch is None:
            self._pitch = pitch
        leap = fold_leap(pitch - self._pitch)
        self._pitch += leap
        return self.push_step(onset, leap)

    def push_step(self, onset: int, leap: int) -> int:
        """Takes the next note by its leap.

        Args:
            onset: ticks, later than that of the note before.
            leap: semitones from the note before, -24 to 24; of the first note it does not matter.

        Returns:
            Notes of the longest copied run that ends with this one: at most one more than before.
        """
        if self.length:
            gap = onset - self._onset if self._rhythm else 0
            # A run that ends here leads over one that ended with the note before.
            steps = [gap * _LEAPS + leap + MAX_LEAP, *self.steps]
            self.steps = steps[: self._order.longest_prefix(steps, leave_out=self._but)]
        self.length = len(self.steps) + 1
        self._onset = onset
        return self.length

    def barred(self, onset: int, limit: int) -> set[int]:
        """The leaps that would make the copied run longer than a limit.

        Args:
            onset: ticks, where the next note is to begin.
            limit: notes, at least 1.

        Returns:
            Leaps in semitones, -24 to 24: empty as long as the run is shorter than the limit.
        """
        if self.length < limit:
            return set()
        order, gap = self._order, onset - self._onset if self._rhythm else 0
        found = order.beginning_with(self.steps[: limit - 1])
        following = {order.text[at - 1] for at in found if at and order.group[at] != self._but}
        return {step % _LEAPS - MAX_LEAP for step in following if step // _LEAPS == gap}


def percentile(baseline: IntArray, length: float) -> float:
    """Where a solo stands among real ones.

    Args:
        baseline: int32 `(n,)`, longest copied runs of real solos, at least one.
        length: that of the solo, in notes.

    Returns:
        Percent of the real solos whose longest copied run is shorter, those with an equal one
        counting half: 0 to 100, 50 in the middle.
    """
    return float(100 * (np.mean(baseline < length) + np.mean(baseline <= length)) / 2)
