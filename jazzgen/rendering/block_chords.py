"""The plainest accompaniment: every chord once, held, its tones close together."""

import numpy as np

from jazzgen.music.changes import Changes
from jazzgen.music.chords import Chord
from jazzgen.music.notes import Note, Notes

VELOCITY = 52
"""MIDI velocity of the chords, well below a solo's 80."""

_BASS_LOW, _BASS_HIGH = 36, 47
_CENTRE = 60
_LOW, _HIGH = 52, 71
_VOICES = 4

_LEFT_OUT = (7, 0, 2, 1, 6, 5, 9, 8)
"""Semitones above the root of the tones that can be spared, the first to go first: thirds and
sevenths stay, so that C13#11 is E Bb F# A and Calt is E Bb Eb Ab."""


_FEWEST = 3
"""Upper tones that stay at least."""


def block_chords(changes: Changes) -> Notes:
    """Plays the bass and up to four upper tones of every chord, struck anew at every bar line.

    Upper tones lie between E3 and B4 and move as little as possible from chord to chord. The root,
    when it is in the bass, is left out above where it would rub against a flat ninth or a major
    seventh. Of a chord with more than four, the fifth, then the root, then the lesser tensions are
    left out.

    Returns:
        The notes, filling the changes; none where there is no chord.
    """
    struck = sorted({*changes.starts.tolist(), *changes.bar_lines.tolist()})
    struck = [tick for tick in struck if tick < changes.end]
    notes: list[Note] = []
    before: tuple[int, ...] = ()
    for start, end in zip(struck, [*struck[1:], changes.end], strict=True):
        chord = changes.at(start)
        if not chord.tones:
            continue
        before = _voicing(chord, before)
        bass = _BASS_LOW + (chord.bass - _BASS_LOW) % 12
        notes += [Note(start, end - start, pitch, VELOCITY) for pitch in (bass, *before)]
    return Notes.of(notes)


def _voicing(chord: Chord, before: tuple[int, ...]) -> tuple[int, ...]:
    tones = list(chord.pitch_classes)
    root_is_below = chord.bass == chord.root
    rubs = {(chord.root + above) % 12 for above in (1, 11)}
    if root_is_below and len(tones) > _FEWEST and chord.root in tones and rubs & set(tones):
        tones.remove(chord.root)  # beside its own b9 or major seventh it only grinds
    for above_root in _LEFT_OUT:
        spare = (chord.root + above_root) % 12
        if len(tones) > _VOICES and spare in tones:
            tones.remove(spare)
    # Close positions: the tones stacked upwards from each of them, in each octave that fits.
    positions = []
    for lowest in range(_LOW, _HIGH + 1):
        if lowest % 12 in tones:
            stack = sorted(lowest + (tone - lowest) % 12 for tone in tones)
            if stack[-1] <= _HIGH:
                positions.append(tuple(stack))
    target = np.mean(before) if before else _CENTRE

    def movement(position: tuple[int, ...]) -> tuple[float, float]:
        if not before:
            return (abs(float(np.mean(position)) - _CENTRE), 0.0)
        nearest = sum(min(abs(p - q) for q in before) for p in position)
        return (float(nearest), abs(float(np.mean(position)) - float(target)))

    return min(positions, key=movement)
