"""What is hard to play and can be left out: wide leaps, fast notes, uneven places, syncopation.

Each function says which values stay, or how much of their probability. None leaves nothing at all:
where every value would go, the limit gives way.
"""

import math
from typing import Final

import numpy as np

from jazzgen.encoding.base import BoolArray
from jazzgen.encoding.interval import LENGTHS, MAX_LEAP
from jazzgen.music.ticks import TICKS_PER_BEAT, seconds_per_tick_s

GRIDS: Final = {
    "quarters": (0,),
    "eighths": (0, 12),
    "triplets": (0, 8, 12, 16),
    "sixteenths": (0, 6, 8, 12, 16, 18),
}
"""Ticks of a beat at which notes and rests may begin and end: each grid has the ones before it."""

_STEPS: Final = {"quarters": 24, "eighths": 12, "triplets": 8, "sixteenths": 6}
"""Ticks of the shortest step on each grid."""

_LEAPS: Final = np.abs(np.arange(-MAX_LEAP, MAX_LEAP + 1))
_LENGTHS: Final = np.array(LENGTHS)


def leaps_up_to(semitones: int) -> BoolArray:
    """Bool `(49,)`: leaps of at most so many semitones."""
    return semitones >= _LEAPS


def lengths_from(notes_per_s: float, tempo_bpm: float) -> BoolArray:
    """Bool `(27,)`: lengths of which at most `notes_per_s` fit into a second, or the longest."""
    return min(_shortest(notes_per_s, tempo_bpm), LENGTHS[-1]) <= _LENGTHS


def finest_grid(grid: str, notes_per_s: float, tempo_bpm: float) -> str:
    """The grid, or the finest coarser one on which every step is slow enough; at last quarters.

    On a finer one, notes off the beat could only be held over.
    """
    coarser = list(_STEPS)[list(_STEPS).index(grid) :: -1]
    shortest = _shortest(notes_per_s, tempo_bpm)
    return next((name for name in coarser if _STEPS[name] >= shortest), coarser[-1])


def lengths_on_grid(tick_of_bar: int, grid: str) -> BoolArray:
    """Bool `(27,)`: lengths that end on the grid."""
    return np.isin((tick_of_bar + _LENGTHS) % TICKS_PER_BEAT, GRIDS[grid])


def held_over(tick_of_bar: int) -> BoolArray:
    """Bool `(27,)`: lengths with which a note begun off the beat sounds past the next beat."""
    into = tick_of_bar % TICKS_PER_BEAT
    return (into > 0) & (into + _LENGTHS > TICKS_PER_BEAT)


def _shortest(notes_per_s: float, tempo_bpm: float) -> int:
    """Ticks of the shortest note of which at most so many fit into a second."""
    # A length on the limit must not fall victim to rounding.
    return math.ceil(1 / (notes_per_s * seconds_per_tick_s(tempo_bpm)) - 1e-9)


def narrowed(allowed: BoolArray, limit: BoolArray) -> BoolArray:
    """What is allowed and within the limit; where that is nothing, what is allowed."""
    both = allowed & limit
    return both if both.any() else allowed
