"""How busy a line is: notes a bar, kept by tilting lengths and rests."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import LENGTH
from jazzgen.encoding.interval import END, FIRST_LENGTH, LENGTHS, REST
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.generation.played import Played
from jazzgen.music.changes import Changes
from jazzgen.music.ticks import TICKS_PER_BEAT

LogWeights = npt.NDArray[np.float64]
"""float64 `(78,)`: what is added to the log-probability of each value."""

SHORTEST_TICKS: Final = 4
"""Lengths below (of a sixteenth triplet) are not made likelier still: they are ornaments."""

_GAIN: Final = 0.8
"""Tilt for each bar's worth of notes that the line is behind."""

_SLOPE: Final = 1.3
"""Tilt at the start for each e-fold of the usual density."""

_STRONGEST: Final = 4.0
"""The largest tilt, either way."""

_RESTS: Final = 0.5
"""How much of the tilt goes into playing on or resting, beside how long."""

_LOG_LENGTHS: Final = np.log(
    np.maximum(LENGTHS, SHORTEST_TICKS) / (TICKS_PER_BEAT / 2)
)  # an eighth weighs nothing


class Density:
    """Steers towards so many notes a bar.

    A tilt λ multiplies the probability of a length of L ticks by L^-λ and that of a rest by
    e^(-λ/2). λ starts where lines of the bundled model need it on average, and goes up with every
    note the line is behind, down with every note it is ahead; so the density of the whole comes
    out right, while single bars keep their own.
    """

    def __init__(
        self, density: float, changes: Changes, tempo_bpm: float, *, rests: bool = True
    ) -> None:
        """Begins a solo.

        Args:
            density: notes a bar, rests included; above 0.
            changes: their bars count.
            tempo_bpm: beats a minute.
            rests: whether rests are tilted too, or left to something else.
        """
        self._density = density
        self._lines = changes.bar_lines
        self._rests = rests
        bar_beats = changes.end / changes.bars / TICKS_PER_BEAT
        self._first_tilt = _SLOPE * math.log(density / (usual_density(tempo_bpm) * bar_beats / 4))

    def tilt(self, played: Played, tick: int) -> float:
        """λ now; above 0 asks for more notes."""
        bars = np.interp([played.start, tick], self._lines, np.arange(len(self._lines)))
        behind = float(bars[1] - bars[0]) - played.notes / self._density
        return float(np.clip(self._first_tilt + _GAIN * behind, -_STRONGEST, _STRONGEST))

    def log_weights(self, played: Played, tick: int, phase: int) -> LogWeights:
        """What is added to the log-probabilities of the value due at `tick`."""
        weights = np.zeros(N_VALUES)
        tilt = self.tilt(played, tick)
        if phase == LENGTH:
            if self._rests or not played.resting:
                weights[FIRST_LENGTH:END] = -tilt * _LOG_LENGTHS
        elif self._rests:
            weights[REST] = -tilt * _RESTS
        return weights


def usual_density(tempo_bpm: float) -> float:
    """Notes in four beats that the bundled model plays on average, when nothing is asked for.

    About three notes a second up to 140 beats a minute, then 5.5 notes in four beats at any tempo;
    measured over rhythm changes at 60 to 300 beats a minute. Only the first guess depends on it.
    """
    return max(5.5, 750 / tempo_bpm)
