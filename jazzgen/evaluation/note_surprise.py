"""What a network makes of one solo, note by note."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.base import BoolArray
from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.interval import END, MAX_LEAP, REST, encode_notes
from jazzgen.encoding.manner import Manner
from jazzgen.errors import ModelError
from jazzgen.evaluation.bootstrap import FloatArray
from jazzgen.evaluation.likelihood import BITS_PER_NAT, Surprise, surprises
from jazzgen.music.notes import IntArray
from jazzgen.music.ticks import TICKS_PER_BEAT
from jazzgen.network.engine import Engine
from jazzgen.network.engines import engine_of
from jazzgen.network.model_folder import StoredModel

NO_PITCH: Final = -1
"""Stands for the expected pitch where a rest or the end was expected."""


@dataclass(frozen=True, slots=True, eq=False)
class NoteSurprise:
    """A solo of n notes and how surprising each of them was, in bits.

    What a note costs is the sum of three: that it is this one, how long it is, and the rests right
    before it. All notes and the end together are the whole solo.

    Attributes:
        piece: the solo.
        bar: int32 `(n,)`, the bar in which each note begins, from 1.
        beat: float64 `(n,)`, in that bar, from 1; a beat is a quarter note.
        pitch_bits: float64 `(n,)`, of the note itself rather than another one, a rest or the end.
        length_bits: float64 `(n,)`, of its length.
        rest_bits: float64 `(n,)`, of the rests right before it; 0 where there is none.
        end_bits: of the end of the solo after the last note, rests before it included.
        expected: int32 `(n,)`, the MIDI pitch that was likeliest; `NO_PITCH` where a rest or the
            end was.
        expected_share: float64 `(n,)`, the probability of that.
        pitch_hit: bool `(n,)`, whether the likeliest came.
        length_hit: bool `(n,)`, whether the likeliest length came.
        event_top1: share of notes, rests and ends that were the likeliest.
        nats_pitch: of all notes, rests and ends together.
        nats_length: of all lengths together.
    """

    piece: Piece
    bar: IntArray
    beat: FloatArray
    pitch_bits: FloatArray
    length_bits: FloatArray
    rest_bits: FloatArray
    end_bits: float
    expected: IntArray
    expected_share: FloatArray
    pitch_hit: BoolArray
    length_hit: BoolArray
    event_top1: float
    nats_pitch: float
    nats_length: float

    @property
    def bits(self) -> FloatArray:
        """float64 `(n,)`, all that each note costs."""
        return self.pitch_bits + self.length_bits + self.rest_bits

    @property
    def nats_per_note(self) -> float:
        """As `likelihood` measures it: all values of the solo by its notes."""
        return (self.nats_pitch + self.nats_length) / len(self.bar)

    def most_surprising(self, count: int) -> list[int]:
        """Numbers of the notes that cost most, the dearest first."""
        return np.argsort(-self.bits, kind="stable")[:count].tolist()  # type: ignore[no-any-return]


def note_surprise(
    model: StoredModel, pieces: Sequence[Piece], *, engine: Engine | None = None
) -> list[NoteSurprise]:
    """Measures solos note by note.

    Args:
        model: in the interval encoding.
        pieces: the solos.
        engine: what steps the network; made from the model unless given.

    Raises:
        ModelError: when the model's values are not intervals.
    """
    if model.vocabulary.encoding != "interval":
        raise ModelError(
            f"model {model.name} spells solos in the encoding `{model.vocabulary.encoding}`, which "
            "leaves pitches open; notes are measured one by one with a model of intervals"
        )
    engine = engine or engine_of(model)
    sequences, references = [], []
    for piece in pieces:
        encoded = encode_notes(piece.notes)
        changes = piece.changes if model.hears_chords else piece.changes.without_chords()
        manner = Manner.of(piece.about) if model.hears_manner else None
        rows = ContextMaker(changes, piece.tempo_bpm, manner).rows(
            encoded.ticks, encoded.reference, encoded.phase
        )
        values = np.concatenate(([END], encoded.values, [END])).astype(np.uint8)
        sequences.append((values, np.concatenate((rows[:1], rows))))
        references.append(encoded.reference.astype(np.int32))
    return [
        _by_note(piece, reference, found)
        for piece, reference, found in zip(
            pieces, references, surprises(engine, sequences), strict=True
        )
    ]


def _by_note(piece: Piece, reference: IntArray, found: Surprise) -> NoteSurprise:
    bits = found.nats * BITS_PER_NAT
    at = np.flatnonzero(found.is_note)
    # Between two notes stand rests and their lengths: from two values after one note to the next.
    before = np.concatenate(([0], np.cumsum(bits)))
    first = np.concatenate(([0], at[:-1] + 2))
    guess = found.guess[at].astype(np.int32)
    lines = piece.changes.bar_lines
    onset = piece.notes.onset
    bar = np.clip(np.searchsorted(lines, onset, side="right"), 1, piece.changes.bars)
    event = ~found.is_length
    return NoteSurprise(
        piece=piece,
        bar=bar.astype(np.int32),
        beat=1 + (onset - lines[bar - 1]) / TICKS_PER_BEAT,
        pitch_bits=bits[at],
        length_bits=bits[at + 1],
        rest_bits=before[at] - before[first],
        end_bits=float(before[-1] - before[at[-1] + 2]),
        expected=np.where(guess < REST, reference[at] + guess - MAX_LEAP, NO_PITCH).astype(
            np.int32
        ),
        expected_share=found.guess_probability[at],
        pitch_hit=found.hit[at],
        length_hit=found.hit[at + 1],
        event_top1=float(found.hit[event].mean()),
        nats_pitch=float(found.nats[event].sum()),
        nats_length=float(found.nats[found.is_length].sum()),
    )
