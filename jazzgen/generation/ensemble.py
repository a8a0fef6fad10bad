"""Many solos drawn together, value by value.

All take their steps at once: one matrix product steps the network for all of them, and what is
asked of a line is worked out for all lines together. A solo that ends makes room for the next.
Nothing that one solo is drawn from depends on the others, to the last bit, so it is the same alone
and beside any others: products are exact (`jazzgen.network.exact`), everything else is done row by
row and element by element.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

import numpy as np

from jazzgen.encoding.base import EVENT, START_PITCH
from jazzgen.encoding.context import ContextMaker
from jazzgen.errors import ModelError
from jazzgen.generation.calibration import Calibration, Calibrator
from jazzgen.generation.controls import Controls
from jazzgen.generation.forms import Forms, Indices
from jazzgen.generation.lines import DecodedLines, IntervalLines, Lines
from jazzgen.generation.primer import check_primer, listen
from jazzgen.generation.sampling import (
    Chance,
    Distribution,
    Sampling,
    draw_each,
    shape_distribution,
)
from jazzgen.generation.solo import Request, Solo
from jazzgen.generation.steering import Due, Steering
from jazzgen.music.notes import Notes
from jazzgen.network.engine import Engine, State, put_row
from jazzgen.network.model_folder import StoredModel

ROWS: Final = 176
"""Solos that are drawn together: enough for the matrix products to run at full speed, few enough
for what they remember to stay near the processor (docs/performance.md)."""

MakeCalibrator = Callable[[Forms, int], Calibrator]
"""Makes what weighs the draws of so many solos over these forms."""


class Ensemble:
    """Draws solos from one model in one way.

    Args:
        model: the trained network.
        engine: what steps it.
        sampling: how values are drawn.
        controls: how busy, how far out, in what phrases.
        calibrator: makes what weighs the draws; the model's calibration unless given.

    Raises:
        ModelError: when the model cannot do what the controls ask, or its calibration is damaged.
    """

    def __init__(
        self,
        model: StoredModel,
        engine: Engine,
        sampling: Sampling,
        controls: Controls,
        *,
        calibrator: MakeCalibrator | None = None,
    ) -> None:
        self._model = model
        self._engine = engine
        self._sampling = sampling
        self._controls = controls
        self._intervals = model.vocabulary.encoding == "interval"
        self._encoding = model.encoding((sampling.low, sampling.high))
        end = self._encoding.vocabulary.end
        self._first_value = -1 if end is None else end
        if controls.given:
            self._check_intervals("these controls need")
        if controls.max_copied is not None and model.fingerprints is None:
            raise ModelError(
                f"model {model.name} has no fingerprints of the solos it learned from, so copying "
                "cannot be kept in bounds"
            )
        wanted = model.calibration is not None and sampling.calibrated and not sampling.greedy
        self._make_calibrator = calibrator or (self._stored_calibrator() if wanted else None)

    def _check_intervals(self, what: str) -> None:
        if not self._intervals:
            raise ModelError(
                f"{what} a model of the interval encoding; {self._model.name} is of the encoding "
                f"`{self._model.vocabulary.encoding}`"
            )

    def _stored_calibrator(self) -> MakeCalibrator:
        try:
            calibration = Calibration.from_json(self._model.calibration or {})
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"model {self._model.name}: its calibration is damaged ({error})"
            ) from error
        return lambda forms, rows: Calibrator(calibration, forms, rows)

    def play(self, requests: Iterable[Request], rows: int = ROWS) -> Iterator[tuple[int, Solo]]:
        """Draws the solos, up to `rows` at a time; see `improvise_all`. To be called once."""
        waiting = enumerate(requests)
        first = list(islice(waiting, rows))
        if not first:
            return
        self._prepare(len(first))
        for row, (number, request) in enumerate(first):
            self._begin(row, number, request)
        while self._requests:
            self._step()
            if self._lines.phase != EVENT:
                continue
            # From the last row on: one that is put in another's place has been looked at.
            for row in reversed(np.flatnonzero(self._lines.over()).tolist()):
                yield self._numbers[row], self._solo(row)
                following = next(waiting, None)
                if following is None:
                    self._drop(row)
                else:
                    self._begin(row, *following)

    def _prepare(self, rows: int) -> None:
        self._forms = Forms()
        # What was heard is kept, too: another phrase must not get its id.
        self._heard: dict[tuple[int, int], tuple[int, State, Notes]] = {}
        pitch = min(max(START_PITCH, self._sampling.low), self._sampling.high)
        self._lines: Lines = (
            IntervalLines(rows, self._forms, pitch, self._sampling)
            if self._intervals
            else DecodedLines(rows, self._encoding, pitch, self._sampling)
        )
        make = self._make_calibrator
        self._calibrator = None if make is None else make(self._forms, rows)
        self._state = self._engine.start(rows)
        self._values: Indices = np.full(rows, self._first_value)
        self._numbers: list[int] = [0] * rows
        self._requests: list[Request | None] = [None] * rows
        self._chance = Chance(rows)
        self._steerings: list[Steering] = []

    def _begin(self, row: int, number: int, request: Request) -> None:
        """Begins a solo in a row."""
        model, changes, primer = self._model, request.changes, request.primer
        if len(primer):
            self._check_intervals("going on from a phrase needs")
            check_primer(primer, changes, self._sampling.low, self._sampling.high)
        # Chords that the network never saw while it learned would only be noise to it.
        heard = changes if model.hears_chords else changes.without_chords()
        manner = request.manner if model.hears_manner else None
        place = self._forms.add(changes, heard, request.tempo_bpm, manner)
        # Nothing is left to chance when greedy, not even the pitches that the grammar leaves open.
        rng = np.random.default_rng(0 if self._sampling.greedy else request.seed)
        self._lines.begin(row, changes, place, rng, primer)
        key = (place, id(primer) if len(primer) else 0)
        if key not in self._heard:
            value, state = self._first_value, self._engine.start()
            if len(primer):
                context = ContextMaker(heard, request.tempo_bpm, manner)
                value, state = listen(primer, self._engine, context, value)
            self._heard[key] = value, state, primer
        self._values[row], fresh, _ = self._heard[key]
        self._state = put_row(self._state, row, fresh)
        if self._calibrator is not None:
            self._calibrator.begin(row, primer)
        if self._controls.given:
            self._steerings[row : row + 1] = [
                Steering(
                    self._controls,
                    changes,
                    tempo_bpm=request.tempo_bpm,
                    phrase=primer,
                    fingerprints=model.fingerprints,
                )
            ]
        self._numbers[row], self._requests[row] = number, request
        self._chance.begin(row, rng)

    def _drop(self, row: int) -> None:
        """Ends a row; the last one takes its place."""
        last = len(self._requests) - 1
        self._lines.move(row, last)
        self._lines.shrink(last)
        self._state = [part[:last] for part in put_row(self._state, row, self._state, last)]
        self._values[row] = self._values[last]
        self._values = self._values[:last]
        if self._calibrator is not None:
            self._calibrator.move(row, last)
            self._calibrator.shrink(last)
        held: tuple[list[Any], ...] = (self._numbers, self._requests, self._steerings)
        self._chance.move(row, last)
        self._chance.shrink(last)
        for own in held:
            if own:
                own[row] = own[last]
                del own[last:]

    def _step(self) -> None:
        """One value of every line."""
        lines, sampling = self._lines, self._sampling
        place, tick, phase, reference = lines.place, lines.tick, lines.phase, lines.reference
        context = self._forms.context(place, reference, phase)
        probabilities, self._state = self._engine.step(self._values, context, self._state)
        allowed = lines.allowed()
        due = [
            Due(at, phase, pitch)
            for at, pitch in zip(tick.tolist(), reference.tolist(), strict=True)
            if self._steerings
        ]
        for row, steering in enumerate(self._steerings):
            steering.limit(allowed[row], due[row])

        def weighted(distributions: Distribution) -> Distribution:
            # First what the model got wrong on average, then what is asked of this solo.
            if self._calibrator is not None:
                distributions = self._calibrator.weighted(
                    distributions, place, tick, phase, reference
                )
            for row, steering in enumerate(self._steerings):
                distributions[row] = steering.weighted(distributions[row], due[row])
            return distributions

        if sampling.greedy:
            shaped = shape_distribution(probabilities, allowed, weighted=weighted)
            values: Indices = shaped.argmax(axis=1)
        else:
            shaped = shape_distribution(
                probabilities,
                allowed,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                weighted=weighted,
            )
            values = draw_each(shaped, self._chance.numbers())
        lines.push(values)
        if self._calibrator is not None:
            self._calibrator.push(values, tick, phase, lines.reference)
        if self._steerings:
            pitches = lines.reference.tolist()
            for row, steering in enumerate(self._steerings):
                steering.push(int(values[row]), due[row].tick, pitches[row])
        self._values = values

    def _solo(self, row: int) -> Solo:
        request = self._requests[row]
        assert request is not None
        primer, notes = request.primer, self._lines.notes(row)
        both = Notes.of([*primer, *notes]) if len(primer) else notes
        return Solo(both, request.changes, self._lines.values(row), request.seed, len(primer))
