"""How far outside the chords a line goes."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import EVENT
from jazzgen.encoding.interval import MAX_LEAP, REST
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.generation.density import LogWeights
from jazzgen.music.changes import Changes
from jazzgen.music.chord_scales import scale_tones
from jazzgen.music.ticks import TICKS_PER_BEAT

_CHORD: Final = 0.8
"""Log-weight of chord tones on a beat at 0, and against them at 1."""

_OUTSIDE: Final = 1.2
"""Log-weight of outside tones on a beat at 1."""

_OFF_BEAT: Final = 0.5
"""How much a note off the beat counts of one on it: that is where passing tones stand."""

_ANTICIPATION: Final = TICKS_PER_BEAT // 2
"""Ticks (an eighth) before a chord in which its tones are at home already."""

_LEAPS: Final = np.arange(-MAX_LEAP, MAX_LEAP + 1)


class Outside:
    """Weights notes by what they are to the chord that sounds when they begin.

    At 0 notes outside the chord's scale are never played and chord tones are favoured; at 0.5
    nothing is weighted; at 1 outside notes are favoured and chord tones avoided. Notes off the
    beat are weighted half as much, except that 0 forbids outside notes everywhere. In the eighth
    before a chord its tones count as well as those of the chord still sounding. Where no chord
    sounds, nothing is weighted.
    """

    def __init__(self, outside: float, changes: Changes) -> None:
        """Looks up the tones of all chords.

        Args:
            outside: 0 to 1.
            changes: the chords.
        """
        self._changes = changes
        self._chord = np.array([_bits(chord.tones) for chord in changes.chords])
        self._scale = np.array([_bits(scale_tones(chord)) for chord in changes.chords])
        to_chord = _CHORD * (1 - 2 * outside)
        if outside >= 0.5:
            from_outside = _OUTSIDE * (2 * outside - 1)
        else:
            from_outside = 2 * math.log(2 * outside) if outside else -math.inf
        self._by_class = np.array([from_outside, 0.0, to_chord])

    def log_weights(self, tick: int, phase: int, reference: int) -> LogWeights:
        """What is added to the log-probabilities of the value due at `tick`.

        Args:
            tick: where the note would begin.
            phase: `EVENT` or `LENGTH`.
            reference: the pitch from which it would leap, 0-127.
        """
        weights = np.zeros(N_VALUES)
        if phase == EVENT:
            by_class = self._by_class * (1.0 if self._on_beat(tick) else _OFF_BEAT)
            weights[:REST] = by_class[self._classes(tick)[(reference + _LEAPS) % 12]]
        return weights

    def _on_beat(self, tick: int) -> bool:
        lines = self._changes.bar_lines
        bar = int(np.searchsorted(lines, tick, side="right")) - 1
        return int(tick - lines[bar]) % TICKS_PER_BEAT == 0

    def _classes(self, tick: int) -> npt.NDArray[np.int64]:
        """Int `(12,)`: each pitch class outside (0), in the scale (1) or in the chord (2)."""
        here = sorted(set(self._changes.index_at(np.array([tick, tick + _ANTICIPATION])).tolist()))
        scale = self._scale[here].any(axis=0)
        if not scale.any():
            return np.ones(12, dtype=np.int64)
        classes: npt.NDArray[np.int64] = np.sum(
            [scale, self._chord[here].any(axis=0)], axis=0, dtype=np.int64
        )
        return classes


def _bits(mask: int) -> list[bool]:
    return [bool(mask >> pitch & 1) for pitch in range(12)]
