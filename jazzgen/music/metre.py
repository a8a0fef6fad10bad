"""Tempo, metre and key of a MIDI file, and the bar lines that follow from its metres."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from jazzgen.music.midi_events import KEY_SIGNATURE, TEMPO, TIME_SIGNATURE
from jazzgen.music.notes import IntArray
from jazzgen.music.ticks import TICKS_PER_BEAT

DEFAULT_TEMPO_BPM: Final = 120.0
"""Tempo of a MIDI file that names none (Standard MIDI Files 1.0)."""

MAX_DENOMINATOR: Final = 64
"""Finest note value of a metre; files that claim more (2 to the 255th is possible) are damaged."""

_MAJOR_KEYS: Final = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#")
_SHARP_KEYS: Final = (*_MAJOR_KEYS, "C#", "G#", "D#", "A#")


@dataclass(frozen=True, slots=True)
class TempoChange:
    """From `tick` on, `bpm` beats (quarter notes) a minute."""

    tick: int
    bpm: float


@dataclass(frozen=True, slots=True)
class MetreChange:
    """From `tick` on, bars of `numerator`/`denominator`; the denominator a power of 2 up to 64."""

    tick: int
    numerator: int
    denominator: int

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


@dataclass(frozen=True, slots=True)
class KeySignature:
    """From `tick` on, `sharps` sharps (flats when negative, -7 to 7), major or minor."""

    tick: int
    sharps: int
    minor: bool

    def __str__(self) -> str:
        tonic = _SHARP_KEYS[self.sharps + 7 + (3 if self.minor else 0)]
        return f"{tonic} {'minor' if self.minor else 'major'}"


@dataclass(frozen=True, slots=True, eq=False)
class TimeMap:
    """Tempi, metres (the first of each at tick 0), key signatures and bar lines of a file.

    `bar_lines` is int32 `(bars + 1,)`, strictly increasing from 0.
    """

    tempi: tuple[TempoChange, ...]
    metres: tuple[MetreChange, ...]
    keys: tuple[KeySignature, ...]
    bar_lines: IntArray


def read_time_map(
    metas: Iterable[tuple[int, int, bytes, int]],
    midi_ticks_per_beat: float,
    end: int,
    *,
    one_track: bool = False,
) -> TimeMap:
    """Gathers tempi, metres and keys from meta events; what is malformed is passed over.

    Args:
        metas: MIDI tick, type, payload and track of each event, in order of time.
        midi_ticks_per_beat: the file's resolution.
        end: the tick up to which bars are laid.
        one_track: take only the events of the first track that has any.
    """
    wanted = [m for m in metas if m[1] in (TEMPO, TIME_SIGNATURE, KEY_SIGNATURE)]
    if one_track and wanted:
        track = min(m[3] for m in wanted)
        wanted = [m for m in wanted if m[3] == track]
    tempi: dict[int, TempoChange] = {0: TempoChange(0, DEFAULT_TEMPO_BPM)}
    metres: dict[int, MetreChange] = {0: MetreChange(0, 4, 4)}
    keys: dict[int, KeySignature] = {}
    for time, kind, payload, _ in wanted:
        tick = int(np.floor(time * TICKS_PER_BEAT / midi_ticks_per_beat + 0.5))
        if kind == TEMPO and len(payload) == 3 and any(payload):
            tempi[tick] = TempoChange(tick, round(60e6 / int.from_bytes(payload, "big"), 3))
        elif kind == TIME_SIGNATURE and len(payload) >= 2:
            numerator, power = payload[:2]
            if numerator and 1 << power <= MAX_DENOMINATOR:
                metres[tick] = MetreChange(tick, numerator, 1 << power)
        elif kind == KEY_SIGNATURE and len(payload) == 2 and payload[1] <= 1:
            sharps = payload[0] - 256 if payload[0] > 127 else payload[0]
            if -7 <= sharps <= 7:
                keys[tick] = KeySignature(tick, sharps, bool(payload[1]))
    in_order = [metres[tick] for tick in sorted(metres)]
    return TimeMap(
        tempi=tuple(tempi[tick] for tick in sorted(tempi)),
        metres=tuple(in_order),
        keys=tuple(keys[tick] for tick in sorted(keys)),
        bar_lines=lay_bars(in_order, end),
    )


def lay_bars(metres: Sequence[MetreChange], end: int) -> IntArray:
    """Bar lines from tick 0 to the first at or after `end`, at least one bar.

    A metre change begins a bar wherever it stands, so the bar before may be cut short. Bars whose
    length is no whole number of ticks (5/64) are rounded line by line.

    Args:
        metres: changes in order, the first at tick 0; those at or after `end` are passed over.
        end: tick up to which bars are laid.

    Returns:
        int32 `(bars + 1,)`, strictly increasing from 0.
    """
    end = max(end, 1)
    metres = [metre for metre in metres if metre.tick < end]
    lines: list[IntArray] = []
    for number, metre in enumerate(metres):
        length = metre.numerator * 4 * TICKS_PER_BEAT / metre.denominator
        last = number + 1 == len(metres)
        until = end if last else metres[number + 1].tick
        count = int(np.ceil((until - metre.tick) / length)) + (1 if last else 0)
        ticks = metre.tick + np.arange(count) * length
        lines.append(np.floor(ticks + 0.5).astype(np.int32))
    return np.unique(np.concatenate(lines))
