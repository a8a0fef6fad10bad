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

_LENGTHS: Final = np.array(LENGTHS, dtype=np.int32)

_LENGTH_VALUES: Final = np.zeros(LENGTHS[-1] + 1, dtype=np.uint8)
_LENGTH_VALUES[_LENGTHS] = np.arange(FIRST_LENGTH, END)

_NEVER: Final = 1 << 20
"""A cost above all that occur."""


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
    among, last = _choices()
    to_next = np.diff(onset)
    # Further away only the number of whole longest rests grows: same choice.
    room = np.minimum(to_next, 2 * LENGTHS[-1] + to_next % LENGTHS[-1])
    length = np.minimum(length, LENGTHS[-1])  # beyond the longest, all are changed by as much more
    choice = np.append(among[length[:-1], room], last[length[-1]])
    fitted: IntArray = _LENGTHS[choice]
    return fitted


@cache
def _choices() -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices into `LENGTHS` by performed length and room, and, of a last note, by length alone."""
    length = np.arange(LENGTHS[-1] + 1)
    change = np.abs(_LENGTHS - length[:, None])
    silence = np.arange(3 * LENGTHS[-1])[:, None] - _LENGTHS
    needed = np.array([len(split_silence(t)) for t in range(3 * LENGTHS[-1])])
    rests = np.where(silence < 0, _NEVER, REST_COST * needed[np.maximum(silence, 0)])
    # Ties go to the longer note: argmin over the reversed columns.
    longest = len(LENGTHS) - 1
    among = np.stack([longest - (row + rests)[:, ::-1].argmin(axis=1) for row in change])
    return among, longest - change[:, ::-1].argmin(axis=1)


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
    n = len(notes)
    if not n:
        start = np.array([start_pitch], dtype=np.uint8)
        nothing = np.empty(0, dtype=np.uint8)
        return Encoded(nothing, np.zeros(1, np.int32), start, np.zeros(1, np.uint8), sounding=0)
    lengths = fit_lengths(notes.onset, notes.length)
    leap, pitch, folded = _leaps(notes.pitch, start_pitch)
    silence = notes.onset - np.append(0, (notes.onset + lengths)[:-1])
    # Events are notes and the rests before them.
    rests = [split_silence(ticks) for ticks in silence[silence > 0].tolist()]
    events = np.ones(n, dtype=np.intp)
    events[silence > 0] += np.array([len(parts) for parts in rests], dtype=np.intp)
    place = np.cumsum(events) - 1
    total = int(place[-1]) + 1
    sounds = np.zeros(total, dtype=np.bool_)
    sounds[place] = True
    spelled = np.empty(total, dtype=np.int32)
    spelled[place] = lengths
    spelled[~sounds] = [ticks for parts in rests for ticks in parts]
    before = np.repeat(np.append(start_pitch, pitch[:-1]), events)
    after = before.copy()
    after[place] = pitch

    values = np.empty(2 * total, dtype=np.uint8)
    values[0::2] = REST
    values[2 * place] = leap + MAX_LEAP
    values[1::2] = _LENGTH_VALUES[spelled]
    ticks = np.empty(2 * total + 1, dtype=np.int32)
    ticks[2::2] = np.cumsum(spelled)
    ticks[0] = 0
    ticks[1::2] = ticks[0:-1:2]
    reference = np.empty(2 * total + 1, dtype=np.uint8)
    reference[0:-1:2] = before
    reference[1::2] = after
    reference[-1] = pitch[-1]
    phase = np.zeros(2 * total + 1, dtype=np.uint8)
    phase[1::2] = LENGTH
    return Encoded(values, ticks, reference, phase, sounding=n, folded=folded)


def _leaps(target: IntArray, start_pitch: int) -> tuple[IntArray, IntArray, int]:
    """Leaps within reach, the pitches they lead to, and how many were folded."""
    leap = np.diff(target, prepend=np.int32(start_pitch))
    if np.abs(leap).max() <= MAX_LEAP:
        return leap, target, 0
    folded = 0
    pitch = start_pitch
    reached: list[int] = []
    for wanted in target.tolist():
        step = fold_leap(wanted - pitch)
        folded += step != wanted - pitch
        pitch += step
        reached.append(pitch)
    line = np.array(reached, dtype=np.int32)
    return np.diff(line, prepend=np.int32(start_pitch)), line, folded


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
