"""A solo as a MIDI file: its own track, the chords on another, the recipe within."""

import os

from jazzgen.generation.recipe import Recipe
from jazzgen.music.changes import Changes
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes
from jazzgen.rendering.block_chords import block_chords

TENOR_SAX = 66
"""General MIDI program (from 0) that plays a solo unless told otherwise."""

PIANO = 0
"""General MIDI program (from 0) of the chords."""


def write_solo(
    path: str | os.PathLike[str], notes: Notes, changes: Changes, recipe: Recipe
) -> None:
    """Writes a solo as MIDI; the same arguments give the same bytes.

    Args:
        path: the MIDI file.
        notes: the solo.
        changes: what it is played over; the file ends where they do.
        recipe: tempo, program, and what is written into the file.

    Raises:
        OutputError: when `path` cannot be written.
    """
    tracks = [Track("Solo", recipe.program, 0, notes)]
    if recipe.chords and len(chords := block_chords(changes)):
        tracks.append(Track("Piano", PIANO, 1, chords))
    write_midi(
        path,
        tracks,
        tempo_bpm=recipe.tempo_bpm,
        changes=changes,
        recipe=recipe.to_text(),
    )
