"""Finding the weights of a calibration: play, compare, correct, again."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.base import EVENT, Decoder
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.interval import (
    END,
    FIRST_LENGTH,
    REST,
    IntervalDecoder,
    encode_notes,
)
from jazzgen.encoding.manner import Manner
from jazzgen.generation.calibration import Calibration, Calibrator
from jazzgen.generation.improvise import improvise
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.traits import EVENT_TRAITS, LENGTH_TRAITS, Traits
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
    played = [_players_traits(piece) for piece in pieces]
    weights = _first_weights(model)
    kept: list[list[Floats]] = []
    rng = np.random.default_rng(seed)
    for number in range(rounds):
        chosen = rng.choice(len(pieces), size=min(_SOLOS, len(pieces)), replace=False)
        # Asked for players' manners in one round, for none in the next: right for both.
        asked = number % 2 == 0
        tally = _play(model, [pieces[i] for i in chosen], _calibration(weights), asked, rng)
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

    def add(self, kind: int, table: Floats, probabilities: Floats) -> None:
        """Takes what was likely at one draw."""
        mean = probabilities @ table
        self._count[kind] += 1
        self._sum[kind] += mean
        self._spread[kind] += (table * probabilities[:, None]).T @ table - np.outer(mean, mean)

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

    def __init__(self, calibration: Calibration, piece: Piece, tally: _Tally) -> None:
        super().__init__(calibration, piece.changes)
        self._tally = tally

    def weighted(self, distribution: Floats, decoder: Decoder) -> Floats:
        weighted = super().weighted(distribution, decoder)
        kind = int(decoder.phase != EVENT)
        span = slice(FIRST_LENGTH, END) if kind else slice(0, REST + 1)
        likely = weighted[span]
        total = likely.sum()
        if total > 0:
            self._tally.add(kind, self.table, likely / total)
        return weighted


def _play(
    model: StoredModel,
    pieces: Sequence[Piece],
    calibration: Calibration,
    in_manner: bool,
    rng: np.random.Generator,
) -> _Tally:
    tally = _Tally()
    engine = engine_of(model)
    for piece in pieces:
        changes = piece.changes.cut(_BARS)
        improvise(
            model,
            changes,
            tempo_bpm=piece.tempo_bpm,
            seed=int(rng.integers(2**31)),
            sampling=Sampling(ending=False),
            manner=Manner.of(piece.about) if in_manner else None,
            engine=engine,
            calibrator=_Counting(calibration, piece, tally),
        )
    return tally


def _players_traits(piece: Piece) -> tuple[Floats, Floats]:
    """Traits of the values that were played: of each kind a row for each value."""
    rows: tuple[list[Floats], list[Floats]] = ([], [])
    changes = piece.changes.cut(_BARS)
    notes = piece.notes[piece.notes.onset < changes.end]
    decoder, traits = IntervalDecoder(), Traits(changes)
    for value in encode_notes(notes).values.tolist() if len(notes) else []:
        tick, phase = decoder.tick, decoder.phase
        kind = int(phase != EVENT)
        table = traits.of(tick, phase, decoder.reference)
        rows[kind].append(table[value - FIRST_LENGTH if kind else value])
        decoder.push(value)
        traits.push(value, tick, decoder.reference)
    return (
        np.array(rows[0]).reshape(-1, len(EVENT_TRAITS)),
        np.array(rows[1]).reshape(-1, len(LENGTH_TRAITS)),
    )


def _mean(rows: Sequence[Floats]) -> Floats:
    together = np.concatenate(rows)
    mean: Floats = together.mean(axis=0) if len(together) else np.zeros(together.shape[1])
    return mean
