"""What deepjazz does to a generated solo before writing it, as functions that can be switched.

deepjazz (Ji-Sung Kim, 2016) rounds, prunes and cleans everything its network says. Each step
here takes notes and gives new ones, and none of them is needed for a valid solo. Left out is its
rounding of each length up or down by the toss of a coin, which loses the triplets; `quantise`
with `triplets=False` straightens them without a coin.
"""

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Final

import numpy as np

from jazzgen.encoding.grammar_rhythm import SIXTEENTH, grid_lengths, to_grid
from jazzgen.music.notes import IntArray, Notes


def quantise(notes: Notes, *, triplets: bool = True) -> Notes:
    """Moves onsets and lengths to the nearest point of the grid.

    Why: players read sixteenths and triplets, not what lies between.

    Args:
        notes: any notes.
        triplets: with False the grid is of sixteenths alone.

    Returns:
        As many notes, at least a sixteenth long. Two may now start together or overlap, which
        `clean` mends.
    """
    if triplets:
        onset, length = to_grid(notes.onset), grid_lengths(notes.length)
    else:
        onset, length = _sixteenths(notes.onset), np.maximum(_sixteenths(notes.length), SIXTEENTH)
    return Notes(onset, length.astype(np.int32), notes.pitch, notes.velocity)


def prune(notes: Notes) -> Notes:
    """Drops repetitions: of two neighbours of one pitch, the second.

    Why: a network trained on little hammers on one note. Neighbours are taken two by two, so
    that of a run of n equal notes every other one stays and a repeated note remains possible. The
    place of a dropped note stays silent.
    """
    keep = np.ones(len(notes), dtype=np.bool_)
    pairs = len(notes) // 2
    first, second = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
    keep[second] = notes.pitch[first] != notes.pitch[second]
    return notes[keep]


def clean(notes: Notes, *, min_gap: int = 3) -> Notes:
    """Makes the line playable by one voice.

    Why: notes that start together are a chord, notes that nearly do are a slip of rounding.

    Args:
        notes: any notes.
        min_gap: ticks, at least 1: a note that starts sooner after the last kept one is dropped.

    Returns:
        Monophonic notes; one that reached into the next ends where that starts.
    """
    kept: list[int] = []
    last = -min_gap
    for i, onset in enumerate(notes.onset.tolist()):
        if onset - last >= min_gap:
            kept.append(i)
            last = onset
    line = notes[np.array(kept, dtype=np.intp)]
    length = line.length.copy()
    length[:-1] = np.minimum(length[:-1], np.diff(line.onset))
    return Notes(line.onset, length, line.pitch, line.velocity)


STEPS: Final = MappingProxyType[str, Callable[[Notes], Notes]](
    {"quantise": quantise, "prune": prune, "clean": clean}
)
"""The steps by name, in the order in which they are taken."""


def clean_up(notes: Notes, steps: Iterable[str] = tuple(STEPS)) -> Notes:
    """Takes the named steps in the order of `STEPS`; by default all, as deepjazz does.

    Raises:
        ValueError: when a step is not known.
    """
    wanted = set(steps)
    if unknown := wanted - STEPS.keys():
        raise ValueError(f"no such step: {', '.join(sorted(unknown))} (known: {', '.join(STEPS)})")
    for name, step in STEPS.items():
        if name in wanted:
            notes = step(notes)
    return notes


def _sixteenths(ticks: IntArray) -> IntArray:
    return ((ticks + SIXTEENTH // 2 - 1) // SIXTEENTH * SIXTEENTH).astype(np.int32)
