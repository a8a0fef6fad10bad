"""The memory: places like this one earlier in the same solo, and what was played there.

Players take up what they have just played; a network that has only learned what players do in
general does not. So beside the network's expectation stands that of a memory which is empty when a
solo begins: it keeps the top layer's output at every value (the key) and the value that came, and
weighs each by the cosine between its key and the present one and by how many of the values before
it are those that have come just now. A gate, from how sure both are,
decides how much the memory says. It is the neural cache of Grave, Joulin & Usunier ("Improving
Neural Language Models with a Continuous Cache", ICLR 2017) with a gate in place of a constant, and
one memory for notes and rests, another for lengths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import ContextArray, FloatArray
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.engine import Engine, State

SHARPNESS: Final = 20.0
MATCHING: Final = (0.7, 0.0)
"""Weight of what came at a key: exp(sharpness x cosine + matching x equal values before it), the
latter for notes and rests, and for lengths; chosen by hand (docs/experiments.md)."""

LOOK_BACK: Final = 8
"""Values before a key that are compared, the nearest first, up to the first that differs."""

SPAN: Final = 1024
"""Values of a kind that are remembered; the oldest give way."""

GATE_INPUTS: Final = (*("one", "entropy", "highest", "similarity", "crowd", "experience", "match"),)
"""What the gate goes by: 1; of the network's expectation the entropy in nats and the highest
probability; the best cosine; the logarithm of the weights' sum over the best one's; the logarithm
of 1 + values remembered; the most equal values before a key."""

_PHASE: Final = 0  # column of the context
_FIRST_ROOM: Final = 128
_NOTHING: Final = 255  # stands for a value that never was


@dataclass(frozen=True, slots=True)
class Memory:
    """The gates of a model's memory.

    Attributes:
        gates: for notes and rests, and for lengths, the weight of each of `GATE_INPUTS`; their
            weighted sum through the logistic function is the memory's share.
    """

    gates: tuple[tuple[float, ...], tuple[float, ...]]

    def __post_init__(self) -> None:
        if [len(gate) for gate in self.gates] != [len(GATE_INPUTS)] * 2:
            raise ValueError(f"a memory has two gates of {len(GATE_INPUTS)} weights")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_json` wrote; raises KeyError, TypeError or ValueError."""
        events, lengths = (tuple(map(float, gate)) for gate in data["gates"])
        return cls((events, lengths))

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {"gates": [list(gate) for gate in self.gates]}


class RememberingEngine:
    """An engine and a memory beside it; see `jazzgen.network.engine.Engine`.

    A state is used up by the step it is given to: the memory writes on in it.

    Args:
        engine: whose state ends in the top layer's output and cell state.
        memory: the gates.
    """

    def __init__(self, engine: Engine, memory: Memory) -> None:
        self._engine = engine
        self._gates = np.array(memory.gates)

    def start(self, rows: int = 1) -> State:
        """An empty memory; see `Engine.start`."""
        state = self._engine.start(rows)
        n = state[-2].shape[1]
        for _ in self._gates:
            state.append(np.zeros((rows, _FIRST_ROOM, n), dtype=np.float32))
            state.append(np.zeros((rows, _FIRST_ROOM), dtype=np.uint8))
            state.append(np.zeros((rows, _FIRST_ROOM, LOOK_BACK), dtype=np.uint8))
        # How many values of each kind have come, of which kind the next one is, the last values.
        last = np.full((rows, LOOK_BACK), _NOTHING, dtype=np.uint8)
        return [*state, np.zeros((rows, 2), dtype=np.int64), np.full(rows, -1), last]

    def step(
        self, values: npt.NDArray[np.integer], context: ContextArray, state: State
    ) -> tuple[FloatArray, State]:
        """One step; see `Engine.step`."""
        before, (*rooms, counts, due, last) = state[:-9], state[-9:]
        shelves = [_Shelf(*rooms[:3]), _Shelf(*rooms[3:])]
        came = (due >= 0) & (values >= 0)
        for kind, shelf in enumerate(shelves):
            rows = np.flatnonzero(came & (due == kind))
            if len(rows):
                shelf.keep(rows, counts[rows, kind], _unit(before[-2][rows]), values, last)
                counts[rows, kind] += 1
        last = np.roll(last, 1, axis=1)
        last[:, 0] = np.where(values < 0, _NOTHING, values)
        expected, after = self._engine.step(values, context, before)
        expected = np.array(expected)  # Keras's cannot be written to
        present = _unit(after[-2])
        phase = context[:, _PHASE]
        for kind, shelf in enumerate(shelves):
            rows = np.flatnonzero(phase == kind)
            if len(rows) and counts[rows, kind].any():
                filled = np.minimum(counts[rows, kind], SPAN)
                expected[rows] = self._mixed(
                    kind, expected[rows], present[rows], last[rows], shelf.of(rows), filled
                )
        rooms = [array for shelf in shelves for array in shelf.arrays]
        return expected, [*after, *rooms, counts, phase.astype(np.int64), last]

    def _mixed(
        self,
        kind: int,
        expected: FloatArray,
        present: FloatArray,
        last: npt.NDArray[np.uint8],
        shelf: "_Shelf",
        filled: npt.NDArray[np.int64],
    ) -> FloatArray:
        n = int(filled.max())
        cosine = (shelf.keys[:, :n] @ present[:, :, None])[:, :, 0]
        cosine[np.arange(n) >= filled[:, None]] = -np.inf
        some = filled > 0
        match = matches(shelf.before[:, :n], last[:, None])
        match[np.arange(n) >= filled[:, None]] = 0
        weights, total = weigh(cosine, match, some, kind)
        places = shelf.kept[:, :n] + N_VALUES * np.arange(len(filled))[:, None]
        remembered = np.bincount(
            places.ravel(), (weights / total[:, None]).ravel(), len(filled) * N_VALUES
        ).reshape(expected.shape)
        inputs = gate_inputs(expected, cosine, match, total, filled)
        share = some / (1 + np.exp(-(inputs @ self._gates[kind])))
        mixed: FloatArray = ((1 - share[:, None]) * expected + share[:, None] * remembered).astype(
            np.float32
        )
        return mixed


@dataclass(slots=True)
class _Shelf:
    """What is remembered of one kind: keys, the values that came, the values before them."""

    keys: FloatArray
    kept: npt.NDArray[np.uint8]
    before: npt.NDArray[np.uint8]

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """For a state."""
        return self.keys, self.kept, self.before

    def of(self, rows: npt.NDArray[np.intp]) -> "_Shelf":
        """Some rows; all of them without a copy."""
        if len(rows) == len(self.keys):
            return self
        return _Shelf(self.keys[rows], self.kept[rows], self.before[rows])

    def keep(
        self,
        rows: npt.NDArray[np.intp],
        counts: npt.NDArray[np.int64],
        keys: FloatArray,
        values: npt.NDArray[np.integer],
        last: npt.NDArray[np.uint8],
    ) -> None:
        """Writes to each of `rows`, over the oldest where there is no room left."""
        at = counts % SPAN
        room = self.kept.shape[1]
        if at.max() >= room:
            wider = [(0, 0), (0, min(room, SPAN - room))]
            self.keys = np.pad(self.keys, [*wider, (0, 0)])
            self.kept = np.pad(self.kept, wider)
            self.before = np.pad(self.before, [*wider, (0, 0)])
        self.keys[rows, at] = keys
        self.kept[rows, at] = values[rows]
        self.before[rows, at] = last[rows]


def matches(
    before: npt.NDArray[np.integer], last: npt.NDArray[np.integer]
) -> npt.NDArray[np.integer]:
    """How many values are equal, from the nearest on; arrays `(..., LOOK_BACK)`, 255 for none."""
    equal = (before == last) & (last != _NOTHING)
    run: npt.NDArray[np.integer] = np.logical_and.accumulate(equal, axis=-1).sum(axis=-1)
    return run


def weigh(
    cosine: FloatArray,
    match: npt.NDArray[np.integer],
    some: npt.NDArray[np.bool_],
    kind: int,
) -> tuple[FloatArray, npt.NDArray[np.floating]]:
    """Weights of what is remembered.

    Args:
        cosine: `(n, m)`, of `m` keys with each of `n` present ones; -inf where there is none.
        match: `(n, m)`, equal values before them.
        some: `(n,)`, whether any key is there.
        kind: 0 notes and rests, 1 lengths.

    Returns:
        Weights `(n, m)`, the greatest 1, and their sums `(n,)`; 1 where no key is there.
    """
    logs = SHARPNESS * cosine + np.float32(MATCHING[kind]) * match
    best = np.where(some, logs.max(axis=1, initial=-np.inf), 0.0)
    weights = np.exp(logs - best[:, None])
    return weights, np.where(some, weights.sum(axis=1), 1.0)


def gate_inputs(
    expected: FloatArray,
    cosine: FloatArray,
    match: npt.NDArray[np.integer],
    total: npt.NDArray[np.floating],
    filled: npt.NDArray[np.integer],
) -> npt.NDArray[np.float64]:
    """`GATE_INPUTS` for each of `n` values.

    Args:
        expected: `(n, 78)`, the network's probabilities.
        cosine: `(n, m)`, of the keys; -inf where there is none.
        match: `(n, m)`, equal values before them.
        total: `(n,)`, sum of the weights over the best one's, at least 1.
        filled: `(n,)`, values remembered.
    """
    wide = expected.astype(np.float64)
    entropy = -np.sum(wide * np.log(wide + 1e-12), axis=1)
    best = np.where(filled > 0, cosine.max(axis=1, initial=-np.inf), 0.0)
    longest = match.max(axis=1, initial=0)
    ones = np.ones(len(wide))
    crowd, experience = np.log(total), np.log1p(filled)
    return np.stack((ones, entropy, wide.max(axis=1), best, crowd, experience, longest), axis=1)


def _unit(h: FloatArray) -> FloatArray:
    """Rows of length 1; a row of zeros stays one."""
    unit: FloatArray = h / np.maximum(np.linalg.norm(h, axis=1, keepdims=True), 1e-12)
    return unit
