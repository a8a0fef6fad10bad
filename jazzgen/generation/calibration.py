"""Calibration: a model's solos show the traits of players' solos as often as players' do.

A network that expects the next value well still drifts when it goes on from its own values: it has
learned to continue players' lines, not its own. Calibration weighs its probabilities by
exp(w . traits) with one small number w for each trait, the least change (in relative entropy) that
makes the traits come out right on average: maximum entropy with moment constraints (Jaynes 1957;
Della Pietra, Della Pietra & Lafferty 1997). The numbers are found by playing solos over the
training pieces' changes and comparing, so they correct what really comes of the drift. Likelihood
is measured without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import EVENT, Decoder
from jazzgen.encoding.interval import END, FIRST_LENGTH, REST, IntervalDecoder, encode_notes
from jazzgen.generation.traits import EVENT_TRAITS, LENGTH_TRAITS, Table, Traits
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes


@dataclass(frozen=True, slots=True)
class Calibration:
    """What each trait weighs.

    Attributes:
        events: of notes and rests, a weight for each of `EVENT_TRAITS`.
        lengths: a weight for each of `LENGTH_TRAITS`.
    """

    events: tuple[float, ...]
    lengths: tuple[float, ...]

    def __post_init__(self) -> None:
        if (len(self.events), len(self.lengths)) != (len(EVENT_TRAITS), len(LENGTH_TRAITS)):
            raise ValueError("a calibration has a weight for every trait")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_json` wrote; raises KeyError, TypeError or ValueError."""
        return cls(
            tuple(float(data["events"][name]) for name in EVENT_TRAITS),
            tuple(float(data["lengths"][name]) for name in LENGTH_TRAITS),
        )

    def to_json(self) -> dict[str, dict[str, float]]:
        """A JSON object, weights by the name of their trait."""
        return {
            "events": dict(zip(EVENT_TRAITS, self.events, strict=True)),
            "lengths": dict(zip(LENGTH_TRAITS, self.lengths, strict=True)),
        }


class Calibrator:
    """Weighs the draws of one solo.

    Args:
        calibration: the weights.
        changes: what the solo is played over.

    Attributes:
        traits: of the candidates.
        table: what `traits` said at the last draw.
    """

    def __init__(self, calibration: Calibration, changes: Changes) -> None:
        self._events = np.array(calibration.events)
        self._lengths = np.array(calibration.lengths)
        self.traits = Traits(changes)
        self.table: Table = np.zeros((0, 0))

    def hear(self, notes: Notes) -> None:
        """Takes notes that were played before, from the beginning of the changes."""
        decoder = IntervalDecoder()
        for value in encode_notes(notes).values.tolist():
            tick = decoder.tick
            decoder.push(value)
            self.push(value, tick, decoder.reference)

    def weighted(
        self, distribution: npt.NDArray[np.float64], decoder: Decoder
    ) -> npt.NDArray[np.float64]:
        """Weighs a distribution `(78,)` of the value that is due; sums to 1 again."""
        self.table = table = self.traits.of(decoder.tick, decoder.phase, decoder.reference)
        weighted = distribution.copy()
        if decoder.phase == EVENT:
            weighted[: REST + 1] *= np.exp(table @ self._events)
        else:
            weighted[FIRST_LENGTH:END] *= np.exp(table @ self._lengths)
        total = float(weighted.sum())
        return weighted / total if total > 0 else distribution

    def push(self, value: int, tick: int, reference: int) -> None:
        """Takes the value that was drawn at `tick`; `reference` is the pitch that sounds now."""
        self.traits.push(value, tick, reference)
