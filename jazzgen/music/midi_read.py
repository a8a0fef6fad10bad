"""Reading MIDI files of any type onto the tick grid.

What is a part: a track with notes, as music21 counts them, from 0 in the order of the file. A
track that mixes instruments (drums with others, channels of different programs) gives a part per
instrument; the first, which is never drums if it can be helped, keeps the track's number, and the
others come after the last track. If only one track has notes, as in every type-0 file, each
channel is a part. A change of program within a channel splits nothing.

Decisions on notes: onsets and ends go to the nearest tick (halves up); a note of no length, in the
file or on the grid, lasts one tick; overlapping notes of one pitch end in the order in which they
began; a note that is never switched off has no length and is left out.
"""

import math
import os
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jazzgen.errors import MidiError
from jazzgen.music.metre import KeySignature, MetreChange, TempoChange, TimeMap, read_time_map
from jazzgen.music.midi_tracks import (
    Instrument,
    MidiTrack,
    by_player,
    decode_text,
    read_track,
    split_chunks,
)
from jazzgen.music.notes import IntArray, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

MAX_BEATS: Final = 30_000
"""Beats a file may last, four hours at 120 beats a minute; more is damage."""

_TEXT_KINDS: Final = {0x01: "text", 0x05: "lyric", 0x06: "marker", 0x07: "cue"}


class Text(NamedTuple):
    """A text in a MIDI file.

    Attributes:
        tick: where it stands.
        kind: `text`, `lyric`, `marker` or `cue`.
        text: the text, stripped.
        track: the track it stands in, counted from 0 over all tracks.
    """

    tick: int
    kind: str
    text: str
    track: int


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The notes of one instrument.

    Attributes:
        index: the part's number in the file, from 0.
        name: the name of its track, or empty.
        program: General MIDI program 0-127; of several, the one with most notes.
        is_drums: whether it plays on channel 10.
        track: the track it stands in, counted from 0 over all tracks.
        notes: on the tick grid; at least one, at any polyphony.
        onset_midi_ticks: int64 `(n,)`, the onsets of `notes` in the file's own ticks.
        end_midi_ticks: int64 `(n,)`, their ends, not before the onsets.
    """

    index: int
    name: str
    program: int
    is_drums: bool
    track: int
    notes: Notes
    onset_midi_ticks: npt.NDArray[np.int64]
    end_midi_ticks: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class MidiSong:
    """A MIDI file on the tick grid.

    Attributes:
        parts: the parts with notes; at least one.
        format: 0, 1 or 2. The tracks of a type-2 file are pieces of their own; as parts they all
            start at tick 0, and tempi and metres are those of the first track that has any.
        midi_ticks_per_beat: the file's resolution; of a file in SMPTE time, which knows no beats,
            that of 120 beats a minute.
        tempi: tempo changes in order; the first at tick 0.
        metres: metre changes in order; the first at tick 0.
        keys: key signatures in order, often none.
        bar_lines: int32 `(bars + 1,)`, the ticks of all bar lines from 0 to the first at or after
            `end`. A metre change begins a bar wherever it stands.
        texts: texts, lyrics, markers and cue points in order.
        end: tick at which the last note ends, or the track with the tempi if that is later.
    """

    parts: tuple[Part, ...]
    format: int
    midi_ticks_per_beat: float
    tempi: tuple[TempoChange, ...]
    metres: tuple[MetreChange, ...]
    keys: tuple[KeySignature, ...]
    bar_lines: IntArray
    texts: tuple[Text, ...]
    end: int

    @property
    def tempo_bpm(self) -> float:
        """The tempo that lasts longest, in beats a minute."""
        ends = [tempo.tick for tempo in self.tempi[1:]] + [max(self.end, self.tempi[-1].tick)]
        lasting: Counter[float] = Counter()
        for tempo, end in zip(self.tempi, ends, strict=True):
            lasting[tempo.bpm] += end - tempo.tick
        return lasting.most_common(1)[0][0]


def read_midi(path: str | os.PathLike[str]) -> MidiSong:
    """Reads a MIDI file of type 0, 1 or 2.

    Raises:
        MidiError: when the file is missing, not MIDI, empty, truncated, damaged, or has no notes;
            `PATH: ` and one clause.
    """
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise MidiError(f"{path}: {(reason or 'cannot be read').lower()}") from error
    try:
        return parse_midi(data)
    except MidiError as error:
        raise MidiError(f"{path}: {error}") from None


def parse_midi(data: bytes) -> MidiSong:
    """Reads the bytes of a MIDI file; as `read_midi`, but errors name no path."""
    file_format, midi_ticks_per_beat, chunks = split_chunks(data)
    tracks = [read_track(number, chunk) for number, chunk in enumerate(chunks)]
    with_notes = [track for track in tracks if track.instruments]
    if not with_notes:
        hanging = sum(track.events.hanging for track in tracks)
        raise MidiError("no note in it ever ends" if hanging else "no notes")

    first: list[tuple[MidiTrack, Instrument]] = []
    others: list[tuple[MidiTrack, Instrument]] = []
    for track in with_notes:
        instruments = track.instruments
        if len(with_notes) > 1:
            instruments = by_player(instruments)
        instruments.sort(key=lambda instrument: (instrument.is_drums, instrument.channel))
        first.append((track, instruments[0]))
        others += [(track, instrument) for instrument in instruments[1:]]
    shared = len(with_notes) == 1 and bool(others)  # the track's name names none of its channels
    parts, end = _on_grid(
        [("" if shared else track.name, track.number, player) for track, player in first + others],
        midi_ticks_per_beat,
    )

    def to_grid(midi_ticks: int) -> int:
        return math.floor(midi_ticks * TICKS_PER_BEAT / midi_ticks_per_beat + 0.5)

    last_beat = MAX_BEATS * midi_ticks_per_beat
    metas = [
        (time, kind, payload, track.number)
        for track in tracks
        for time, kind, payload in track.events.metas
        if time <= last_beat
    ]
    metas.sort(key=itemgetter(0))
    for track in tracks:
        # The length of the song, where its maker cared, is that of the track with the tempi.
        if not track.instruments and track.events.end_midi_ticks <= last_beat:
            end = max(end, to_grid(track.events.end_midi_ticks))
    time_map: TimeMap = read_time_map(metas, midi_ticks_per_beat, end, one_track=file_format == 2)
    return MidiSong(
        parts=parts,
        format=file_format,
        midi_ticks_per_beat=midi_ticks_per_beat,
        tempi=time_map.tempi,
        metres=time_map.metres,
        keys=time_map.keys,
        bar_lines=time_map.bar_lines,
        texts=tuple(
            Text(to_grid(time), _TEXT_KINDS[kind], decode_text(payload), track)
            for time, kind, payload, track in metas
            if kind in _TEXT_KINDS
        ),
        end=end,
    )


def _on_grid(
    players: list[tuple[str, int, Instrument]], midi_ticks_per_beat: float
) -> tuple[tuple[Part, ...], int]:
    """The parts, whose arrays share one memory, and the tick at which the last note ends.

    Args:
        players: name, number of the track, and instrument of each part.
        midi_ticks_per_beat: the file's resolution.

    Raises:
        MidiError: when they last longer than music does.
    """
    onset, end, pitch, velocity = (
        np.concatenate([getattr(instrument, column) for _, _, instrument in players])
        for column in ("onset", "end", "pitch", "velocity")
    )
    last = int(end.max())
    if last * 1.0 > MAX_BEATS * midi_ticks_per_beat:
        raise MidiError(f"lasts {last / midi_ticks_per_beat:,.0f} beats, which cannot be music")
    sizes = [len(instrument.onset) for _, _, instrument in players]
    part = np.repeat(np.arange(len(players)), sizes)
    tick = np.floor(onset * float(TICKS_PER_BEAT) / midi_ticks_per_beat + 0.5).astype(np.int64)
    end_tick = np.floor(end * float(TICKS_PER_BEAT) / midi_ticks_per_beat + 0.5).astype(np.int64)
    # By part, tick and pitch; no tick reaches 2^20.
    order = (part << 27 | tick << 7 | pitch).argsort(kind="stable")
    tick, pitch = tick[order], pitch[order]
    length = np.maximum(end_tick[order] - tick, 1)
    columns = [column.astype(np.int32) for column in (tick, length, pitch)]
    columns.append(np.maximum(velocity[order], 1).astype(np.int32))
    onset, end = onset[order].astype(np.int64), end[order]
    parts: list[Part] = []
    start = 0
    for (name, track, instrument), size in zip(players, sizes, strict=True):
        own = slice(start, start + size)
        parts.append(
            Part(
                index=len(parts),
                name=name,
                program=instrument.program,
                is_drums=instrument.is_drums,
                track=track,
                notes=Notes(*(column[own] for column in columns)),
                onset_midi_ticks=onset[own],
                end_midi_ticks=end[own],
            )
        )
        start += size
    return tuple(parts), int((tick + length).max())
