"""The events of one MIDI track: exact, and slower than symusic.

`midi_tracks` reads the beginning of every track byte by byte (its name, tempi, metres) and scans
the whole of those that symusic leaves questions about: which channel a note was on, which texts
stand where. What exactly is wrong with a damaged track is found byte by byte again.

Conventions: times are in the file's own ticks (`_midi_ticks`), counted from the track's start.
Format: Standard MIDI Files 1.0, RP-001, MIDI Manufacturers Association 1996.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

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
_PADDING: Final = bytes(8)
"""Behind a track, so that what is looked up for its last bytes exists."""

# Bytes from the status on of the events that have a fixed number of them; of an event without a
# status of its own, those of its data. 0: look closer.
_SPANS: Final = np.zeros(256, np.int32)
_SPANS[:0x80] = 2
_SPANS[0x80:0xC0] = _SPANS[0xE0:0xF0] = 3
_SPANS.flags.writeable = False

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
        notes: int64 `(n, 6)`: onset, end, channel 0-15, pitch, velocity and program of every note
            that is switched off, in order of their ends.
        hanging: how many notes are never switched off; they have no length and are left out.
        position: offset in the track at which reading stopped.
        end_midi_ticks: time of the last event read, the end of the track included.
        complete: whether the whole track was read, not just its beginning.
    """

    metas: list[tuple[int, int, bytes]] = field(default_factory=list)
    notes: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 6), np.int64))
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
    notes: list[tuple[int, int, int, int, int, int]] = []
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
                    notes.append((onset, time, channel, first, velocity, program))
            elif command == 0xC:
                programs[status & 0xF] = first
    except IndexError:
        raise MidiError(f"the event at byte {start:,} is cut off") from None
    if notes:  # times that 64 bits cannot hold do not occur: a delta time has 28 bits
        out.notes = np.array(notes, dtype=np.int64)
    out.hanging = sum(map(len, sounding.values()))
    out.position, out.end_midi_ticks, out.complete = position, time, True
    return out


def scan_events(data: bytes) -> TrackEvents | None:
    """Reads a whole track as `read_events` does, mostly at once.

    Where an event that begins at a byte would end is looked up for all bytes of the track in a
    few array operations; then one has only to jump from event to event.

    Args:
        data: the track without its chunk header.

    Returns:
        What `read_events` returns; None where something is damaged or unusual.
    """
    size = len(data)
    raw = np.frombuffer(data + _PADDING, np.uint8)
    low = raw < 0x80
    # A delta time ends with the first byte below 0x80; the status follows.
    delta_end = np.flatnonzero(low)[np.cumsum(low) - low][: size + 1]
    status_at = delta_end + 1
    span = _SPANS[raw[status_at]]
    following = np.where(span, status_at + span, 0).data

    starts: list[int] = []
    metas: list[tuple[int, int, bytes]] = []  # the number of the event, type, payload
    position = 0
    while position < size:
        starts.append(position)
        after = following[position]
        if not after:
            at = int(status_at[position])
            status = data[at] if at < size else 0
            if status == 0xFF or status in _SYSEX:
                at += 1
                kind = -1
                if status == 0xFF:
                    kind = int(raw[at])
                    at += 1
                length_end = int(delta_end[at]) if at < size else size
                length = 0
                for byte in data[at : length_end + 1]:
                    length = length << 7 | byte & 0x7F
                after = length_end + 1 + length
                if after > size:
                    return None
                if kind >= 0:
                    metas.append((len(starts) - 1, kind, data[length_end + 1 : after]))
                if kind == END_OF_TRACK:
                    position = after
                    break
            elif status >> 4 in (0xC, 0xD):
                after = at + 2
            else:
                return None
            # Jumping takes an event without status for one of two data bytes.
            if after < size and raw[status_at[after]] < 0x80:
                return None
        position = after
    if position > size or not starts:
        return None

    start = np.array(starts)
    at = status_at[start]
    width = at - 1 - start
    delta = raw[at - 1].astype(np.int64)
    if (longest := int(width.max())) > 3:
        return None
    for more in range(1, longest + 1):
        byte = raw[np.maximum(at - 1 - more, 0)].astype(np.int64) & 0x7F
        delta += np.where(width >= more, byte << 7 * more, 0)
    time = np.cumsum(delta)
    status = raw[at]
    spoken = status >= 0x80
    if not spoken[0]:
        return None
    in_channel = status < 0xF0
    status = status[np.maximum.accumulate(np.where(spoken & in_channel, np.arange(len(at)), 0))]
    first, second = raw[at + spoken], raw[at + spoken + 1]
    command = status >> 4
    data_bytes = np.where(command >> 1 == 0b110, first, first | second)
    if np.any(data_bytes[in_channel] & 0x80):
        return None
    is_note = in_channel & (command >> 1 == 0b100)
    begins = (command == 0x9) & (second > 0)
    notes, hanging = _pair(
        np.flatnonzero(is_note & begins), np.flatnonzero(is_note & ~begins), status, first
    )
    onset, end = notes
    channel = status[onset] & 0xF
    columns = (
        *(time[onset], time[end], channel, first[onset], second[onset]),
        _programs(onset, channel, np.flatnonzero(in_channel & (command == 0xC)), status, first),
    )
    return TrackEvents(
        metas=[(int(time[event]), kind, payload) for event, kind, payload in metas],
        notes=np.stack(columns, axis=1, dtype=np.int64, casting="unsafe"),
        hanging=hanging,
        position=position,
        end_midi_ticks=int(time[-1]),
        complete=True,
    )


_Events = npt.NDArray[np.intp]
_Bytes = npt.NDArray[np.uint8]


def _pair(
    ons: _Events, offs: _Events, status: _Bytes, pitch: _Bytes
) -> tuple[tuple[_Events, _Events], int]:
    """Finds the event that ends each note: of one channel and pitch, first in, first out.

    Args:
        ons: `(n,)`, events that begin a note, in order.
        offs: `(m,)`, events that end one, in order.
        status: of every event.
        pitch: of every event.

    Returns:
        The first and the last event of each note, in order of the last; how many notes never end.
    """
    event = np.concatenate((ons, offs))
    # By key, then in order: one number holds key, event (a chunk has below 2^32 bytes) and kind.
    packed = ((status[event] & 0xF).astype(np.int64) << 7 | pitch[event]) << 33 | event << 1
    packed[len(ons) :] |= 1
    packed.sort()
    is_off = packed & 1
    event = packed >> 1 & 0xFFFFFFFF
    key = packed >> 33
    if len(ons) == len(offs) and is_off[1::2].all() and np.array_equal(key[::2], key[1::2]):
        begun, ended = event[::2], event[1::2]  # every note ends before the next of its pitch
        in_order = np.argsort(ended)
        return (begun[in_order], ended[in_order]), 0
    change = 1 - 2 * is_off
    # How many notes of the key sound after each event, if every end ended one.
    new = np.append(True, key[1:] != key[:-1])[: len(key)]
    group = np.cumsum(new) - 1
    total = np.cumsum(change)
    before = (total - change)[new]
    sounding = total - before[group]
    is_on = change > 0
    # One that drops below all before, and below 0, ended nothing.
    drop = group * (2 * len(event) + 2)
    least = np.minimum.accumulate(np.minimum(sounding, 0) - drop) + drop
    before_it = np.where(new, 0, np.append(0, least[:-1])[: len(least)])
    is_end = ~is_on & (sounding >= np.minimum(before_it, 0))
    # The n-th end of a key belongs to its n-th beginning.
    ends_so_far = np.cumsum(is_end) - is_end
    place = ends_so_far[is_end] - ends_so_far[new][group[is_end]]
    ons_so_far: npt.NDArray[np.intp] = np.cumsum(is_on) - is_on
    begun = event[is_on][ons_so_far[new][group[is_end]] + place]
    ended = event[is_end]
    in_order = np.argsort(ended)
    return (begun[in_order], ended[in_order]), len(ons) - len(ended)


def _programs(
    onset: _Events, channel: _Bytes, changes: _Events, status: _Bytes, program: _Bytes
) -> npt.NDArray[np.int64]:
    """The program of each note's channel when it begins; 0 before the first change."""
    out = np.zeros(len(onset), np.int64)
    for number in np.unique(status[changes] & 0xF).tolist():
        own = changes[(status[changes] & 0xF) == number]
        notes = channel == number
        latest = np.searchsorted(own, onset[notes]) - 1
        out[notes] = np.where(latest >= 0, program[own[latest]], 0)
    return out
