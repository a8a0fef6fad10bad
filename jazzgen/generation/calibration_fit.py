"""Finding the weights of a calibration: play, compare, correct, again."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.base import EVENT
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.interval import END, FIRST_LENGTH, REST, encode_notes
from jazzgen.encoding.manner import Manner
from jazzgen.generation.calibration import Calibration, Calibrator
from jazzgen.generation.forms import Forms, Indices
from jazzgen.generation.improvise import improvise_all
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.solo import Request
from jazzgen.generation.traits import EVENT_TRAITS, LENGTH_TRAITS, Traits
from jazzgen.network.engine import Engine
from jazzgen.network.engines import engine_of
from jazzgen.network.model_folder import StoredModel

ROUNDS: Final = 20
_SOLOS: Final = 48
_BARS: Final = 32
_STEP: Final = 0.4
"""Share of a Newton step taken at first: what a weight changes also changes what comes later. It
shrinks from round to round, so that the weights settle (Robbins & Monro 1951)."""
_FARTHEST: Final = 0.3
"""How far a weight moves in a round at most."""
_RIDGE: Final = 5e-3
_LIMIT: Final = 2.0
"""Weights beyond which a trait would be forced rather than corrected."""

Floats = npt.NDArray[np.float64]


def calibrate(
    model: StoredModel,
    dataset: Dataset,
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Fits a calibration to the training pieces of a dataset.

    Each round plays solos over the changes of other training pieces, every other round in their
    manner, and moves the weights by a damped Newton step towards equal means, from the calibration
    that the model has, if any; the last third of the rounds is averaged.

    Args:
        model: of the interval encoding.
        dataset: whose training side shows how players play.
        rounds: of playing and correcting.
        seed: of the solos.
        progress: told how many rounds are done, and of how many.
    """
    pieces = list(dataset.solos(dataset.pieces("train").tolist()))
    played = _players_traits(pieces)
    engine = engine_of(model)
    weights = _first_weights(model)
    kept: list[list[Floats]] = []
    rng = np.random.default_rng(seed)
    for number in range(rounds):
        chosen = rng.choice(len(pieces), size=min(_SOLOS, len(pieces)), replace=False)
        # Asked for players' manners in one round, for none in the next: right for both.
        asked = number % 2 == 0
        calibration = _calibration(weights)
        tally = _play(model, engine, [pieces[i] for i in chosen], calibration, asked, rng)
        share = _STEP / (1 + number / 4)
        for kind in range(2):
            # Of the same pieces: tempo and style are alike on both sides.
            missing = _mean([played[i][kind] for i in chosen]) - tally.mean(kind)
            curve = tally.covariance(kind) + _RIDGE * np.eye(len(missing))
            step = np.clip(share * np.linalg.solve(curve, missing), -_FARTHEST, _FARTHEST)
            weights[kind] = np.clip(weights[kind] + step, -_LIMIT, _LIMIT)
        if number >= rounds - max(1, rounds // 3):
            kept.append([w.copy() for w in weights])
        if progress:
            progress(number + 1, rounds)
    if not kept:
        return _calibration(weights)
    return _calibration([np.mean(rows, axis=0) for rows in zip(*kept, strict=True)])


def _first_weights(model: StoredModel) -> list[Floats]:
    """Those that the model has, as far as it has any."""
    known = model.calibration or {}
    return [
        np.array([float(known.get(kind, {}).get(name, 0.0)) for name in names])
        for kind, names in (("events", EVENT_TRAITS), ("lengths", LENGTH_TRAITS))
    ]


def _calibration(weights: Sequence[Floats]) -> Calibration:
    events, lengths = (tuple(w.tolist()) for w in weights)
    return Calibration(events, lengths)


class _Tally:
    """Sums over values of each kind: of traits, and of their spread at each draw."""

    def __init__(self) -> None:
        sizes = (len(EVENT_TRAITS), len(LENGTH_TRAITS))
        self._count = [0, 0]
        self._sum = [np.zeros(n) for n in sizes]
        self._spread = [np.zeros((n, n)) for n in sizes]

    def add(self, kind: int, tables: Floats, probabilities: Floats) -> None:
        """Takes what was likely at some draws: `(B, candidates, traits)`, `(B, candidates)`."""
        weighed = tables * probabilities[:, :, None]
        means = weighed.sum(axis=1)
        size = tables.shape[-1]
        self._count[kind] += len(tables)
        self._sum[kind] += means.sum(axis=0)
        self._spread[kind] += weighed.reshape(-1, size).T @ tables.reshape(-1, size)
        self._spread[kind] -= means.T @ means

    def mean(self, kind: int) -> Floats:
        """Mean traits of values of a kind."""
        mean: Floats = self._sum[kind] / max(1, self._count[kind])
        return mean

    def covariance(self, kind: int) -> Floats:
        """Mean covariance of the traits within a draw: how the mean follows the weights."""
        spread: Floats = self._spread[kind] / max(1, self._count[kind])
        return spread


class _Counting(Calibrator):
    """Counts, beside weighing, what is likely at every draw."""

    def __init__(self, calibration: Calibration, forms: Forms, rows: int, tally: _Tally) -> None:
        super().__init__(calibration, forms, rows)
        self._tally = tally

    def weighted(
        self, distributions: Floats, places: Indices, tick: Indices, phase: int, reference: Indices
    ) -> Floats:
        weighted = super().weighted(distributions, places, tick, phase, reference)
        kind = int(phase != EVENT)
        likely = weighted[:, FIRST_LENGTH:END] if kind else weighted[:, : REST + 1]
        total = likely.sum(axis=1, keepdims=True)
        some = total[:, 0] > 0
        tables = self.traits.table(places, tick, phase, reference)
        self._tally.add(kind, tables[some], likely[some] / total[some])
        return weighted


def _play(
    model: StoredModel,
    engine: Engine,
    pieces: Sequence[Piece],
    calibration: Calibration,
    in_manner: bool,
    rng: np.random.Generator,
) -> _Tally:
    tally = _Tally()
    requests = [
        Request(
            piece.changes.cut(_BARS),
            int(rng.integers(2**31)),
            piece.tempo_bpm,
            Manner.of(piece.about) if in_manner else None,
        )
        for piece in pieces
    ]
    for _ in improvise_all(
        model,
        requests,
        sampling=Sampling(ending=False),
        engine=engine,
        calibrator=lambda forms, rows: _Counting(calibration, forms, rows, tally),
    ):
        pass
    return tally


def _players_traits(pieces: Sequence[Piece]) -> list[tuple[Floats, Floats]]:
    """Traits of the values that were played: for each piece, of each kind a row a value."""
    forms, lines = Forms(), []
    for number, piece in enumerate(pieces):
        changes = piece.changes.cut(_BARS)
        place = forms.add(changes, changes, piece.tempo_bpm, None)
        encoded = encode_notes(piece.notes[piece.notes.onset < changes.end])
        lines.append((number, place, encoded))
    lines.sort(key=lambda line: -len(line[2].values))
    traits, rows = Traits(forms, len(lines)), len(lines)
    found: list[tuple[list[Floats], list[Floats]]] = [([], []) for _ in pieces]
    for t in range(len(lines[0][2].values) if lines else 0):
        while len(lines[rows - 1][2].values) <= t:  # the longest stand first
            rows -= 1
        traits.shrink(rows)
        kind, own = t % 2, [encoded for _, _, encoded in lines[:rows]]
        values = np.array([encoded.values[t] for encoded in own], dtype=np.int64)
        tick = np.array([encoded.ticks[t] for encoded in own], dtype=np.int64)
        before = np.array([encoded.reference[t] for encoded in own], dtype=np.int64)
        after = np.array([encoded.reference[t + 1] for encoded in own], dtype=np.int64)
        places = tick + np.array([place for _, place, _ in lines[:rows]])
        table = traits.table(places, tick, kind, before)
        came = table[np.arange(rows), values - FIRST_LENGTH if kind else values]
        for (number, _, _), row in zip(lines[:rows], came, strict=True):
            found[number][kind].append(row)
        traits.push(values, tick, kind, after)
    return [
        (
            np.array(events).reshape(-1, len(EVENT_TRAITS)),
            np.array(lengths).reshape(-1, len(LENGTH_TRAITS)),
        )
        for events, lengths in found
    ]


def _mean(rows: Sequence[Floats]) -> Floats:
    together = np.concatenate(rows)
    mean: Floats = together.mean(axis=0) if len(together) else np.zeros(together.shape[1])
    return mean
