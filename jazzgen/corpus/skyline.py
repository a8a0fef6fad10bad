"""The top line of a polyphonic part: what a listener follows as the melody."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jazzgen.music.notes import IntArray, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

SELF_ACCOMPANIED: Final = 1.3
"""Notes at a time from which a part is taken to accompany itself, as a pianist's two hands do; the
overlaps of one line played legato stay below."""

MELODY_REACH: Final = 12
"""Semitones a self-accompanied melody may lie under its highest note within a beat; what is lower
belongs to the left hand. Of the notes of horn solos (Weimar Jazz Database) 2.5 % lie that low."""


class Skyline(NamedTuple):
    """A line and what it cost.

    Attributes:
        notes: monophonic, in order of onset.
        merged: how many notes were left out below it.
        cut: how many of its notes were shortened to the onset of the next.
    """

    notes: Notes
    merged: int
    cut: int


def skyline(notes: Notes) -> Skyline:
    """Makes a part monophonic: the highest note at each onset, cut at the next onset.

    A note that lies wholly under a longer, higher one is an inner voice and does not interrupt
    it; one that outlasts the higher note takes over, so an overlapping (legato) line stays whole.
    In a part that accompanies itself (`SELF_ACCOMPANIED`), notes more than `MELODY_REACH` under
    the line around them are left out too.

    Args:
        notes: at any polyphony.
    """
    if notes.is_monophonic:
        return Skyline(notes, 0, 0)
    # Within one onset notes stand in order of pitch, so the last of a group is its highest.
    top = np.append(notes.onset[1:] != notes.onset[:-1], True)
    line = notes[top & ~_inner(notes)]
    if polyphony(notes) >= SELF_ACCOMPANIED:
        line = line[line.pitch >= _ceiling(line) - MELODY_REACH]
    room = np.append(np.diff(line.onset), np.iinfo(np.int32).max).astype(np.int32)
    cut = int(np.count_nonzero(line.length > room))
    line = Notes(line.onset, np.minimum(line.length, room), line.pitch, line.velocity)
    return Skyline(line, len(notes) - len(line), cut)


def below(notes: Notes, line: Notes) -> Notes:
    """The notes of a part that its skyline left out: the accompaniment of a solo pianist."""
    wanted = line.onset.astype(np.int64) << 7 | line.pitch
    return notes[~np.isin(notes.onset.astype(np.int64) << 7 | notes.pitch, wanted)]


def _inner(notes: Notes) -> npt.NDArray[np.bool_]:
    """Bool `(n,)`: notes that begin and end while one higher note sounds."""
    end: IntArray = notes.onset + notes.length
    latest = np.zeros(len(notes), np.int32)  # end of any higher note that began no later
    inner = np.zeros(len(notes), np.bool_)
    for pitch in np.unique(notes.pitch)[::-1].tolist():
        same = notes.pitch == pitch
        inner[same] = latest[same] >= end[same]
        # Notes of one onset and lower pitch stand before this one; they go by the rule of the top.
        np.maximum(latest, np.maximum.accumulate(np.where(same, end, 0)), out=latest)
    return inner


def _ceiling(line: Notes) -> IntArray:
    """int32 `(n,)`: the highest pitch within the beat of each note, the one before and after."""
    beat = line.onset // TICKS_PER_BEAT
    highest = np.zeros(int(beat[-1]) + 3, np.int32)
    np.maximum.at(highest, beat + 1, line.pitch)
    around: IntArray = np.maximum(np.maximum(highest[:-2], highest[1:-1]), highest[2:])
    return around[beat]


def polyphony(notes: Notes) -> float:
    """Notes sounding at a time, on average over the time in which any sounds; at least 1."""
    end = notes.onset + notes.length
    before = np.maximum.accumulate(end)
    # What each note adds to the time covered so far.
    added = end - np.maximum(notes.onset, np.append(notes.onset[:1], before[:-1]))
    covered = int(np.maximum(added, 0).sum())
    return float(notes.length.sum(dtype=np.int64)) / max(covered, 1)
