"""How a solo comes to its end: on a chord tone on a beat of the last bar, and there held."""

import numpy as np

from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

ENDING_TICKS = TICKS_PER_BEAT
"""A solo that has come to its end holds the last note this long, as far as there is room."""

SHORTEST_LAST_NOTE = 3
"""Ticks below which a note cut by the last bar line is left out rather than heard as a click."""


def closes(notes: Notes, changes: Changes) -> bool:
    """Whether the last note closes the solo: in the last bar, on a beat, a chord tone."""
    if not len(notes):
        return False
    onset, pitch = int(notes.onset[-1]), int(notes.pitch[-1])
    last_bar = int(changes.bar_lines[-2])
    if onset < last_bar or (onset - last_bar) % TICKS_PER_BEAT:
        return False
    tones = changes.at(onset).tones
    return not tones or bool(tones >> pitch % 12 & 1)


def hold_last(notes: Notes, changes: Changes) -> Notes:
    """The notes with the last one held, where it closes the solo."""
    if not closes(notes, changes):
        return notes
    length = notes.length.copy()
    room = changes.end - int(notes.onset[-1])
    length[-1] = min(max(int(length[-1]), ENDING_TICKS), room)
    return Notes(notes.onset, length, notes.pitch, notes.velocity)


def cut(notes: Notes, end: int) -> Notes:
    """The notes up to `end`, a tick; clicks that cutting would leave are left out."""
    kept = notes[notes.onset <= end - SHORTEST_LAST_NOTE]
    length = np.minimum(kept.length, end - kept.onset)
    return Notes(kept.onset, length.astype(np.int32), kept.pitch, kept.velocity)
