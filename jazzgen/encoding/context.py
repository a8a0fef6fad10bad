"""What a conditional network is told beside each value: where in the bar, over which chords, how.

For every value the dataset keeps one row of small integers, `SLOTS`; the flags that the network
sees are looked up in one table a slot (`features`). Chords are turned so that the reference pitch
(the note that sounded last) is 0: with intervals for notes, a solo in all twelve keys is then one
and the same sequence. Only the register is absolute.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.manner import FEELS, INSTRUMENTS, STYLES, Manner
from jazzgen.music.changes import Changes
from jazzgen.music.notes import IntArray
from jazzgen.music.ticks import TICKS_PER_BEAT

ContextArray = npt.NDArray[np.int16]
FloatArray = npt.NDArray[np.float32]

MAX_BEATS: Final = 12
"""Beats of a bar that are told apart; later ones count as the last."""

_UNTIL_TICKS: Final = (12, 24, 48, 96, 192)
"""Upper bounds, in ticks, of the classes of time left until the next chord."""

REGISTER_CENTRES: Final = np.arange(36, 97, 6)
"""MIDI pitches at which a register flag is 1; between two of them both are partly set."""


_TEMPO_CENTRES: Final = np.array([60, 85, 120, 170, 240, 340])
"""Beats a minute at which a tempo flag is 1, each √2 times the one before."""

MAX_TEMPO: Final = 400
"""Beats a minute beyond which tempi are not told apart."""


NO_ROOT: Final = 12
"""Stands for the root where there is no chord."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One column of a context row: its name and, for each of its integers, the flags it sets."""

    name: str
    table: FloatArray


def _one_hot(name: str, size: int) -> Slot:
    return Slot(name, np.eye(size, dtype=np.float32))


def _tones(name: str) -> Slot:
    bits = np.arange(4096)[:, None] >> np.arange(12) & 1
    return Slot(name, bits.astype(np.float32))


def register_flags(pitches: npt.NDArray[np.integer]) -> FloatArray:
    """How near each pitch is to each of `REGISTER_CENTRES`.

    Args:
        pitches: `(n,)`, MIDI pitches; beyond the outermost centres they count as those.

    Returns:
        float32 `(n, 11)`: 1 at a centre, falling to 0 at its neighbours; rows sum to 1.
    """
    step = float(REGISTER_CENTRES[1] - REGISTER_CENTRES[0])
    within = np.clip(pitches, REGISTER_CENTRES[0], REGISTER_CENTRES[-1])
    near = 1 - np.abs(within[:, None] - REGISTER_CENTRES) / step
    flags: FloatArray = np.maximum(near, 0).astype(np.float32)
    return flags


def _tempo() -> Slot:
    octaves = np.log2(np.clip(np.arange(MAX_TEMPO + 1), _TEMPO_CENTRES[0], _TEMPO_CENTRES[-1]))
    near = 1 - np.abs(octaves[:, None] - np.log2(_TEMPO_CENTRES)) / 0.5
    return Slot("tempo", np.maximum(near, 0).astype(np.float32))


def _or_open(name: str, size: int) -> Slot:
    """One flag for each index from 1; 0, left open, sets none."""
    return Slot(name, np.eye(size + 1, dtype=np.float32)[:, 1:])


SLOTS: Final = (
    _one_hot("phase", 2),  # a note, rest or end is due, or a length
    _one_hot("beat", MAX_BEATS),  # of the bar, from 0
    _one_hot("tick", TICKS_PER_BEAT),  # of the beat, from 0
    _one_hot("metre", MAX_BEATS + 1),  # beats in the bar
    _one_hot("root", 13),  # of the chord now, above the reference pitch; 12: no chord
    _tones("tones"),  # of the chord now, bit 0 the reference pitch
    _one_hot("next_root", 13),  # of the next different chord; 12: none follows
    _tones("next_tones"),
    _one_hot("until_next", len(_UNTIL_TICKS) + 1),  # time left until then
    Slot("register", register_flags(np.arange(128))),  # of the reference pitch
    _tempo(),  # in beats a minute
    _or_open("style", len(STYLES)),
    _or_open("instrument", len(INSTRUMENTS)),
    _or_open("feel", len(FEELS)),
)
"""The columns of a context row, in order."""

N_SLOTS: Final = len(SLOTS)
"""Integers in a context row (14)."""

N_FEATURES: Final = sum(slot.table.shape[1] for slot in SLOTS)
"""Flags the network sees for a context row."""


class ContextMaker:
    """Derives context rows from changes, tempo and manner; made once for a solo.

    Args:
        changes: chords and bar lines.
        tempo_bpm: beats a minute, above 0.
        manner: style, instrument and feel; all left open unless given.
    """

    def __init__(self, changes: Changes, tempo_bpm: float, manner: Manner | None = None) -> None:
        # The same at every value: tempo, style, instrument, feel.
        self._whole = (min(round(tempo_bpm), MAX_TEMPO), *(manner or Manner()).indices)
        self._changes = changes
        self._root = np.array([chord.root for chord in changes.chords], dtype=np.int32)
        self._tones = np.array([chord.tones for chord in changes.chords], dtype=np.int32)
        self._next = _next_different(self._root, self._tones)
        self._lines = changes.bar_lines

    def rows(
        self,
        ticks: IntArray,
        reference: npt.NDArray[np.integer],
        phase: npt.NDArray[np.integer],
    ) -> ContextArray:
        """Context rows.

        Args:
            ticks: int32 `(n,)`, the tick at which each value starts. Past the end of the changes
                the last bar and chord go on.
            reference: `(n,)`, the pitch 0-127 that sounded last.
            phase: `(n,)`, `EVENT` or `LENGTH`.

        Returns:
            int16 `(n, N_SLOTS)`.
        """
        lines = self._lines
        bar = np.clip(np.searchsorted(lines, ticks, side="right") - 1, 0, len(lines) - 2)
        bar_ticks = lines[bar + 1] - lines[bar]
        within = (ticks - lines[bar]) % bar_ticks
        now = self._changes.index_at(ticks)
        following = self._next[now]
        has_next = following >= 0
        turn = np.asarray(reference, dtype=np.int32) % 12
        until = self._changes.starts[following] - ticks
        columns = (
            phase,
            np.minimum(within // TICKS_PER_BEAT, MAX_BEATS - 1),
            within % TICKS_PER_BEAT,
            np.minimum(-(-bar_ticks // TICKS_PER_BEAT), MAX_BEATS),
            _turned_root(self._root[now], turn),
            _turned_tones(self._tones[now], turn),
            np.where(has_next, _turned_root(self._root[following], turn), NO_ROOT),
            np.where(has_next, _turned_tones(self._tones[following], turn), 0),
            np.where(
                has_next, np.searchsorted(_UNTIL_TICKS, until, side="left"), len(_UNTIL_TICKS)
            ),
            reference,
            *(np.full(len(ticks), index) for index in self._whole),
        )
        return np.stack(columns, axis=1).astype(np.int16)


def _next_different(root: IntArray, tones: IntArray) -> IntArray:
    """For each chord the index of the next with other tones or root; -1 where none follows."""
    following = np.full(len(root), -1, dtype=np.int32)
    for i in range(len(root) - 2, -1, -1):
        same = root[i] == root[i + 1] and tones[i] == tones[i + 1]
        following[i] = following[i + 1] if same else i + 1
    return following


def _turned_root(root: IntArray, turn: IntArray) -> IntArray:
    return np.where(root < 0, NO_ROOT, (root - turn) % 12)


def _turned_tones(tones: IntArray, turn: IntArray) -> IntArray:
    return (tones >> turn | tones << (12 - turn)) & 0xFFF


def features(context: ContextArray) -> FloatArray:
    """Looks up the flags of context rows.

    Args:
        context: int16 `(..., N_SLOTS)`.

    Returns:
        float32 `(..., N_FEATURES)`, between 0 and 1.
    """
    return np.concatenate([slot.table[context[..., i]] for i, slot in enumerate(SLOTS)], axis=-1)
