"""What a player asks of a solo: how busy, how far out, in what phrases, how hard to play.

Controls steer the draw from a trained network; nothing is trained for them. Left open (None) they
change nothing at all.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from jazzgen.encoding.fingerprints import RUN_STEPS
from jazzgen.generation.limits import GRIDS, finest_grid


@dataclass(frozen=True, slots=True)
class Controls:
    """How a solo is to be; None leaves it to the network.

    Attributes:
        density: notes a bar, on average over the solo with its rests, 0.25 to 64.
        outside: 0 (only tones of the chords and their scales) to 1 (outside wherever the line
            allows); at 0.5 notes are weighted as little as when left open.
        phrase: mean length of a phrase in bars, 0.25 to 64; phrases are parted by silences of a
            beat or more.
        breath: typical length of those silences in beats, 1 to 64.
        max_leap: widest leap from note to note, semitones, 2 to 24.
        notes_per_s: fastest notes, so many a second, 0.5 to 100.
        grid: finest places in the beat, a key of `jazzgen.generation.limits.GRIDS`.
        syncopation: how much of its probability to hold a note, begun off the beat, over the next
            beat stays: 0 (never) to 1 (as it is).
        max_copied: notes of the longest run that may be copied from the solos the network learned
            from, at least 6.
    """

    density: float | None = None
    outside: float | None = None
    phrase: float | None = None
    breath: float | None = None
    max_leap: int | None = None
    notes_per_s: float | None = None
    grid: str | None = None
    syncopation: float | None = None
    max_copied: int | None = None

    def __post_init__(self) -> None:
        for name, (low, high, what) in BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                top = "" if high == math.inf else f" to {high:g}"
                least = " or more" if high == math.inf else ""
                raise ValueError(f"{what} is {low:g}{top}{least}, not {value:g}")
        if self.grid is not None and self.grid not in GRIDS:
            raise ValueError(f"no such grid: {self.grid} ({', '.join(GRIDS)})")

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the controls that are not left open."""
        return tuple(name for name, value in asdict(self).items() if value is not None)

    def to_json(self) -> dict[str, Any]:
        """The controls that are given, by name."""
        return {name: getattr(self, name) for name in self.given}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Controls":
        """Reads what `to_json` wrote; raises TypeError or ValueError when it is damaged."""
        return cls(**data)


BOUNDS: Final[Mapping[str, tuple[float, float, str]]] = {
    "density": (0.25, 64, "the density in notes a bar"),
    "outside": (0, 1, "how far outside"),
    "phrase": (0.25, 64, "the length of phrases in bars"),
    "breath": (1, 64, "the length of pauses in beats"),
    "max_leap": (2, 24, "the widest leap in semitones"),
    "notes_per_s": (0.5, 100, "the speed of the fastest notes, a second,"),
    "syncopation": (0, 1, "how much syncopation stays"),
    "max_copied": (RUN_STEPS, math.inf, "the longest copied run in notes"),
}
"""Lowest and highest value of each control that is a number, and how messages call it."""


_BUSIEST: Final = 0.4
"""Notes a second on average, of the fastest that a level allows."""


@dataclass(frozen=True, slots=True)
class Difficulty:
    """A level of playing.

    Attributes:
        low: lowest pitch, MIDI 0-127.
        high: highest pitch.
        notes_per_beat: most notes a beat on average; at fast tempi fewer, see `controls`.
        limits: the controls that do not depend on tempo or metre.
    """

    low: int
    high: int
    notes_per_beat: float
    limits: Controls

    def controls(self, tempo_bpm: float, bar_beats: float) -> Controls:
        """The controls for a tempo and metre.

        On average at most `_BUSIEST` times as many notes a second are asked for as the fastest
        allowed, so that there is room for rests and longer notes; and the grid is only as fine as
        the fastest notes allow.

        Args:
            tempo_bpm: beats a minute.
            bar_beats: beats of an average bar.
        """
        assert self.limits.notes_per_s is not None
        per_beat = min(self.notes_per_beat, self.limits.notes_per_s * _BUSIEST * 60 / tempo_bpm)
        low, high, _ = BOUNDS["density"]
        grid = self.limits.grid
        return replace(
            self.limits,
            density=min(max(per_beat * bar_beats, low), high),
            grid=grid and finest_grid(grid, self.limits.notes_per_s, tempo_bpm),
        )


DIFFICULTIES: Final[Mapping[str, Difficulty]] = {
    "easy": Difficulty(
        55,
        74,
        1.0,
        Controls(outside=0.3, max_leap=7, notes_per_s=5, grid="eighths", syncopation=0.1),
    ),
    "medium": Difficulty(
        52, 79, 1.5, Controls(max_leap=12, notes_per_s=8, grid="triplets", syncopation=0.5)
    ),
    "hard": Difficulty(48, 84, 2.0, Controls(max_leap=16, notes_per_s=11, grid="sixteenths")),
    "virtuoso": Difficulty(46, 88, 3.0, Controls(notes_per_s=16)),
}
"""Levels from a first year to a virtuoso, as settings of the other controls.

| level    | pitches | notes a beat | leaps up to | notes a second | begin on   | held over |
|----------|---------|--------------|-------------|----------------|------------|-----------|
| easy     | G3-D5   | 1            | fifth       | 5              | eighths    | a tenth   |
| medium   | E3-G5   | 1.5          | octave      | 8              | + triplets | half      |
| hard     | C3-C6   | 2            | tenth       | 11             | + 16ths    | all       |
| virtuoso | Bb2-E6  | 3            | any         | 16             | anywhere   | all       |
"""
