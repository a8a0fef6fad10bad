"""Keeps a solo, while it is played, from copying long runs of the corpus.

It goes by fingerprints (`jazzgen.encoding.fingerprints`), so it holds with certainty: a run that
stands in the corpus is known step for step. It bars a little more than it would have to, runs
that are pieced together from several places in the corpus.

A note's onset is settled when the note is drawn, and with it the ticks of its step; only the leap
is open. To bar leaps there and then is therefore enough. A rest is never barred: it moves the next
onset and so makes the next step another one.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import BoolArray
from jazzgen.encoding.fingerprints import RUN_STEPS, FingerprintArray, hash_runs, steps
from jazzgen.encoding.interval import MAX_LEAP, fold_leap

_LEAPS: Final = np.arange(-MAX_LEAP, MAX_LEAP + 1)


class CopyGuard:
    """Knows which notes would make a copied run too long; asked before and told after each note.

    A run counts as in `jazzgen.evaluation.originality`: it is as long as it has notes, its steps
    equal in leap and in ticks from onset to onset, wherever it begins. As long as no barred note
    is played, none that stands in the corpus is longer than the limit.

        guard = CopyGuard(model.fingerprints, limit=8)
        # a note, a rest or the end is due:
        allowed[:REST] &= ~guard.barred(decoder.tick)
        # … a value is drawn and pushed; if it is a note:
        guard.push(decoder.tick, decoder.reference)

    All leaps may be barred at once, or all within reach of an instrument. The caller must then be
    able to rest (or to end): so it leaves rests allowed wherever notes are barred. Nothing is
    barred before the limit is reached, so a solo that must not rest before its first note never
    has to. Each rest leads to another onset, where other leaps are barred or none.

    It looks back only. Notes that are put in front of others that stay (some bars played again)
    can complete a run with those; push all of them through a guard and see what `push` returns.

    Attributes:
        limit: notes of the longest copied run that is let pass.
        length: notes of the longest run that ends with the last note and may be copied, by all
            that the fingerprints tell: never fewer than are. A run too short to have a
            fingerprint counts as copied: up to six notes. 0 before the first note.
    """

    def __init__(self, fingerprints: FingerprintArray, limit: int) -> None:
        """Begins before the first note.

        Args:
            fingerprints: of the corpus, uint32 `(n,)`, strictly increasing.
            limit: notes, at least `RUN_STEPS` (6).

        Raises:
            ValueError: when the limit is too low to be told.
        """
        if limit < RUN_STEPS:
            raise ValueError(
                f"copied runs can be kept to {RUN_STEPS} notes or more, not to {limit}: "
                "shorter ones are common to all players"
            )
        self.limit = limit
        self.length = 0
        self._fingerprints = fingerprints
        self._steps: list[int] = []  # the last ones, as many as precede the next of a run
        self._onset = 0
        self._pitch: int | None = None

    def push(self, onset: int, pitch: int) -> int:
        """Takes the next note. Rests are not told.

        Args:
            onset: ticks, later than that of the note before.
            pitch: MIDI pitch 0-127. A leap to it beyond two octaves is folded, as in the corpus.

        Returns:
            `length`.
        """
        if self._pitch is None:
            self._pitch = pitch
            self.length = 1
        else:
            leap = fold_leap(pitch - self._pitch)
            self._pitch += leap
            step = steps([onset - self._onset], [leap])
            goes_on = len(self._steps) < RUN_STEPS - 1 or self._known(step)[0]
            self.length = self.length + 1 if goes_on else RUN_STEPS
            self._steps = [*self._steps, int(step[0])][-(RUN_STEPS - 1) :]
        self._onset = onset
        return self.length

    def barred(self, onset: int) -> BoolArray:
        """The leaps that would make the copied run longer than the limit.

        Args:
            onset: ticks, where the next note is to begin: later than the note before.

        Returns:
            bool `(49,)`, for the leaps -24 to 24, in the order of the values of the interval
            encoding: True where barred.
        """
        if self.length < self.limit:
            return np.zeros(len(_LEAPS), dtype=np.bool_)
        return self._known(steps(onset - self._onset, _LEAPS))

    def _known(self, last: npt.NDArray[np.int64]) -> BoolArray:
        """Which of the steps `(n,)`, after the last five, complete a run that has a fingerprint."""
        runs = np.empty((len(last), RUN_STEPS), dtype=np.int64)
        runs[:, :-1] = self._steps
        runs[:, -1] = last
        wanted, known = hash_runs(runs), self._fingerprints
        return np.searchsorted(known, wanted, side="right") > np.searchsorted(known, wanted)
