"""The accompaniment's chords taken literally, as deepjazz takes them.

Where `harmony` asks which chord symbol is meant, this asks which notes are struck together: each
such group is a chord, with its pitch classes and its lowest note, until the next one.
"""

from itertools import pairwise
from typing import Final

import numpy as np

from jazzgen.corpus.harmony import ChordRows
from jazzgen.music.chords import Chord, chord_of_notes, pitch_class_name
from jazzgen.music.notes import IntArray, Notes

TOGETHER: Final = 1
"""Ticks between notes that are still struck together: a sixteenth of a beat is 1.5."""


def struck_chords(accompaniment: Notes, bar_lines: IntArray) -> ChordRows:
    """Chords as struck.

    As in deepjazz a bar's first chord counts from the bar line on, so that what is played ahead
    of it is judged by it rather than by the bar before.

    Args:
        accompaniment: what is played, in order of onset.
        bar_lines: int32 `(bars + 1,)`.

    Returns:
        Ticks and chords of at least two pitch classes, no two neighbours equal.
    """
    if not len(accompaniment):
        return []
    onset, pitch = accompaniment.onset, accompaniment.pitch
    edges = [0, *(np.flatnonzero(np.diff(onset) > TOGETHER) + 1).tolist(), len(onset)]
    rows: ChordRows = []
    bar_before = -1
    for first, after in pairwise(edges):
        pitches = sorted(pitch[first:after].tolist())
        if len({p % 12 for p in pitches}) < 2:
            continue
        tick = int(onset[first])
        bar = int(np.searchsorted(bar_lines, tick, side="right")) - 1
        if bar != bar_before:
            tick, bar_before = int(bar_lines[bar]), bar
        chord = _chord(pitches)
        if not rows or rows[-1][1] != chord:
            rows.append((tick, chord))
    return rows


def _chord(pitches: list[int]) -> Chord:
    return chord_of_notes([pitch_class_name(p % 12) for p in dict.fromkeys(pitches)])
