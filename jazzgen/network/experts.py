"""Views of the next note that do not start from the note before it.

The values of the interval encoding are leaps from the last note, but players also think of where a
note stands in the chord and how high it lies. Each expert gives scores in its own terms: degrees
above the root of the chord now, degrees above the root of the next one, height. A fixed table,
chosen by the context, says which leap each of them means, and the scores are added to those of the
softmax layer: the product of experts of Hinton (1999), which Johnson, Keller & Weintraut used for
jazz with the same two views, intervals and chord degrees ("Learning to Create Jazz Melodies Using a
Product of Experts", ICCC 2017).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import REGISTER_CENTRES, SLOTS, register_flags
from jazzgen.encoding.interval import MAX_LEAP, REST
from jazzgen.encoding.vocabulary import N_VALUES

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Expert:
    """One view.

    Attributes:
        slot: the column of a context row that turns this view's scores into leaps.
        scores: how many scores the view gives.
        table: float32 `(flags of the slot, scores, 78)`, what a score counts for each value.
    """

    slot: int
    scores: int
    table: FloatArray

    @property
    def by_index(self) -> FloatArray:
        """The table for each integer of the slot, float32 `(integers, scores, 78)`."""
        flags = SLOTS[self.slot].table
        flat = flags @ self.table.reshape(len(self.table), -1)
        return flat.reshape(len(flags), self.scores, N_VALUES)


def _slot(name: str) -> int:
    return next(i for i, slot in enumerate(SLOTS) if slot.name == name)


def _degrees(slot: str) -> Expert:
    """Twelve degrees above a root; without a chord they count nothing."""
    table = np.zeros((13, 12, N_VALUES), dtype=np.float32)
    for root in range(12):  # above the last note
        for value in range(REST):
            table[root, (value - MAX_LEAP - root) % 12, value] = 1
    return Expert(_slot(slot), 12, table)


def _height() -> Expert:
    """The register of the note to come, in the flags of the register of the last one."""
    table = np.zeros((len(REGISTER_CENTRES), len(REGISTER_CENTRES), N_VALUES), dtype=np.float32)
    for i, centre in enumerate(REGISTER_CENTRES):
        table[i, :, :REST] = register_flags(centre + np.arange(-MAX_LEAP, MAX_LEAP + 1)).T
    return Expert(_slot("register"), len(REGISTER_CENTRES), table)


EXPERTS: Final = (_degrees("root"), _degrees("next_root"), _height())
"""The views, in the order of their scores."""

N_SCORES: Final = sum(expert.scores for expert in EXPERTS)
"""Scores of all views together (35)."""
