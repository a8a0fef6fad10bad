"""The rhythm that the grammar can spell: sixteenths and eighth triplets, end to end.

A value holds a note's own length, nothing of the time until the next note. What a solo becomes in
the grammar is therefore this: every length moves to the grid, short silences vanish, and each note
starts where the one before it ended. Only silences of at least `min_rest` are spelled.
"""

from functools import cache
from typing import Final

import numpy as np

from jazzgen.music.notes import IntArray, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

SIXTEENTH: Final = TICKS_PER_BEAT // 4
"""Ticks of a sixteenth (6)."""

TRIPLET: Final = TICKS_PER_BEAT // 3
"""Ticks of an eighth triplet (8)."""

BAR: Final = 4 * TICKS_PER_BEAT
"""Ticks of a bar of 4/4 (96)."""


def nearest(tick: int) -> int:
    """The multiple of a sixteenth or of an eighth triplet that is nearest to `tick`."""
    # Of two equally near, the multiple of a sixteenth, then the earlier one, as in music21.
    options = [
        (abs(multiple * unit - tick), unit, multiple * unit)
        for unit in (SIXTEENTH, TRIPLET)
        for multiple in (tick // unit, tick // unit + 1)
    ]
    return min(options)[2]


_STEP: Final = np.array([nearest(tick) - tick for tick in range(TICKS_PER_BEAT)], dtype=np.int32)


def to_grid(ticks: IntArray) -> IntArray:
    """`nearest` for many ticks at once.

    Args:
        ticks: int32, any shape.

    Returns:
        int32, same shape; at most 3 ticks away.
    """
    return (ticks + _STEP[ticks % TICKS_PER_BEAT]).astype(np.int32)


def grid_lengths(length: IntArray) -> IntArray:
    """Lengths on the grid, in ticks; what would become nothing is a sixteenth."""
    nearest = to_grid(length)
    return np.where(nearest == 0, np.int32(SIXTEENTH), nearest)


@cache
def split_rest(ticks: int) -> tuple[int, ...]:
    """Spells a silence on the grid as bars, then whole beats, then the part of a beat left.

    So rests need no more than nine lengths: 4, 3, 2 and 1 beats and 3/4, 2/3, 1/2, 1/3, 1/4.

    Args:
        ticks: on the grid, at least 0.
    """
    bars, rest = divmod(ticks, BAR)
    beats, part = divmod(rest, TICKS_PER_BEAT)
    return (BAR,) * bars + tuple(t for t in (beats * TICKS_PER_BEAT, part) if t)


def rests_before(notes: Notes, min_rest: int) -> IntArray:
    """Silences that are spelled.

    Args:
        notes: monophonic.
        min_rest: ticks, at least 1; shorter silences are dropped.

    Returns:
        int32 `(n,)`, ticks on the grid ahead of each note (the first: from tick 0), 0 for none.
    """
    ended = np.concatenate((np.zeros(1, np.int32), notes.onset[:-1] + notes.length[:-1]))
    silence = to_grid(np.maximum(notes.onset - ended[: len(notes)], 0))
    return np.where(silence >= min_rest, silence, np.int32(0))


def grammar_rhythm(notes: Notes, min_rest: int = BAR) -> Notes:
    """The solo as the grammar represents it.

    Decoding the values of `notes` gives exactly these onsets and lengths (and other pitches);
    applied again it changes nothing.

    Args:
        notes: monophonic.
        min_rest: ticks, at least 1; shorter silences are dropped.

    Returns:
        The same pitches and velocities; lengths on the grid, from tick 0, each note starting
        where the note or the spelled rest before it ended.
    """
    length = grid_lengths(notes.length)
    taken = length + rests_before(notes, min_rest)
    onset = (np.cumsum(taken, dtype=np.int32) - length).astype(np.int32)
    return Notes(onset, length, notes.pitch, notes.velocity)
