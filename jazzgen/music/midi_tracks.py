"""The chunks of a MIDI file, and the notes of each track by instrument.

symusic reads the notes of a track at once; `midi_events` reads what symusic has no answer to:
texts, the channels of a track with several, and what is wrong with a damaged one. Where both
answer, they answer alike, which the tests hold.

Conventions: times are in the file's own ticks (`_midi_ticks`).
"""

import re
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.errors import MidiError
from jazzgen.music.midi_events import (
    DRUM_CHANNEL,
    INSTRUMENT_NAME,
    TRACK_NAME,
    TrackEvents,
    read_events,
    scan_events,
)

# Meta events that can matter after the first note: texts, tempo, metre, key. The pattern may also
# match within other events; that costs time only.
_LATER_METAS: Final = re.compile(rb"\xff[\x01\x05-\x07\x51\x58\x59]")

_SHORT: Final = 1200
"""Bytes of a track up to which reading it byte by byte is quicker than scanning it."""


@dataclass(slots=True)
class Instrument:
    """Notes of a track that one player plays; times in MIDI ticks. `channel` -1: not known."""

    channel: int
    program: int
    is_drums: bool
    onset: npt.NDArray[np.integer]
    end: npt.NDArray[np.int64]
    pitch: npt.NDArray[np.integer]
    velocity: npt.NDArray[np.integer]


@dataclass(slots=True)
class MidiTrack:
    """A track: its number in the file from 0, its name or "", its meta events, who plays in it.

    Where symusic read the notes, `events` holds those before the first note only.
    """

    number: int
    name: str
    events: TrackEvents
    instruments: list[Instrument]


def decode_text(payload: bytes) -> str:
    """Text of a meta event: UTF-8, or else Latin-1; MIDI itself does not say which."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        text = payload.decode("latin-1")
    return text.strip("\x00 \t\r\n")


def split_chunks(data: bytes) -> tuple[int, float, list[bytes]]:
    """Takes a file apart without looking into its tracks.

    Returns:
        The format 0, 1 or 2; MIDI ticks per beat (of a file in SMPTE time, which knows no beats,
        those of half a second); the payloads of the tracks.

    Raises:
        MidiError: when the file is no MIDI file or ends early.
    """
    if not data:
        raise MidiError("the file is empty (0 bytes)")
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":  # MIDI wrapped for Windows
        data = data[max(data.find(b"MThd"), 0) :]
    if data[:4] != b"MThd":
        raise MidiError("not a MIDI file (it does not begin with MThd)")
    if len(data) < 14:
        raise MidiError("truncated MIDI: the header is cut off")
    size, file_format, promised, division = struct.unpack(">IHHH", data[4:14])
    if size < 6 or file_format > 2:
        raise MidiError(f"not a MIDI file of type 0, 1 or 2 (header {data[4:14].hex(' ')})")
    if division >> 15:
        # SMPTE: frames a second times ticks a frame; 29 stands for 29.97.
        frames_s = {29: 30000 / 1001}.get(256 - (division >> 8), 256.0 - (division >> 8))
        midi_ticks_per_beat = frames_s * (division & 0xFF) / 2
    else:
        midi_ticks_per_beat = float(division)
    if not midi_ticks_per_beat:
        raise MidiError("damaged MIDI: a beat of 0 ticks")

    chunks: list[bytes] = []
    position = 8 + size
    while len(data) - position >= 8:
        kind = data[position : position + 4]
        (length,) = struct.unpack(">I", data[position + 4 : position + 8])
        position += 8
        if kind != b"MTrk" and len(chunks) >= promised:
            break  # whatever follows the last track is not music
        if length > len(data) - position:
            what = f"track {len(chunks)}" if kind == b"MTrk" else "a chunk of another kind"
            raise MidiError(
                f"truncated MIDI: {what} should have {length:,} bytes, "
                f"{len(data) - position:,} are left"
            )
        if kind == b"MTrk":
            chunks.append(data[position : position + length])
        position += length
    if len(chunks) < promised:
        raise MidiError(f"truncated MIDI: {len(chunks)} of {promised} tracks are there")
    return file_format, midi_ticks_per_beat, chunks


def read_track(number: int, chunk: bytes) -> MidiTrack:
    """Reads a track's payload, by symusic where that is exact.

    Raises:
        MidiError: when the track is damaged, with where and how.
    """
    try:
        events = read_events(chunk, until_note=True)
        instruments: list[Instrument] | None = None
        if not events.complete and not _LATER_METAS.search(chunk, events.position):
            instruments = _read_fast(chunk)
        if not instruments:
            if not events.complete:
                events = (scan_events(chunk) if len(chunk) > _SHORT else None) or read_events(chunk)
            instruments = _split_by_channel(events)
    except MidiError as error:
        raise MidiError(f"damaged MIDI: track {number}: {error}") from None
    names = {kind: text for _, kind, text in reversed(events.metas)}
    name = names.get(TRACK_NAME) or names.get(INSTRUMENT_NAME) or b""
    return MidiTrack(number, decode_text(name), events, instruments)


def _read_fast(chunk: bytes) -> list[Instrument] | None:
    """The track's notes by symusic; None when it refuses it or mixes several channels."""
    from symusic import Score

    # As a file of its own: symusic does not say which of its tracks stood in which of the file's.
    # A fixed resolution in the header keeps SMPTE time from it, which it refuses.
    header = b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk" + struct.pack(">I", len(chunk))
    try:
        groups = [group for group in Score.from_midi(header + chunk).tracks if len(group.notes)]
    except (RuntimeError, ValueError):
        return None
    if len(groups) > 1 and len({group.is_drum for group in groups}) < len(groups):
        return None  # two channels, or two programs on one: symusic does not say which
    instruments = []
    for group in groups:
        columns = group.notes.numpy()
        onset, duration = columns["time"], columns["duration"]
        if onset.min() < 0 or duration.min() < 0:
            return None  # more ticks than symusic's 32 bits hold
        is_drums = group.is_drum
        instruments.append(
            Instrument(
                channel=DRUM_CHANNEL if is_drums else -1,
                program=group.program,
                is_drums=is_drums,
                onset=onset,
                end=onset.astype(np.int64) + duration,
                pitch=columns["pitch"],
                velocity=columns["velocity"],
            )
        )
    return instruments


def _split_by_channel(events: TrackEvents) -> list[Instrument]:
    table = events.notes.T
    instruments = []
    for channel in np.flatnonzero(np.bincount(table[2])).tolist():
        onset, end, _, pitch, velocity, programs = table[:, table[2] == channel]
        program = int(np.bincount(programs).argmax())
        is_drums = channel == DRUM_CHANNEL
        instruments.append(Instrument(channel, program, is_drums, onset, end, pitch, velocity))
    return instruments


def by_player(instruments: list[Instrument]) -> list[Instrument]:
    """Joins channels of one program: one player, such as a guitar with a channel per string."""
    if len(instruments) == 1:
        return instruments
    players: dict[tuple[bool, int], list[Instrument]] = {}
    for one in instruments:
        players.setdefault((one.is_drums, one.program), []).append(one)
    joined = []
    for (is_drums, program), same in players.items():
        columns = [
            np.concatenate([getattr(one, name) for one in same])
            for name in ("onset", "end", "pitch", "velocity")
        ]
        joined.append(Instrument(same[0].channel, program, is_drums, *columns))
    return joined
