"""The inference model in NumPy: one value in, 78 probabilities out, no TensorFlow.

Near what the matrix products alone take: what comes of the input value and of the context is looked
up in tables, the layers above multiply what comes from below and their own state in one product,
and nothing of the size of a layer is allocated twice. The products are exact (`network.exact`),
everything else is done element by element: a sequence gets the same bits whether it is stepped
alone or beside others. The probabilities are Keras's within what rounding the weights costs (a
test holds it).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import N_SLOTS, SLOTS, ContextArray, FloatArray
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.config import NetworkConfig
from jazzgen.network.exact import INPUT_BITS, Kernel, round_to
from jazzgen.network.experts import EXPERTS
from jazzgen.network.weights import Weights

State = list[npt.NDArray[Any]]
"""a and c of each layer, float32 `(B, n)` each, the lowest layer first; then a memory's arrays,
each `(B, ...)`. Used up by the step it is given to."""


class Engine(Protocol):
    """Steps a network through time."""

    def start(self, rows: int = 1) -> State:
        """The state before the first value: zeros, for so many sequences side by side."""
        ...

    def step(
        self, values: npt.NDArray[np.integer], context: ContextArray, state: State
    ) -> tuple[FloatArray, State]:
        """Feeds one value to each sequence.

        Args:
            values: `(B,)`, 0-77; -1 feeds an all-zero row.
            context: int16 `(B, N_SLOTS)`, for the value to come; ignored by networks without.
            state: of the step before.

        Returns:
            Probabilities float32 `(B, 78)` of the value to come, and the new state.
        """
        ...


def put_row(state: State, row: int, other: State, other_row: int = 0) -> State:
    """A state in which a row is that of another; what is there may be overwritten.

    A memory's arrays `(B, n, ...)` may differ in n: the wider is wide enough for both.
    """
    made = []
    for mine, theirs in zip(state, other, strict=True):
        array = mine if mine.flags.writeable else mine.copy()
        if array.ndim > 1 and array.shape[1] < theirs.shape[1]:
            array = widened(array, theirs.shape[1])
        if array.ndim > 1:
            array[row, : theirs.shape[1]] = theirs[other_row]
        else:
            array[row] = theirs[other_row]
        made.append(array)
    return made


def widened(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    """An array `(B, n, ...)` with zeros up to `(B, room, ...)`."""
    wider = np.zeros((len(array), room, *array.shape[2:]), dtype=array.dtype)
    wider[:, : array.shape[1]] = array
    return wider


class NumpyEngine:
    """The engine that `generate` uses."""

    def __init__(self, network: NetworkConfig, weights: Weights) -> None:
        self._units = network.units
        kernel = _gates(weights["lstm_0.kernel"])
        # The last row is what -1 looks up: no value at all.
        self._table = np.vstack((kernel[:N_VALUES], np.zeros_like(kernel[:1])))
        self._table += _gates(weights["lstm_0.bias"])
        self._context = _context_tables(kernel[N_VALUES:]) if network.context else ()
        self._recurrent = Kernel(_gates(weights["lstm_0.recurrent"]))
        self._upper = [
            (
                Kernel(
                    _gates(np.vstack((weights[f"lstm_{i}.kernel"], weights[f"lstm_{i}.recurrent"])))
                ),
                _gates(weights[f"lstm_{i}.bias"]),
            )
            for i in range(1, len(network.units))
        ]
        out, bias = weights["densor.kernel"], weights["densor.bias"]
        self._experts: list[tuple[int, slice, FloatArray]] = []
        if network.experts:
            out = np.hstack((out, weights["experts.kernel"]))
            bias = np.concatenate((bias, weights["experts.bias"]))
            edges = np.cumsum([N_VALUES, *(expert.scores for expert in EXPERTS)]).tolist()
            for expert, (first, after) in zip(EXPERTS, pairwise(edges), strict=True):
                table = np.rint(expert.by_index * _TABLE_STEPS) / _TABLE_STEPS
                self._experts.append((expert.slot, slice(first, after), table.astype(np.float32)))
        self._out, self._out_bias = Kernel(out), bias
        self._rooms: dict[tuple[int, int], FloatArray] = {}

    def start(self, rows: int = 1) -> State:
        """Zeros; see `Engine.start`."""
        return [np.zeros((rows, n), dtype=np.float32) for n in self._units for _ in "ac"]

    def step(
        self, values: npt.NDArray[np.integer], context: ContextArray, state: State
    ) -> tuple[FloatArray, State]:
        """One step of every layer; see `Engine.step`."""
        rows = len(values)
        z = self._recurrent.product(state[0], out=self._room(rows, self._units[0]))
        tables = [(self._table, values), *(known.places(context) for known in self._context)]
        h, c = _cells(z, state[1], tables)
        after = [h, c]
        for i, (kernel, bias) in enumerate(self._upper, start=1):
            below = np.concatenate((h, state[2 * i]), axis=1)
            z = kernel.product(below, out=self._room(rows, self._units[i]))
            h, c = _cells(z, state[2 * i + 1], bias=bias)
            after += [h, c]
        scores = self._out.product(h)
        scores += self._out_bias
        logits = scores[:, :N_VALUES]
        if self._experts:
            views = scores[:, N_VALUES:]
            np.clip(views, -_HIGHEST, _HIGHEST, out=views)
            round_to(views, _SCORE_BITS)
        for slot, columns, table in self._experts:
            logits += (scores[:, None, columns] @ table[context[:, slot]])[:, 0]
        odds = np.exp(logits - np.maximum.reduce(logits, axis=1, keepdims=True))
        odds /= np.add.reduce(odds, axis=1, keepdims=True)
        return odds, after

    def _room(self, rows: int, units: int) -> FloatArray:
        """An array `(rows, 4 units)` to work in."""
        if (rows, units) not in self._rooms:
            if len(self._rooms) > _MOST_ROOMS:
                self._rooms.clear()
            self._rooms[rows, units] = np.empty((rows, 4 * units), dtype=np.float32)
        return self._rooms[rows, units]


_MOST_ROOMS: Final = 16

# What an expert adds is exact, too: scores of up to 16 in steps of 2^-9, weighed by multiples of
# 2^-10 that add up to 1, stay below 2^24 steps of 2^-19.
_TABLE_STEPS: Final = 2.0**10
_SCORE_BITS: Final = 9
_HIGHEST: Final = np.float32(16.0)


def _gates(columns: FloatArray) -> FloatArray:
    """Columns of Keras's order i, f, g, o in the order of `_cell`: i, f, o, g, all but g halved."""
    i, f, g, o = np.split(columns, 4, axis=-1)
    return np.concatenate((i * 0.5, f * 0.5, o * 0.5, g), axis=-1, dtype=np.float32)


_TILE: Final = 32
"""Rows that are worked on at a time, so that what is read and written again stays in the cache."""

Lookup = tuple[FloatArray, npt.NDArray[np.integer]]


def _cells(
    z: FloatArray, c: FloatArray, tables: Sequence[Lookup] = (), bias: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """LSTM cells from the sums `(B, 4n)` that `_gates` puts in order; `z` is used up.

    Args:
        z: sums of what comes from below and from the step before.
        c: `(B, n)`, cell state before.
        tables: `(m, 4n)` and `(B,)` each, of which one row is added to each row of `z`.
        bias: `(4n,)`, added to all.

    Returns:
        The new h and c, `(B, n)`.
    """
    h, after = np.empty_like(c), np.empty_like(c)
    if len(z) <= _TILE:
        _cell(_summed(z, tables, bias), c, h, after)
        return h, after
    for first in range(0, len(z), _TILE):
        rows = slice(first, first + _TILE)
        own = [(table, places[rows]) for table, places in tables]
        _cell(_summed(z[rows], own, bias), c[rows], h[rows], after[rows])
    return h, after


def _summed(z: FloatArray, tables: Sequence[Lookup], bias: FloatArray | None) -> FloatArray:
    """Adds rows of tables, and the bias, in place; see `_cells`."""
    for table, places in tables:
        z += table.take(places, axis=0, mode="wrap")
    if bias is not None:
        z += bias
    return z


def _cell(z: FloatArray, c: FloatArray, h: FloatArray, after: FloatArray) -> None:
    """Writes the new h and c of some rows.

    The logistic function of x is (1 + tanh(x/2)) / 2: one tanh does for all four gates.
    """
    n = c.shape[1]
    np.tanh(z, out=z)
    doubled, g = z[:, : 3 * n], z[:, 3 * n :]
    doubled += 1
    np.multiply(doubled[:, n : 2 * n], c, out=after)
    g *= doubled[:, :n]
    after += g
    after *= 0.5
    np.tanh(after, out=h)
    h *= doubled[:, 2 * n :]
    h *= 0.5
    round_to(h, INPUT_BITS)


class _ContextTable:
    """What some columns of a context row add to the lowest layer, kept for rows seen before.

    Args:
        columns: which, by their place in a row.
        kernel: float32 `(flags of all slots, 4n)`.
    """

    def __init__(self, columns: Sequence[int], kernel: FloatArray) -> None:
        self._columns = list(columns)
        self._key = np.dtype((np.void, 2 * len(self._columns)))
        edges = np.cumsum([0, *(slot.table.shape[1] for slot in SLOTS)]).tolist()
        spans = list(pairwise(edges))
        self._slots = [(SLOTS[i].table, kernel[slice(*spans[i])]) for i in self._columns]
        self._known: dict[bytes, int] = {}
        self._rows = np.empty((_FIRST_ROWS, kernel.shape[1]), dtype=np.float32)

    def places(self, context: ContextArray) -> Lookup:
        """The table, and the rows `(B,)` of it for context rows `(B, N_SLOTS)`."""
        keys = context.take(self._columns, axis=1).view(self._key)[:, 0].tolist()
        known = self._known
        try:
            places = [known[key] for key in keys]
        except KeyError:
            if len(known) + len(keys) > _MOST_ROWS:
                known.clear()
            places = [self._place(key) for key in keys]
        return self._rows, np.array(places)

    def _place(self, key: bytes) -> int:
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = len(self._known)
            if place == len(self._rows):
                self._rows = np.concatenate((self._rows, np.empty_like(self._rows)))
            row = self._rows[place]
            row[:] = 0
            for (table, kernel), index in zip(
                self._slots, np.frombuffer(key, np.int16).tolist(), strict=True
            ):
                flags = table[index]
                # One by one, always in the same order.
                for flag in np.flatnonzero(flags).tolist():
                    row += flags[flag] * kernel[flag]
        return place


_FIRST_ROWS: Final = 1024

_MOST_ROWS: Final = 65_536
"""Rows kept, 256 MiB for 256 units; beyond, a table starts afresh."""

_PITCHED: Final = ("root", "tones", "next_root", "next_tones", "register")


def _context_tables(kernel: FloatArray) -> tuple[_ContextTable, _ContextTable]:
    """What the pitch turns or moves in one table, place and manner in the other.

    So there are some thousand rows for a chart, where all slots together would make a new one for
    nearly every value.
    """
    pitched = [i for i, slot in enumerate(SLOTS) if slot.name in _PITCHED]
    others = [i for i in range(N_SLOTS) if i not in pitched]
    return _ContextTable(pitched, kernel), _ContextTable(others, kernel)
