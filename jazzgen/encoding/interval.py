"""The interval encoding: 78 values, the same for every corpus.

| value | meaning                                                                    |
|-------|----------------------------------------------------------------------------|
| 0-48  | a note, -24 to +24 semitones from the note before it                        |
| 49    | a rest                                                                     |
| 50-76 | a length in ticks, one of `LENGTHS`                                        |
| 77    | end of solo                                                                |

A note or rest is always followed by its length. Pitch being relative, a solo and its
transpositions are the same sequence.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.base import EVENT, LENGTH, START_PITCH, BoolArray, Encoded, ValueArray
from jazzgen.encoding.vocabulary import END as END_SYMBOL
from jazzgen.encoding.vocabulary import N_VALUES, Vocabulary
from jazzgen.music.changes import Changes
from jazzgen.music.notes import IntArray, Note, Notes

MAX_LEAP: Final = 24
"""Semitones of the widest leap that has a value; wider ones are folded by octaves."""

REST: Final = 2 * MAX_LEAP + 1
"""The value of a rest (49)."""

FIRST_LENGTH: Final = REST + 1
"""The value of the shortest length (50)."""

LENGTHS: Final = (
    *(1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 15, 16, 18, 20, 24, 28, 30, 32, 36, 40, 42),
    *(48, 60, 72, 84, 96),
)
"""The lengths that have a value, in ticks (24 a beat)."""

END: Final = FIRST_LENGTH + len(LENGTHS)
"""The value of the end of a solo (77)."""

assert END == N_VALUES - 1

VOCABULARY: Final = Vocabulary(
    encoding="interval",
    symbols=(
        *(f"{leap:+d}" for leap in range(-MAX_LEAP, MAX_LEAP + 1)),
        "rest",
        *(f"{length}t" for length in LENGTHS),
        END_SYMBOL,
    ),
)

REST_COST = 6
"""Ticks of silence (a sixteenth) that are still articulation rather than a rest."""

_LENGTHS = np.array(LENGTHS, dtype=np.int32)


@cache
def split_silence(ticks: int) -> tuple[int, ...]:
    """Spells a silence as the fewest lengths, the longer first.

    Args:
        ticks: at least 0.

    Returns:
        Members of `LENGTHS` that add up to `ticks`.
    """
    # As many of the longest as fit are part of a fewest choice: a test compares with all others.
    whole, rest = divmod(ticks, LENGTHS[-1])
    return (LENGTHS[-1],) * whole + _fewest(rest)


@cache
def _fewest(ticks: int) -> tuple[int, ...]:
    if ticks == 0:
        return ()
    if ticks in LENGTHS:
        return (ticks,)
    options = [(length, *_fewest(ticks - length)) for length in LENGTHS if length < ticks]
    return min(
        (tuple(sorted(o, reverse=True)) for o in options), key=lambda o: (len(o), [-x for x in o])
    )


def fit_lengths(onset: IntArray, length: IntArray) -> IntArray:
    """Gives performed notes lengths from the grid.

    Players shorten and lengthen notes for articulation, and transcriptions measure that. Spelled
    as they stand, four notes of five would be followed by a tiny rest. Each note therefore gets
    the length from `LENGTHS` that changes its duration least, where every rest needed to reach
    the next onset counts as `REST_COST` ticks of change: silences up to a sixteenth vanish into
    the note before them, longer ones become rests that can be written down.

    Args:
        onset: int32 `(n,)`, ticks, strictly increasing.
        length: int32 `(n,)`, performed lengths in ticks.

    Returns:
        int32 `(n,)`, members of `LENGTHS`, none reaching past the next onset.
    """
    if len(onset) == 0:
        return length.copy()
    to_next = np.append(np.diff(onset), np.int32(LENGTHS[-1]))
    # Further away only the number of whole longest rests grows: same choice.
    room = np.minimum(to_next, 2 * LENGTHS[-1] + (to_next % LENGTHS[-1]))
    silence = room[:, None] - _LENGTHS
    cost = np.abs(_LENGTHS - length[:, None]) + REST_COST * _rests_needed()[np.maximum(silence, 0)]
    cost[-1] = np.abs(_LENGTHS - length[-1])  # nothing follows the last note
    cost[silence < 0] = np.iinfo(np.int32).max
    # Ties go to the longer note: argmin over the reversed columns.
    choice = len(LENGTHS) - 1 - np.argmin(cost[:, ::-1], axis=1)
    fitted: IntArray = _LENGTHS[choice]
    return fitted


@cache
def _rests_needed() -> IntArray:
    return np.array([len(split_silence(t)) for t in range(3 * LENGTHS[-1] + 1)], dtype=np.int32)


class IntervalEncoding:
    """Solos as intervals, rests and lengths; see the module's table."""

    vocabulary: Final = VOCABULARY

    def encode(self, piece: Piece) -> Encoded:
        """Spells a solo; note lengths that are not of the grid are fitted to it first."""
        return encode_notes(piece.notes)

    def decoder(
        self,
        changes: Changes,  # noqa: ARG002 - intervals are not relative to the chords
        *,
        rng: np.random.Generator | None = None,  # noqa: ARG002 - and leave nothing open
        start_pitch: int = START_PITCH,
    ) -> "IntervalDecoder":
        """A decoder at tick 0; `changes` and `rng` are not used."""
        return IntervalDecoder(start_pitch)


def encode_notes(notes: Notes, start_pitch: int = START_PITCH) -> Encoded:
    """Spells monophonic notes.

    Args:
        notes: onsets from 0 and strictly increasing, no note reaching past the next onset.
        start_pitch: the pitch before the first note.

    Returns:
        The values. Decoding them gives the same onsets, lengths as fitted by `fit_lengths`, and
        the same pitches except where a leap beyond two octaves was folded.
    """
    lengths = fit_lengths(notes.onset, notes.length)
    length_value = {length: FIRST_LENGTH + i for i, length in enumerate(LENGTHS)}
    values: list[int] = []
    ticks: list[int] = []
    reference: list[int] = []
    tick, pitch, folded = 0, start_pitch, 0

    def rest_until(onset: int) -> int:
        at = tick
        for length in split_silence(onset - tick):
            values.extend((REST, length_value[length]))
            ticks.extend((at, at))
            reference.extend((pitch, pitch))
            at += length
        return at

    for onset, length, target in zip(
        notes.onset.tolist(), lengths.tolist(), notes.pitch.tolist(), strict=True
    ):
        tick = rest_until(onset)
        leap = fold_leap(target - pitch)
        folded += leap != target - pitch
        values.extend((leap + MAX_LEAP, length_value[length]))
        ticks.extend((tick, tick))
        reference.append(pitch)
        pitch += leap
        reference.append(pitch)
        tick += length
    ticks.append(tick)
    reference.append(pitch)
    phase = np.zeros(len(values) + 1, dtype=np.uint8)
    phase[1::2] = LENGTH
    return Encoded(
        values=np.array(values, dtype=np.uint8),
        ticks=np.array(ticks, dtype=np.int32),
        reference=np.array(reference, dtype=np.uint8),
        phase=phase,
        sounding=len(notes),
        folded=folded,
    )


def fold_leap(semitones: int) -> int:
    """Brings a leap within two octaves by whole octaves, towards zero."""
    excess = max(0, abs(semitones) - MAX_LEAP)
    octaves = -(-excess // 12)
    return semitones - 12 * octaves if semitones > 0 else semitones + 12 * octaves


def is_note(values: npt.NDArray[np.integer]) -> BoolArray:
    """bool, same shape: which values begin a sounding note."""
    return values < REST


def event_ticks(values: ValueArray) -> tuple[ValueArray, IntArray]:
    """When the notes and rests of a sequence begin.

    Args:
        values: uint8 `(2 n + 2,)`, `<END>`, `n` notes or rests each followed by its length,
            `<END>`: a sequence as it lies in a dataset.

    Returns:
        The values of the notes and rests, uint8 `(n,)`, and their ticks, int32 `(n,)`.
    """
    length = _LENGTHS[values[2:-1:2] - FIRST_LENGTH]
    return values[1:-1:2], (np.cumsum(length) - length).astype(np.int32)


class IntervalDecoder:
    """Turns interval values into notes one at a time; see `jazzgen.encoding.base.Decoder`."""

    def __init__(self, start_pitch: int = START_PITCH) -> None:
        self.tick = 0
        self.reference = start_pitch
        self.phase = EVENT
        self.ended = False
        self._notes: list[Note] = []
        self._resting = False

    def allowed(self) -> BoolArray:
        """A note within MIDI's pitches, a rest or the end; after a note or rest, a length."""
        mask = np.zeros(N_VALUES, dtype=np.bool_)
        if self.ended:
            return mask
        if self.phase == LENGTH:
            mask[FIRST_LENGTH:END] = True
            return mask
        low = max(0, MAX_LEAP - self.reference)
        high = min(2 * MAX_LEAP, MAX_LEAP + 127 - self.reference)
        mask[low : high + 1] = True
        mask[REST] = mask[END] = True
        return mask

    def push(self, value: int) -> None:
        """Takes the next value; raises ValueError when it cannot follow."""
        if not (0 <= value < N_VALUES and self.allowed()[value]):
            raise ValueError(f"value {value} cannot follow here")
        if self.phase == LENGTH:
            length = LENGTHS[value - FIRST_LENGTH]
            if not self._resting:
                self._notes.append(Note(self.tick, length, self.reference))
            self.tick += length
            self.phase = EVENT
        elif value == END:
            self.ended = True
        else:
            self._resting = value == REST
            if not self._resting:
                self.reference += value - MAX_LEAP
            self.phase = LENGTH

    def notes(self) -> Notes:
        """The notes whose length is known."""
        return Notes.of(self._notes)
