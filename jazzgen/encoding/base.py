"""What an encoding does: a solo to values, values back to a solo, one value at a time."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.vocabulary import Vocabulary
from jazzgen.music.changes import Changes
from jazzgen.music.notes import IntArray, Notes

ValueArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

START_PITCH = 60
"""The pitch before the first note (middle C), where every solo is taken to come from."""

EVENT = 0
"""Phase in which a note, a rest or the end is due."""

LENGTH = 1
"""Phase in which the length of the note or rest just begun is due."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A solo as values, with what the decoder knows when each of them is due.

    Attributes:
        values: uint8 `(n,)`, without any boundary symbol; `<END>` is added by the dataset.
        ticks: int32 `(n + 1,)`, the tick at which each value starts; last, that of the end. A
            note's length starts where the note does.
        reference: uint8 `(n + 1,)`, the pitch that sounded last when each value is due; for a
            note's length, the note itself.
        phase: uint8 `(n + 1,)`, `EVENT` or `LENGTH`.
        sounding: number of notes spelled.
        folded: leaps beyond the encoding's reach, brought nearer by octaves.
        unknown: values spelled `<UNK>`.
    """

    values: ValueArray
    ticks: IntArray
    reference: npt.NDArray[np.uint8]
    phase: npt.NDArray[np.uint8]
    sounding: int
    folded: int = 0
    unknown: int = 0


class Decoder(Protocol):
    """Turns values into notes as they are drawn, and says which may come next.

    Attributes:
        tick: where the next value starts.
        reference: the pitch that sounded last, 0-127.
        phase: `EVENT` or `LENGTH`.
        ended: whether `<END>` has been pushed.
    """

    tick: int
    reference: int
    phase: int
    ended: bool

    def allowed(self) -> BoolArray:
        """Bool `(78,)`: which values can follow. At least one is True unless `ended`."""
        ...

    def push(self, value: int) -> None:
        """Takes the next value.

        Raises:
            ValueError: when `value` cannot follow.
        """
        ...

    def notes(self) -> Notes:
        """The finished notes so far."""
        ...


class Encoding(Protocol):
    """A way to spell solos with 78 values."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What each value means."""
        ...

    def encode(self, piece: Piece) -> Encoded:
        """Spells a monophonic solo."""
        ...

    def decoder(
        self, changes: Changes, *, rng: np.random.Generator, start_pitch: int = START_PITCH
    ) -> Decoder:
        """A decoder at tick 0 of `changes`.

        Args:
            changes: the chords the solo is played over.
            rng: for encodings that leave something open; `interval` draws nothing from it.
            start_pitch: the pitch before the first note, 0-127.
        """
        ...
