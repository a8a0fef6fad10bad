"""What has been played so far, as far as steering what comes next needs it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from jazzgen.encoding.interval import FIRST_LENGTH, LENGTHS, REST
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

BREATH_TICKS = TICKS_PER_BEAT
"""Silence from which a line has paused, and what follows is another phrase: a beat."""


@dataclass(slots=True)
class Played:
    """A line up to now.

    Attributes:
        start: tick at which drawing began: 0, or where a given phrase ended.
        notes: notes drawn so far; those of a given phrase are not counted.
        phrase_start: onset of the first note of the phrase being played, ticks; None before the
            first note of all.
        sounded_until: tick at which the last note ended; `start` before the first.
        resting: whether the last note or rest begun is a rest.
    """

    start: int = 0
    notes: int = 0
    phrase_start: int | None = None
    sounded_until: int = 0
    resting: bool = False

    @classmethod
    def after(cls, phrase: Notes) -> Self:
        """Where a given phrase leaves off: monophonic notes, perhaps none."""
        if not len(phrase):
            return cls()
        silence = phrase.onset[1:] - phrase.onset[:-1] - phrase.length[:-1]
        breaths = np.flatnonzero(silence >= BREATH_TICKS)
        first = int(breaths[-1]) + 1 if len(breaths) else 0
        return cls(phrase.end, 0, int(phrase.onset[first]), phrase.end)

    def push(self, value: int, tick: int) -> None:
        """Takes a value of the interval encoding that was drawn at `tick`."""
        if value <= REST:
            self.resting = value == REST
            if not self.resting and (
                self.phrase_start is None or tick - self.sounded_until >= BREATH_TICKS
            ):
                self.phrase_start = tick
        elif value < FIRST_LENGTH + len(LENGTHS) and not self.resting:
            self.notes += 1
            self.sounded_until = tick + LENGTHS[value - FIRST_LENGTH]
