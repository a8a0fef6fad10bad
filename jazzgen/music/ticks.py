"""The grid of all musical time in the package: one tick is 1/24 of a beat.

Twenty-four divides into eighths (12), sixteenths (6), thirty-seconds (3), triplet eighths (8) and
triplet sixteenths (4), so straight and triplet rhythms both fall on the grid.

Conventions: a bare time or length is in ticks; `_midi_ticks` marks a MIDI file's own resolution,
`_s` seconds. A beat is a quarter note.
"""

from typing import Final

TICKS_PER_BEAT: Final = 24
"""Ticks in a beat (a quarter note)."""

MIDI_TICKS_PER_BEAT: Final = 480
"""Resolution of the MIDI files jazzgen writes; a whole multiple of `TICKS_PER_BEAT`."""

MIDI_TICKS_PER_TICK: Final = MIDI_TICKS_PER_BEAT // TICKS_PER_BEAT
"""MIDI ticks, in files that jazzgen writes, for one tick of the grid (20)."""


def seconds_per_tick_s(tempo_bpm: float) -> float:
    """Length of one tick in seconds at `tempo_bpm` beats a minute."""
    return 60.0 / (tempo_bpm * TICKS_PER_BEAT)
