"""Writing MIDI files, and reading back from what recipe jazzgen made one.

A file is of type 1, with 480 ticks per beat. Track 0 holds tempo, metre, the chord symbols as
markers and the recipe as a text event; the other tracks hold one instrument each. Texts are UTF-8.
The same arguments give the same bytes.
"""

import json
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np

from jazzgen.errors import MidiError
from jazzgen.files import atomic_write
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import MIDI_TICKS_PER_BEAT, MIDI_TICKS_PER_TICK, TICKS_PER_BEAT

RECIPE_PREFIX: Final = "jazzgen:"
"""How the text event with the recipe begins; JSON follows."""

_MAX_TEMPO_US: Final = 0xFFFFFF  # microseconds a beat, 24 bits

SLOWEST_BPM: Final = 3.576
"""Slowest tempo that MIDI can say, in the thousandths to which tempi are read."""

FASTEST_BPM: Final = 60e6
"""Fastest tempo that MIDI can say."""


@dataclass(frozen=True, slots=True)
class Track:
    """One instrument of a MIDI file.

    Attributes:
        name: the track's name.
        program: General MIDI program, 0-127.
        channel: 0-15; 9 is drums.
        notes: what it plays, at any polyphony.
        fine: whether its onsets and lengths are in MIDI ticks (480 a beat) rather than in ticks.
    """

    name: str
    program: int
    channel: int
    notes: Notes
    fine: bool = False


def write_midi(
    path: str | os.PathLike[str],
    tracks: Sequence[Track],
    *,
    tempo_bpm: float,
    changes: Changes,
    recipe: str | None = None,
    cues: Sequence[tuple[int, str]] = (),
) -> None:
    """Writes a MIDI file that ends exactly where `changes` do.

    Where a note begins before one of the same pitch in the same track has ended, the earlier note
    is cut: MIDI could not say which of the two a note-off means.

    Args:
        path: the file; replaced as a whole if it exists.
        tracks: the instruments, in order.
        tempo_bpm: beats (quarter notes) a minute, `SLOWEST_BPM` to `FASTEST_BPM`.
        changes: chord symbols and bar lines; neighbouring equal chords give one marker. The
            lengths of the bars are written as time signatures, counted as their metre says.
        recipe: a JSON object from which the file can be made again, in ASCII as `json.dumps`
            writes it.
        cues: ticks and texts, such as the names of sections, written as cue points.

    Raises:
        OutputError: when `path` cannot be written.
        ValueError: when tempo, program, channel, pitch or velocity is out of MIDI's range.
    """
    content = midi_bytes(tracks, tempo_bpm=tempo_bpm, changes=changes, recipe=recipe, cues=cues)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def midi_bytes(
    tracks: Sequence[Track],
    *,
    tempo_bpm: float,
    changes: Changes,
    recipe: str | None = None,
    cues: Sequence[tuple[int, str]] = (),
) -> bytes:
    """The content of a MIDI file; see `write_midi`.

    Put together here rather than by mido, whose messages would take most of the time that
    generating a thousand solos takes; a test compares with its bytes.
    """
    if not SLOWEST_BPM <= tempo_bpm <= FASTEST_BPM:
        raise ValueError(f"a tempo of {tempo_bpm} beats a minute cannot be written")
    tempo_us = min(round(60e6 / tempo_bpm), _MAX_TEMPO_US)
    conductor = [
        (0, 0, _meta(_TEMPO, tempo_us.to_bytes(3, "big"))),
        *(
            # A metronome click every 24 MIDI clocks (a quarter), 8 notated 32nds to a quarter.
            (tick, 1, _meta(_METRE, bytes((counts, unit.bit_length() - 1, 24, 8))))
            for tick, counts, unit in _time_signatures(changes)
        ),
    ]
    if recipe is not None:
        conductor.append((0, 2, _meta(_TEXT, _encoded(RECIPE_PREFIX + recipe))))
    conductor += [(tick, 3, _meta(_CUE, _encoded(text))) for tick, text in cues]
    conductor += [(tick, 4, _meta(_MARKER, _encoded(text))) for tick, text in _symbols(changes)]
    parts = [_conductor(conductor, changes.end), *(_part(track, changes.end) for track in tracks)]
    header = struct.pack(">4sIHHH", b"MThd", 6, 1, len(parts), MIDI_TICKS_PER_BEAT)
    return b"".join((header, *parts))


_TEXT, _NAME, _MARKER, _CUE, _END, _TEMPO, _METRE = 0x01, 0x03, 0x06, 0x07, 0x2F, 0x51, 0x58
"""Meta events of the Standard MIDI Files 1.0 specification."""


def _meta(kind: int, data: bytes) -> bytes:
    return b"".join((bytes((0xFF, kind)), _variable(len(data)), data))


def read_recipe(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The recipe in a MIDI file that jazzgen wrote; None when there is none.

    Raises:
        MidiError: when the file cannot be read or its recipe is no JSON object.
    """
    from jazzgen.music.midi_read import read_midi

    for text in read_midi(path).texts:
        if text.kind == "text" and text.text.startswith(RECIPE_PREFIX):
            try:
                recipe = json.loads(text.text.removeprefix(RECIPE_PREFIX))
            except ValueError:
                recipe = None
            if not isinstance(recipe, dict):
                raise MidiError(f"{path}: its recipe cannot be read")
            return recipe
    return None


def _encoded(text: str) -> bytes:
    # Undecodable bytes of file names arrive as lone surrogates, which UTF-8 cannot spell.
    return text.encode("utf-8", "replace")


def _symbols(changes: Changes) -> Iterator[tuple[int, str]]:
    """Ticks and texts of the chord symbols where they change; none without any chord."""
    if all(chord.root < 0 for chord in changes.chords):
        return
    before = None
    for tick, chord in zip(changes.starts.tolist(), changes.chords, strict=True):
        if chord.symbol != before:
            yield tick, chord.symbol
        before = chord.symbol


def _time_signatures(changes: Changes) -> Iterator[tuple[int, int, int]]:
    """Tick, numerator and denominator wherever the length of the bars changes.

    Bars of 24 n ticks are n/4, of 12 n n/8, and so on to n/32. Other lengths, which come from
    human timing only, are rounded up to 32nds; the next bar line is then said anew.
    """
    whole = 4 * TICKS_PER_BEAT
    metre = changes.metre
    before: tuple[int, int] | None = None
    lines = changes.bar_lines.tolist()
    for start, end in pairwise(lines):
        length = end - start
        if metre and metre[0] * whole == length * metre[1]:
            now, exact = metre, True
        else:
            denominator = next((d for d in (4, 8, 16, 32) if length * d % whole == 0), 0)
            exact = denominator > 0
            denominator = denominator or 32
            now = -(-length * denominator // whole), denominator
            if now[0] > 255:  # more than MIDI can say; one long bar of nothing in particular
                now, exact = (255, denominator), False
        if now != before:
            yield start, *now
        before = now if exact else None


def _disjoint(notes: Notes) -> Iterator[tuple[int, int, int, int]]:
    """Onset, end, pitch and velocity, notes of one pitch cut where the next begins."""
    following: dict[int, int] = {}
    rows = []
    for note in reversed(list(notes)):
        end = min(note.onset + note.length, following.get(note.pitch, 1 << 30))
        if end > note.onset:  # of notes that coincide, the last stands for all
            rows.append((note.onset, end, note.pitch, note.velocity))
            following[note.pitch] = note.onset
    yield from reversed(rows)


def _conductor(events: list[tuple[int, int, bytes]], end: int) -> bytes:
    """The chunk of track 0 from ticks, ranks among those of one tick, and meta events."""
    data = bytearray()
    now = 0
    for tick, _, event in sorted(events, key=lambda event: event[:2]):
        data += _variable((tick - now) * MIDI_TICKS_PER_TICK) + event
        now = tick
    data += _variable(max(end - now, 0) * MIDI_TICKS_PER_TICK) + _meta(_END, b"")
    return struct.pack(">4sI", b"MTrk", len(data)) + data


def _part(track: Track, end: int) -> bytes:
    """The chunk of an instrument, which ends at `end` (ticks) or later."""
    step = 1 if track.fine else MIDI_TICKS_PER_TICK
    for numbers, highest, what in (
        (np.array([track.program]), 127, "program"),
        (np.array([track.channel]), 15, "channel"),
        (track.notes.onset, 0xFFFFFFF // step, "onset in MIDI's time"),
        (track.notes.pitch, 127, "pitch"),
        (track.notes.velocity, 127, "velocity"),
    ):
        if ((numbers < 0) | (numbers > highest)).any():
            raise ValueError(f"{what} must be in range 0..{highest}")
    on, off = 0x90 | track.channel, 0x80 | track.channel
    events = []
    for onset, stop, pitch, velocity in _disjoint(track.notes):
        # Offs come first: a repeated note.
        events += [(onset * step, 1, on, pitch, velocity), (stop * step, 0, off, pitch, 0)]
    events.sort(key=lambda event: event[:2])
    data = bytearray(_variable(0) + _meta(_NAME, _encoded(track.name)))
    data += bytes((0, 0xC0 | track.channel, track.program))
    now, running = 0, None
    for tick, _, status, pitch, velocity in events:
        data += _variable(tick - now)
        if status != running:
            data.append(status)
        data += bytes((pitch, velocity))
        now, running = tick, status
    data += _variable(max(end * MIDI_TICKS_PER_TICK - now, 0)) + _meta(_END, b"")
    return struct.pack(">4sI", b"MTrk", len(data)) + data


@lru_cache(maxsize=4096)
def _variable(number: int) -> bytes:
    """A number as MIDI files write it: seven bits a byte, all but the last marked."""
    found = [number & 0x7F]
    while number := number >> 7:
        found.append(0x80 | number & 0x7F)
    return bytes(reversed(found))
