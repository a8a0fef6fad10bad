"""A solo as steps from note to note: what runs of notes are compared by."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from jazzgen.encoding.context import SLOTS
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.interval import MAX_LEAP, event_ticks, fold_leap, is_note
from jazzgen.errors import DatasetError
from jazzgen.music.changes import Changes
from jazzgen.music.notes import IntArray, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

_SLOT: Final = {slot.name: i for i, slot in enumerate(SLOTS)}


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A monophonic solo as steps from note to note; of the corpus, or to be looked up in it.

    Attributes:
        onset: int32 `(n,)`, ticks, strictly increasing.
        leap: int32 `(n,)`, semitones from the note before, -24 to 24; of the first note 0.
        bar: int32 `(n,)`, the bar in which each note begins; the first bar is 1.
        key: names the piece within its corpus; empty where there is no name.
        group: pieces of one group are versions of one solo (takes of a tune by one player);
            empty: a group of its own.
        title: of the tune; empty where it is not known.
        performer: empty where they are not known.
    """

    onset: IntArray
    leap: IntArray
    bar: IntArray
    key: str = ""
    group: str = ""
    title: str = ""
    performer: str = ""

    @classmethod
    def from_notes(
        cls, notes: Notes, changes: Changes | None = None, *, key: str = "", group: str = ""
    ) -> Self:
        """Takes notes from anywhere.

        Args:
            notes: of one voice; notes may overlap.
            changes: where the bar lines are; every four beats unless given.
            key: names the solo.
            group: see `Line`.

        Raises:
            ValueError: when two notes begin on the same tick.
        """
        if np.any(np.diff(notes.onset) <= 0):
            raise ValueError("two notes begin on the same tick: a solo has one voice")
        leaps: list[int] = []
        pitch = None
        for target in notes.pitch.tolist():
            pitch = target if pitch is None else pitch
            leaps.append(fold_leap(target - pitch))
            pitch += leaps[-1]
        if changes is None:
            bar = notes.onset // (4 * TICKS_PER_BEAT) + 1
        else:
            number = np.searchsorted(changes.bar_lines, notes.onset, side="right")
            bar = np.clip(number, 1, changes.bars).astype(np.int32)
        return cls(notes.onset, np.array(leaps, dtype=np.int32), bar, key=key, group=group)

    @classmethod
    def from_dataset(cls, dataset: Dataset, pieces: Iterable[int] | None = None) -> list[Self]:
        """Takes pieces of a dataset in the interval encoding.

        Args:
            dataset: their notes, bars and what is known of them.
            pieces: their numbers; all unless given.

        Raises:
            DatasetError: when it is in another encoding.
        """
        if dataset.vocabulary.encoding != "interval":
            raise DatasetError(
                f"{dataset.path}: originality is measured on intervals, not in the encoding "
                f"`{dataset.vocabulary.encoding}`; run `jazzgen preprocess` without --encoding"
            )
        lines = []
        rows = list(dataset.about())
        for piece in range(len(dataset)) if pieces is None else pieces:
            about = rows[piece].get("about", {})
            lines.append(
                cls(
                    *_steps_of_piece(dataset, int(piece)),
                    key=rows[piece]["key"],
                    group=rows[piece]["group"],
                    title=about.get("title", ""),
                    performer=about.get("performer", ""),
                )
            )
        return lines

    def __len__(self) -> int:
        return len(self.onset)


def _steps_of_piece(dataset: Dataset, piece: int) -> tuple[IntArray, IntArray, IntArray]:
    """Onset, leap and bar of its notes, as in `Line`."""
    values, context = dataset.sequence(piece)
    events, tick = event_ticks(values)
    rows = context[1:-1:2].astype(np.int64)
    # Bar lines are not stored, but each event tells how far behind it the last one lies. From one
    # that moved, the rest of the way is in bars as long as the last. (Of a bar beyond the context's
    # twelve beats the line seems to move by single beats.)
    line = tick - rows[:, _SLOT["beat"]] * TICKS_PER_BEAT - rows[:, _SLOT["tick"]]
    moved, size = np.diff(line), rows[:, _SLOT["metre"]] * TICKS_PER_BEAT
    more = np.round(np.maximum(0, moved - size[:-1]) / size[1:])
    bar = 1 + np.cumsum(np.append(0, (moved >= size[:-1] / 2) * (1 + more)))
    notes = is_note(events)
    leap = events[notes].astype(np.int32) - MAX_LEAP
    leap[:1] = 0
    return tick[notes], leap, bar[notes].astype(np.int32)
