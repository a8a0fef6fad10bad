"""The events of one MIDI track, read byte by byte: exact, and slower than symusic.

`midi_read` reads the beginning of every track this way (its name, tempi, metres) and the whole of
those that symusic leaves questions about: which channel a note was on, which texts stand where,
and what exactly is wrong with a damaged track.

Conventions: times are in the file's own ticks (`_midi_ticks`), counted from the track's start.
Format: Standard MIDI Files 1.0, RP-001, MIDI Manufacturers Association 1996.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Final

from jazzgen.errors import MidiError

END_OF_TRACK: Final = 0x2F
TEMPO: Final = 0x51
TIME_SIGNATURE: Final = 0x58
KEY_SIGNATURE: Final = 0x59
TRACK_NAME: Final = 0x03
INSTRUMENT_NAME: Final = 0x04

DRUM_CHANNEL: Final = 9
"""General MIDI plays drums on its tenth channel."""

_SYSEX: Final = (0xF0, 0xF7)
_DATA_BYTES: Final = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_KINDS: Final = {
    0x8: "note-off",
    0x9: "note-on",
    0xA: "key pressure",
    0xB: "control change",
    0xC: "program change",
    0xD: "channel pressure",
    0xE: "pitch bend",
}


@dataclass(slots=True)
class TrackEvents:
    """What a track holds.

    Attributes:
        metas: time, type and payload of the meta events, in order.
        notes: onset, end, channel 0-15, pitch, velocity and program of every note that is switched
            off, in order of their ends.
        hanging: how many notes are never switched off; they have no length and are left out.
        position: offset in the track at which reading stopped.
        end_midi_ticks: time of the last event read, the end of the track included.
        complete: whether the whole track was read, not just its beginning.
    """

    metas: list[tuple[int, int, bytes]] = field(default_factory=list)
    notes: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    hanging: int = 0
    position: int = 0
    end_midi_ticks: int = 0
    complete: bool = False


def read_events(data: bytes, *, until_note: bool = False) -> TrackEvents:
    """Reads a track.

    A note-on with velocity 0 is a note-off. A note-off ends the note of its channel and pitch
    that began first, and one that ends nothing is ignored, as symusic has it. The running status
    survives meta and system exclusive events: the standard forbids to rely on it, some writers do.

    Args:
        data: the track without its chunk header.
        until_note: stop at the first note-on, leaving the rest unread.

    Raises:
        MidiError: when the track is damaged; one clause that says where, without file or track.
    """
    out = TrackEvents()
    sounding: defaultdict[int, deque[tuple[int, int, int]]] = defaultdict(deque)
    programs = [0] * 16
    time = status = position = 0
    try:
        while position < len(data):
            start = position
            byte = data[position]
            position += 1
            delta = byte & 0x7F
            while byte & 0x80:
                byte = data[position]
                position += 1
                delta = delta << 7 | byte & 0x7F
            time += delta
            byte = data[position]
            if byte & 0x80:
                position += 1
                if byte == 0xFF or byte in _SYSEX:
                    kind = -1
                    if byte == 0xFF:
                        kind = data[position]
                        position += 1
                    length = shift = data[position]
                    position += 1
                    length &= 0x7F
                    while shift & 0x80:
                        shift = data[position]
                        position += 1
                        length = length << 7 | shift & 0x7F
                    if position + length > len(data):
                        raise IndexError
                    if kind >= 0:
                        out.metas.append((time, kind, data[position : position + length]))
                    position += length
                    if kind == END_OF_TRACK:
                        break
                    continue
                status = byte
            elif not status:
                raise MidiError(f"data without a status at byte {start:,}")
            command = status >> 4
            if command == 0xF:
                raise MidiError(f"unknown status {status:#04x} at byte {start:,}")
            if command == 0x9 and until_note and data[position + 1]:
                out.position, out.end_midi_ticks = start, time
                return out
            first = data[position]
            second = data[position + 1] if _DATA_BYTES[command] == 2 else 0
            if first & 0x80 or second & 0x80:
                raise MidiError(
                    f"{_KINDS[command]} with the value {max(first, second)} "
                    f"(0-127 are possible) at byte {start:,}"
                )
            position += _DATA_BYTES[command]
            if command == 0x9 and second:
                channel = status & 0xF
                sounding[channel << 7 | first].append((time, second, programs[channel]))
            elif command in (0x8, 0x9):
                channel = status & 0xF
                begun = sounding.get(channel << 7 | first)
                if begun:
                    onset, velocity, program = begun.popleft()
                    out.notes.append((onset, time, channel, first, velocity, program))
            elif command == 0xC:
                programs[status & 0xF] = first
    except IndexError:
        raise MidiError(f"the event at byte {start:,} is cut off") from None
    out.hanging = sum(map(len, sounding.values()))
    out.position, out.end_midi_ticks, out.complete = position, time, True
    return out
