"""Applies controls to the draw: which values stay, and what their probabilities are weighted by."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import EVENT, BoolArray
from jazzgen.encoding.fingerprints import FingerprintArray
from jazzgen.encoding.interval import END, FIRST_LENGTH, REST
from jazzgen.errors import ModelError
from jazzgen.generation.controls import Controls
from jazzgen.generation.copy_guard import CopyGuard
from jazzgen.generation.density import Density, LogWeights
from jazzgen.generation.limits import (
    held_over,
    leaps_up_to,
    lengths_from,
    lengths_on_grid,
    narrowed,
)
from jazzgen.generation.outside import Outside
from jazzgen.generation.phrasing import Phrasing
from jazzgen.generation.played import Played
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT


class Due(NamedTuple):
    """Where a value is due.

    Attributes:
        tick: the tick.
        phase: `EVENT` or `LENGTH`.
        reference: the pitch that sounded last.
    """

    tick: int
    phase: int
    reference: int


class Steering:
    """The controls of one solo while it is drawn, in the interval encoding.

    For each value: `limit` what is allowed, weight its distribution with `weighted`, draw, push it
    to the decoder, and tell it with `push`.
    """

    def __init__(
        self,
        controls: Controls,
        changes: Changes,
        *,
        tempo_bpm: float,
        phrase: Notes,
        fingerprints: FingerprintArray | None = None,
    ) -> None:
        """Begins a solo.

        Args:
            controls: what is asked for.
            changes: chords and bars.
            tempo_bpm: beats a minute.
            phrase: notes that were given, after which drawing begins; perhaps none.
            fingerprints: of the solos the network learned from.

        Raises:
            ModelError: when copying is limited and there are no fingerprints.
        """
        self._controls = controls
        self._lines = changes.bar_lines
        self._played = Played.after(phrase)
        self._leaps = None if controls.max_leap is None else leaps_up_to(controls.max_leap)
        fastest = controls.notes_per_s
        self._lengths = None if fastest is None else lengths_from(fastest, tempo_bpm)
        self._outside = None if controls.outside is None else Outside(controls.outside, changes)
        phrased = controls.phrase is not None or controls.breath is not None
        self._phrasing = None
        if phrased:
            bar_ticks = changes.end / changes.bars
            self._phrasing = Phrasing(
                None if controls.phrase is None else controls.phrase * bar_ticks,
                None if controls.breath is None else controls.breath * TICKS_PER_BEAT,
            )
        self._density = None
        if controls.density is not None:
            self._density = Density(controls.density, changes, tempo_bpm, rests=not phrased)
        self._guard = None
        if controls.max_copied is not None:
            if fingerprints is None:
                raise ModelError("the model has no fingerprints of what it learned from")
            self._guard = CopyGuard(fingerprints, controls.max_copied)
            for note in phrase:
                self._guard.push(note.onset, note.pitch)

    def limit(self, allowed: BoolArray, due: Due) -> None:
        """Takes away, in place, what the controls rule out; never everything.

        Args:
            allowed: bool `(78,)`, what may follow.
            due: where the value is due.
        """
        if due.phase == EVENT:
            if self._leaps is not None:
                allowed[:REST] = narrowed(allowed[:REST], self._leaps)
            if self._guard is not None:
                allowed[:REST] &= ~self._guard.barred(due.tick)
            return
        lengths = allowed[FIRST_LENGTH:END]
        if self._lengths is not None and not self._played.resting:
            lengths[:] = narrowed(lengths, self._lengths)
        if self._controls.grid is not None:
            on_grid = lengths_on_grid(self._tick_of_bar(due.tick), self._controls.grid)
            lengths[:] = narrowed(lengths, on_grid)
        if self._controls.syncopation == 0 and not self._played.resting:
            lengths[:] = narrowed(lengths, ~held_over(self._tick_of_bar(due.tick)))

    def weighted(self, distribution: npt.NDArray[np.float64], due: Due) -> npt.NDArray[np.float64]:
        """Weights a distribution.

        Args:
            distribution: float64 `(78,)`, sums to 1.
            due: where the value is due.

        Returns:
            float64 `(78,)`, sums to 1; unchanged where nothing that is possible would be left.
        """
        log_weights: LogWeights = np.zeros_like(distribution)
        tick, phase = due.tick, due.phase
        if self._outside is not None:
            log_weights += self._outside.log_weights(tick, phase, due.reference)
        if self._density is not None:
            log_weights += self._density.log_weights(self._played, tick, phase)
        if self._phrasing is not None:
            log_weights += self._phrasing.log_weights(self._played, tick, phase, distribution)
        if phase != EVENT and self._controls.syncopation and not self._played.resting:
            over = held_over(self._tick_of_bar(tick))
            log_weights[FIRST_LENGTH:END][over] += np.log(self._controls.syncopation)
        finite = np.where(distribution > 0, log_weights, -np.inf)
        if (top := finite.max()) == -np.inf:
            return distribution
        weighted: npt.NDArray[np.float64] = distribution * np.exp(finite - top)
        total = float(weighted.sum())
        return weighted / total if total > 0 else distribution

    def push(self, value: int, tick: int, pitch: int) -> None:
        """Takes the value that was drawn at `tick`; `pitch` is the note it begins, if it does."""
        self._played.push(value, tick)
        if self._guard is not None and value < REST:
            self._guard.push(tick, pitch)

    def _tick_of_bar(self, tick: int) -> int:
        bar = int(np.searchsorted(self._lines, tick, side="right")) - 1
        return tick - int(self._lines[bar])
