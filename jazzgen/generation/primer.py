"""A phrase from which a solo goes on: the primer.

It stands at the beginning of the changes, tick for tick as in its file. The network hears it over
them, value by value as if it had played it itself, and goes on where its last note ends: not a tick
earlier, not a tick later.
"""

from pathlib import Path

import numpy as np

from jazzgen.corpus.midi_source import understand
from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.interval import MAX_LEAP, encode_notes
from jazzgen.errors import MidiError
from jazzgen.music.changes import Changes
from jazzgen.music.midi_read import read_midi
from jazzgen.music.notes import Notes
from jazzgen.network.engine import Engine, State


def read_primer(path: Path) -> Notes:
    """The melody of a MIDI file, found as `jazzgen inspect` shows it.

    Returns:
        Monophonic notes, at least one; of chords the highest. Ticks are those of the file.

    Raises:
        MidiError: when the file cannot be read or has no melody.
    """
    song = read_midi(path)
    try:
        notes = understand(song).line.notes
    except MidiError as error:
        raise MidiError(f"{path}: {error}") from error
    if not len(notes):
        raise MidiError(f"{path}: there are no notes to go on from")
    return notes


def check_primer(primer: Notes, changes: Changes, low: int, high: int) -> None:
    """Whether there is anything to play after a primer.

    Args:
        primer: the phrase.
        changes: all that is to be filled, the primer's own bars with the rest.
        low: lowest pitch of what follows, MIDI 0-127.
        high: highest pitch.

    Raises:
        ValueError: when there is not; the message says why.
    """
    if not len(primer) or not primer.is_monophonic:
        raise ValueError("a phrase to go on from is at least one note, and one note at a time")
    if primer.end >= changes.end:
        bar = int(np.searchsorted(changes.bar_lines, primer.end - 1, side="right"))
        where = f"in bar {bar}" if bar <= changes.bars else "after them"
        raise ValueError(
            f"the phrase leaves no room: it ends {where}, and the changes have "
            f"{changes.bars} bar{'s' if changes.bars > 1 else ''} (--bars or --choruses give more)"
        )
    last = int(primer.pitch[-1])
    if not low - MAX_LEAP <= last <= high + MAX_LEAP:
        raise ValueError(
            f"the phrase ends on pitch {last}, more than two octaves from the range {low}-{high}"
        )


def listen(primer: Notes, engine: Engine, context: ContextMaker, first: int) -> tuple[int, State]:
    """Lets the network hear a primer.

    Args:
        primer: the phrase.
        engine: what steps the network.
        context: makes what the network sees beside each value.
        first: the value that is fed before the first.

    Returns:
        The primer's last value, which is to be fed next, and the state before it.
    """
    encoded = encode_notes(primer)
    rows = context.rows(encoded.ticks, encoded.reference, encoded.phase)
    value, state = first, engine.start()
    for t, heard in enumerate(encoded.values.tolist()):
        _, state = engine.step(np.array([value]), rows[t : t + 1], state)
        value = heard
    return value, state
