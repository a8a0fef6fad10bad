"""Copied runs of two sets of solos: their distribution, and which are the longest.

What a copied run is, says `jazzgen.evaluation.originality`. Longer solos have longer ones, so
distributions are taken over excerpts of as many notes on both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from jazzgen.evaluation.line import Line
from jazzgen.evaluation.originality import Copied, CorpusIndex
from jazzgen.music.notes import IntArray

EXCERPTS: Final = (200, 100, 50, 25, 10)
"""Notes an excerpt may have; the first of which at least half of the solos of each side have one.
Published figures do not say; 200 is two to three minutes of playing."""

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Longest copied runs, one an excerpt, in notes.

    Attributes:
        runs: int32 `(excerpts,)`, in no useful order.
    """

    runs: IntArray

    @property
    def mean(self) -> float:
        """NaN without excerpts, as all of these."""
        return float(self.runs.mean()) if len(self.runs) else float("nan")

    @property
    def median(self) -> float:
        """Half of the excerpts have none longer."""
        return self._percentile(50)

    @property
    def p90(self) -> float:
        """Nine excerpts of ten have none longer."""
        return self._percentile(90)

    @property
    def longest(self) -> float:
        """The longest of all."""
        return self._percentile(100)

    def _percentile(self, percent: float) -> float:
        return float(np.percentile(self.runs, percent)) if len(self.runs) else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class CopiedRuns:
    """What both sides have in common with the corpus.

    Attributes:
        excerpt_notes: notes an excerpt; 0 where solos are too short for any.
        real: intervals and rhythm alike; each piece against those of other groups.
        generated: the same of generated solos, against the whole corpus.
        real_intervals: intervals alone.
        generated_intervals: intervals alone.
        offenders: number of the generated solo and its longest copied run, the longest first; of
            whole solos, intervals and rhythm alike.
        longest: notes of the longest copied run of any generated solo, whole.
    """

    excerpt_notes: int
    real: Spread
    generated: Spread
    real_intervals: Spread
    generated_intervals: Spread
    offenders: tuple[tuple[int, Copied], ...]
    longest: int


def copied_runs(corpus: CorpusIndex, real: Sequence[Line], generated: Sequence[Line]) -> CopiedRuns:
    """Looks both sides up in a corpus.

    Args:
        corpus: what may have been copied from.
        real: real solos. What of the corpus is of the group of a solo does not count for it.
        generated: the others, without groups.
    """
    excerpt = _excerpt(real, generated)
    spreads = {}
    for rhythm in (True, False):
        ours = [corpus.profile(line, rhythm=rhythm, leave_out=line.group) for line in real]
        theirs = [corpus.profile(line, rhythm=rhythm) for line in generated]
        spreads[rhythm] = _spread(ours, excerpt), _spread(theirs, excerpt)
        if rhythm:
            longest = [int(profile.max(initial=0)) for profile in theirs]
    worst = sorted(range(len(generated)), key=lambda i: -longest[i])[:_SHOWN]
    found = tuple((i, corpus.longest_copied(generated[i])) for i in worst)
    return CopiedRuns(
        excerpt,
        *spreads[True],
        *spreads[False],
        offenders=tuple((i, copied) for i, copied in found if copied.length > 1),
        longest=max(longest, default=0),
    )


def _excerpt(*sides: Sequence[Line]) -> int:
    for notes in EXCERPTS:
        if all(2 * sum(len(line) >= notes for line in side) >= len(side) > 0 for side in sides):
            return notes
    return 0


def _spread(profiles: Sequence[IntArray], notes: int) -> Spread:
    """The longest run in each excerpt, as many as each solo has without overlap."""
    runs = []
    if notes:
        for profile in profiles:
            for start in range(0, len(profile) - notes + 1, notes):
                # A run cannot have begun before the excerpt.
                within = np.minimum(profile[start : start + notes], np.arange(1, notes + 1))
                runs.append(int(within.max()))
    return Spread(np.array(runs, dtype=np.int32))
