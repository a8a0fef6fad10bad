"""Swing: where in the beat the second of two eighths falls.

The ratio of the first eighth to the second: 1 is straight, 2 the triplet feel, 3 a dotted eighth
and a sixteenth. A line on the grid is bent in time, beat by beat: the middle of the beat moves to
ratio / (1 + ratio) of it, and what lies before and behind moves along in proportion.
"""

import numpy as np
import numpy.typing as npt

from jazzgen.music.changes import Changes
from jazzgen.music.notes import IntArray, Notes
from jazzgen.music.ticks import MIDI_TICKS_PER_TICK, TICKS_PER_BEAT

STRAIGHTEST = 1.0
HARDEST = 3.0

_HALF = TICKS_PER_BEAT // 2
_TOLERANCE = 1
"""Ticks by which an onset may miss a sixteenth and still count as one; a triplet misses by two."""


def swung(notes: Notes, changes: Changes, ratio: float) -> Notes:
    """Notes in MIDI ticks (480 a beat), swung.

    Only beats in which a note begins, and all that begin do so on a sixteenth, are bent; beats with
    triplets, and with what players place freely, keep their own time. So do the ends of bars that
    are no whole beat. Bending never changes the order of notes, makes no two overlap, and moves no
    beat.

    Args:
        notes: monophonic, in ticks (24 a beat).
        changes: their bar lines say where the beats are.
        ratio: `STRAIGHTEST` to `HARDEST`.

    Returns:
        The notes with onsets and lengths in MIDI ticks.

    Raises:
        ValueError: when the ratio is out of range.
    """
    if not STRAIGHTEST <= ratio <= HARDEST:
        raise ValueError(f"a swing ratio is {STRAIGHTEST:g} to {HARDEST:g}, not {ratio:g}")
    beats = beat_lines(changes, notes.end)
    bent = straight_beats(notes.onset, beats)
    middle = round(ratio / (1 + ratio) * TICKS_PER_BEAT * MIDI_TICKS_PER_TICK)
    start = beats[:-1][bent]
    # The bend is linear between its corners: the beats, and the middles of those that are bent.
    corners = np.concatenate((beats, start + _HALF))
    bent_corners = np.concatenate(
        (beats * MIDI_TICKS_PER_TICK, start * MIDI_TICKS_PER_TICK + middle)
    )
    order = np.argsort(corners)

    def bend(ticks: IntArray) -> IntArray:
        return np.rint(np.interp(ticks, corners[order], bent_corners[order])).astype(np.int32)

    onset = bend(notes.onset)
    return Notes(onset, bend(notes.onset + notes.length) - onset, notes.pitch, notes.velocity)


def beat_lines(changes: Changes, end: int) -> IntArray:
    """int32: ticks of all beats, counted anew from each bar line, and the end of all."""
    lines = changes.bar_lines.tolist()
    last = max(end, lines[-1])
    beats = {
        beat
        for line, following in zip(lines, [*lines[1:], last], strict=True)
        for beat in range(line, following, TICKS_PER_BEAT)
    }
    return np.array(sorted(beats | {last}), dtype=np.int32)


def straight_beats(onset: IntArray, beats: IntArray) -> npt.NDArray[np.bool_]:
    """Which beats are played in eighths or sixteenths.

    Args:
        onset: int32 `(n,)`, ticks.
        beats: int32 `(b + 1,)`, as from `beat_lines`.

    Returns:
        bool `(b,)`.
    """
    beat = np.searchsorted(beats, onset, side="right") - 1
    from_sixteenth = (onset - beats[beat] + _TOLERANCE) % (_HALF // 2)
    counts = np.bincount(beat, minlength=len(beats))[: len(beats) - 1]
    off = np.bincount(beat[from_sixteenth > 2 * _TOLERANCE], minlength=len(beats))[:-1]
    whole = np.diff(beats) == TICKS_PER_BEAT
    straight: npt.NDArray[np.bool_] = (counts > 0) & (off == 0) & whole
    return straight
