"""A solo as a MIDI file: its own track, the chords on another, the recipe within."""

import os
from collections.abc import Mapping
from typing import Final

from jazzgen.files import atomic_write
from jazzgen.generation.recipe import Recipe
from jazzgen.music.changes import Changes
from jazzgen.music.midi_write import Track, midi_bytes
from jazzgen.music.notes import Notes
from jazzgen.music.swing import swung
from jazzgen.rendering.block_chords import block_chords

TENOR_SAX = 66
"""General MIDI program (from 0) that plays a solo unless told otherwise."""

PROGRAMS: Final[Mapping[str, int]] = {
    "as": 65,
    "bs": 67,
    "cl": 71,
    "cor": 56,  # General MIDI has no cornet
    "g": 26,
    "ss": 64,
    "tb": 57,
    "tp": 56,
    "ts": TENOR_SAX,
    "vib": 11,
}
"""General MIDI programs (from 0) of `jazzgen.encoding.manner.INSTRUMENTS`."""

PIANO = 0
"""General MIDI program (from 0) of the chords."""


def program_of(instrument: str | None) -> int:
    """General MIDI program (from 0) of an instrument; of none, a tenor saxophone's.

    Args:
        instrument: a key of `PROGRAMS`, or None.
    """
    return TENOR_SAX if instrument is None else PROGRAMS[instrument]


def write_solo(
    path: str | os.PathLike[str], notes: Notes, changes: Changes, recipe: Recipe
) -> None:
    """Writes a solo as MIDI; the same arguments give the same bytes.

    Args:
        path: the MIDI file.
        notes: the solo.
        changes: what it is played over; the file ends where they do.
        recipe: tempo, program, swing, and what is written into the file.

    Raises:
        OutputError: when `path` cannot be written.
    """
    content = solo_bytes(notes, changes, recipe)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def solo_bytes(notes: Notes, changes: Changes, recipe: Recipe) -> bytes:
    """The content of the file that `write_solo` writes."""
    solo = notes if recipe.swing is None else swung(notes, changes, recipe.swing)
    tracks = [Track("Solo", recipe.program, 0, solo, fine=recipe.swing is not None)]
    if recipe.chords and len(chords := block_chords(changes)):
        tracks.append(Track("Piano", PIANO, 1, chords))
    return midi_bytes(tracks, tempo_bpm=recipe.tempo_bpm, changes=changes, recipe=recipe.to_text())
