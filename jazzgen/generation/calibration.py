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

from jazzgen.encoding.base import EVENT
from jazzgen.encoding.interval import END, FIRST_LENGTH, REST, IntervalDecoder, encode_notes
from jazzgen.generation.forms import Forms, Indices
from jazzgen.generation.traits import (
    CLASSES,
    EVENT_TRAITS,
    LENGTH_TRAITS,
    OF_LEAPS,
    OF_LENGTHS,
    Table,
    Traits,
)
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
    """Weighs the draws of solos played side by side.

    Args:
        calibration: the weights.
        forms: what the solos are played over.
        rows: how many solos.

    Attributes:
        traits: of the candidates.
    """

    def __init__(self, calibration: Calibration, forms: Forms, rows: int = 1) -> None:
        self._calibration = calibration
        self._forms = forms
        self._events = np.array(calibration.events)
        self._lengths = np.array(calibration.lengths)
        # What is the same at every draw, or wherever a chord comes again, is summed once.
        self._by_leap = (OF_LEAPS * self._events).sum(axis=-1)
        self._by_place = (OF_LENGTHS * self._lengths).sum(axis=-1)
        self._by_chord = np.zeros((0, 12))
        self.traits = Traits(forms, rows)

    def begin(self, row: int, phrase: Notes) -> None:
        """Begins a solo in a row; `phrase` is what was played before, perhaps nothing."""
        fresh, decoder = Traits(self._forms), IntervalDecoder()
        for value in encode_notes(phrase).values.tolist() if len(phrase) else ():
            tick, phase = decoder.tick, decoder.phase
            decoder.push(value)
            fresh.push(np.array([value]), np.array([tick]), phase, np.array([decoder.reference]))
        self.traits.put(row, fresh)

    def move(self, to: int, row: int) -> None:
        """Puts a row in the place of another."""
        self.traits.put(to, self.traits, row)

    def shrink(self, rows: int) -> None:
        """Goes on with the first rows alone."""
        self.traits.shrink(rows)

    def weighted(
        self,
        distributions: npt.NDArray[np.float64],
        places: Indices,
        tick: Indices,
        phase: int,
        reference: Indices,
    ) -> npt.NDArray[np.float64]:
        """Weighs the distributions of the values that are due.

        Args:
            distributions: float64 `(B, 78)`, each sums to 1.
            places: `(B,)`, where the values are due, in `forms`.
            tick: `(B,)`, the same in ticks.
            phase: `EVENT` or `LENGTH`.
            reference: `(B,)`, the pitch that sounded last.

        Returns:
            float64 `(B, 78)`; each sums to 1 again.
        """
        weighted = distributions.copy()
        if phase == EVENT:
            weighted[:, : REST + 1] *= np.exp(self._of_events(places, tick, reference))
        else:
            weighted[:, FIRST_LENGTH:END] *= np.exp(self._of_lengths(places, tick))
        total = weighted.sum(axis=1, keepdims=True)
        if (total > 0).all():
            weighted /= total
            return weighted
        return np.where(total > 0, weighted / np.where(total > 0, total, 1.0), distributions)

    def _of_events(self, places: Indices, tick: Indices, reference: Indices) -> Table:
        weights = self._events
        if len(self._by_chord) < len(self._forms.classes):
            classes = self._forms.classes
            self._by_chord = (classes * weights[: classes.shape[1], None]).sum(axis=1)
        by_class = self._by_chord[self._forms.chord[places]]
        for k, column in self.traits.of_classes(tick):
            by_class += weights[k] * column
        logs = np.empty((len(tick), REST + 1))
        logs[:] = self._by_leap
        logs[:, :REST] += by_class[np.arange(len(tick))[:, None], CLASSES[reference % 12]]
        for k, column in self.traits.of_events(tick, reference):
            logs += weights[k] * column
        return logs

    def _of_lengths(self, places: Indices, tick: Indices) -> Table:
        logs: Table = self._by_place[self.traits.length_rows(tick)]
        for k, column in self.traits.of_lengths(places, tick):
            logs += self._lengths[k] * column
        return logs

    def push(self, values: Indices, tick: Indices, phase: int, reference: Indices) -> None:
        """Takes the values `(B,)` that were drawn at `tick`; `reference` is what sounds now."""
        self.traits.push(values, tick, phase, reference)
