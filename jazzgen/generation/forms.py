"""What changes say at every tick, laid out to be looked up for many solos at once."""

from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import EVENT
from jazzgen.encoding.context import NO_ROOT, SLOTS, ContextArray, ContextMaker
from jazzgen.encoding.interval import LENGTHS
from jazzgen.encoding.manner import Manner
from jazzgen.music.changes import Changes
from jazzgen.music.chord_scales import scale_tones
from jazzgen.music.chords import Chord
from jazzgen.music.ticks import TICKS_PER_BEAT

Indices = npt.NDArray[np.int64]

CHORD_TRAITS: Final = (
    *("chord tone", "chord tone on the beat", "scale tone"),
    *("root", "b9", "9", "b3", "3", "11", "#11", "5", "b13", "13", "b7", "7"),
)
"""What a chord makes of a pitch class: the columns of `Forms.classes`."""

_COLUMN: Final = {slot.name: i for i, slot in enumerate(SLOTS)}
_PHASE: Final = _COLUMN["phase"]
_REGISTER: Final = _COLUMN["register"]
_ROOTS: Final = [_COLUMN["root"], _COLUMN["next_root"]]
_TONES: Final = [_COLUMN["tones"], _COLUMN["next_tones"]]


class Forms:
    """Changes by tick; those of several solos stand one after the other.

    A place is an index into the arrays: the start of a solo's changes, as `add` returns it, plus
    a tick below their end.

    Attributes:
        chord: int64 `(places,)`, row of `classes` and `tones` for the chord there, one for on the
            beat and one for off it.
        classes: float64 `(n, 15, 12)`, `CHORD_TRAITS` of each pitch class.
        tones: int64 `(n,)`, pitch classes of the chord as bits.
        lines: bool `(places,)`, whether a bar line is there; each solo's go on, without any, for
            the longest length after its end.
    """

    def __init__(self) -> None:
        self.chord: Indices = np.zeros(0, dtype=np.int64)
        self.classes = np.zeros((0, len(CHORD_TRAITS), 12))
        self.tones: Indices = np.zeros(0, dtype=np.int64)
        self.lines = np.zeros(0, dtype=np.bool_)
        self._context: ContextArray = np.zeros((0, len(SLOTS)), dtype=np.int16)
        self._known: dict[tuple[object, ...], int] = {}
        self._rows: dict[Chord, int] = {}

    def add(self, changes: Changes, heard: Changes, tempo_bpm: float, manner: Manner | None) -> int:
        """Takes changes, once; returns the place of their tick 0.

        Args:
            changes: what a solo is played over.
            heard: what the network hears of them; the same bars.
            tempo_bpm: beats a minute.
            manner: style, instrument and feel; None: left open.
        """
        layout = (changes.starts.tobytes(), changes.bar_lines.tobytes())
        key = (changes.chords, *layout, heard.chords, heard.starts.tobytes(), tempo_bpm, manner)
        if key in self._known:
            return self._known[key]
        start = self._known[key] = len(self.chord)
        ticks = np.arange(changes.end + LENGTHS[-1] + 1, dtype=np.int32)
        on_beat = ticks % TICKS_PER_BEAT == 0
        rows = np.array([self._row(chord) for chord in changes.chords])
        self.chord = np.concatenate((self.chord, rows[changes.index_at(ticks)] + on_beat))
        self.lines = np.concatenate((self.lines, np.isin(ticks, changes.bar_lines)))
        maker = ContextMaker(heard, tempo_bpm, manner)
        # As if the pitch before were a C; `context` turns it.
        pitch = np.zeros_like(ticks)
        own = maker.rows(ticks, pitch, np.full_like(ticks, EVENT))
        self._context = np.concatenate((self._context, own))
        return start

    def _row(self, chord: Chord) -> int:
        """The chord's row off the beat; the next is that on the beat."""
        if chord not in self._rows:
            self._rows[chord] = len(self.classes)
            made = np.zeros((2, len(CHORD_TRAITS), 12))
            made[:, 0] = tones = _bits(chord.tones)
            made[1, 1] = tones
            made[:, 2] = _bits(scale_tones(chord))
            if chord.root >= 0:
                made[:, 3 + (np.arange(12) - chord.root) % 12, np.arange(12)] = 1
            self.classes = np.concatenate((self.classes, made))
            self.tones = np.append(self.tones, [chord.tones, chord.tones])
        return self._rows[chord]

    def context(self, places: Indices, reference: Indices, phase: int) -> ContextArray:
        """Context rows, as `ContextMaker.rows` makes them.

        Args:
            places: `(B,)`, where each value starts.
            reference: `(B,)`, the pitch 0-127 that sounded last.
            phase: `EVENT` or `LENGTH`.

        Returns:
            int16 `(B, N_SLOTS)`.
        """
        rows = self._context.take(places, axis=0)
        turn = (reference % 12)[:, None]
        roots = rows[:, _ROOTS]
        rows[:, _ROOTS] = np.where(roots == NO_ROOT, NO_ROOT, (roots - turn) % 12)
        tones = rows[:, _TONES].astype(np.int64)
        rows[:, _TONES] = (tones >> turn | tones << (12 - turn)) & 0xFFF
        rows[:, _REGISTER] = reference
        rows[:, _PHASE] = phase
        return rows


def _bits(mask: int) -> npt.NDArray[np.bool_]:
    return (mask >> np.arange(12) & 1).astype(np.bool_)
