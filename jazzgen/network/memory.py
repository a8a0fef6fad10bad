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

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import ContextArray, FloatArray
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.engine import Engine, State, widened
from jazzgen.network.exact import INPUT_BITS, Kernel, round_to

SHARPNESS: Final = 20.0
MATCHING: Final = (0.7, 0.0)
"""Weight of what came at a key: exp(sharpness x cosine + matching x equal values before it), the
latter for notes and rests, and for lengths; chosen by hand (docs/experiments.md)."""

LOOK_BACK: Final = 8
"""Values before a key that are compared, the nearest first, up to the first that differs; as many
as fit into 64 bits."""

SPAN: Final = 1024
"""Values of a kind that are remembered; the oldest give way."""

GATE_INPUTS: Final = (*("one", "entropy", "highest", "similarity", "crowd", "experience", "match"),)
"""What the gate goes by: 1; of the network's expectation the entropy in nats and the highest
probability; the best cosine; the logarithm of the weights' sum over the best one's; the logarithm
of 1 + values remembered; the most equal values before a key."""

_PHASE: Final = 0  # column of the context
_FIRST_ROOM: Final = 128

PackedArray = npt.NDArray[np.uint64]
"""The last `LOOK_BACK` values in eight bits each, the nearest lowest; 255 where there was none."""

_NEVER: Final = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_EACH: Final = np.uint64(0x0101_0101_0101_0101)  # the lowest bit of each of them
_KEY_BITS: Final = 11  # products of unit vectors in steps of 2^-11 are exact: `network.exact`
_WEIGHT_STEPS: Final = 2.0**30  # sums of weights in these steps are exact in float64


DIRECTIONS: Final = 64
"""Directions in which keys are told apart: those in which the training solos' keys differ most.

Fewer numbers to read at every value, and what the others hold is mostly noise: on the 43 validation
solos a key in all 256 dimensions expects no better (docs/experiments.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What a memory has learned.

    Attributes:
        gates: for notes and rests, and for lengths, the weight of each of `GATE_INPUTS`; their
            weighted sum through the logistic function is the memory's share.
        directions: float16 `(n, d)`, what the top layer's output is multiplied with to become a
            key; None: the output itself is the key.
    """

    gates: tuple[tuple[float, ...], tuple[float, ...]]
    directions: npt.NDArray[np.float16] | None = None

    def __post_init__(self) -> None:
        if [len(gate) for gate in self.gates] != [len(GATE_INPUTS)] * 2:
            raise ValueError(f"a memory has two gates of {len(GATE_INPUTS)} weights")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Memory) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_json` wrote; raises KeyError, TypeError or ValueError."""
        events, lengths = (tuple(map(float, gate)) for gate in data["gates"])
        directions = None
        if (kept := data.get("directions")) is not None:
            flat = np.frombuffer(base64.b64decode(kept["float16"]), dtype="<f2")
            directions = flat.reshape(kept["shape"])
            if directions.ndim != 2 or not np.isfinite(directions).all():
                raise ValueError("the directions of the memory are damaged")
        return cls((events, lengths), directions)

    def to_json(self) -> dict[str, Any]:
        """A JSON object, directions in base64."""
        made: dict[str, Any] = {"gates": [list(gate) for gate in self.gates]}
        if self.directions is not None:
            flat = np.ascontiguousarray(self.directions, dtype="<f2").tobytes()
            made["directions"] = {
                "shape": list(self.directions.shape),
                "float16": base64.b64encode(flat).decode("ascii"),
            }
        return made


class RememberingEngine:
    """An engine and a memory beside it; see `jazzgen.network.engine.Engine`.

    A state is used up by the step it is given to: the memory writes on in it. Like the engine's,
    its sums are exact, so that a sequence gets the same bits alone and beside others.

    Args:
        engine: whose state ends in the top layer's output and cell state.
        memory: the gates.
    """

    def __init__(self, engine: Engine, memory: Memory) -> None:
        self._engine = engine
        self._gates = np.array(memory.gates)
        directions = memory.directions
        self._directions = None if directions is None else Kernel(directions.astype(np.float32))

    def _key(self, output: FloatArray) -> FloatArray:
        """Keys of length 1 from the top layer's outputs."""
        if self._directions is not None:
            output = np.array(output)  # the Keras engine's is not in steps
            round_to(output, INPUT_BITS)
            output = self._directions.product(output)
        return unit(output)

    def start(self, rows: int = 1) -> State:
        """An empty memory; see `Engine.start`."""
        state = self._engine.start(rows)
        n = self._key(state[-2][:1]).shape[1]
        for _ in self._gates:
            state.append(np.zeros((rows, _FIRST_ROOM, n), dtype=np.float32))
            state.append(np.zeros((rows, _FIRST_ROOM), dtype=np.uint8))
            state.append(np.zeros((rows, _FIRST_ROOM), dtype=np.uint64))
        # How many values of each kind have come, of which kind the next one is, the last values.
        last = np.full(rows, _NEVER, dtype=np.uint64)
        return [*state, np.zeros((rows, 2), dtype=np.int64), np.full(rows, -1), last]

    def step(
        self, values: npt.NDArray[np.integer], context: ContextArray, state: State
    ) -> tuple[FloatArray, State]:
        """One step; see `Engine.step`."""
        before, (*rooms, counts, due, last) = state[:-9], state[-9:]
        shelves = [_Shelf(*rooms[:3]), _Shelf(*rooms[3:])]
        present = self._key(before[-2])
        for kind, shelf in enumerate(shelves):
            rows = np.flatnonzero((due == kind) & (values >= 0))
            if len(rows):
                shelf.keep(rows, counts[rows, kind], present, values, last)
                counts[rows, kind] += 1
        last = packed(last, values)
        expected, after = self._engine.step(values, context, before)
        expected = np.array(expected)  # Keras's cannot be written to
        present = self._key(after[-2])
        phase = context[:, _PHASE].astype(np.int64)
        for kind, shelf in enumerate(shelves):
            rows = np.flatnonzero(phase == kind)
            if len(rows) == len(phase):
                filled = np.minimum(counts[:, kind], SPAN)
                if filled.any():
                    expected = self._mixed(kind, expected, present, last, shelf, filled)
            elif len(rows) and counts[rows, kind].any():
                filled = np.minimum(counts[rows, kind], SPAN)
                expected[rows] = self._mixed(
                    kind, expected[rows], present[rows], last[rows], shelf.of(rows), filled
                )
        rooms = [array for shelf in shelves for array in shelf.arrays]
        return expected, [*after, *rooms, counts, phase, last]

    def _mixed(
        self,
        kind: int,
        expected: FloatArray,
        present: FloatArray,
        last: PackedArray,
        shelf: "_Shelf",
        filled: npt.NDArray[np.int64],
    ) -> FloatArray:
        n = int(filled.max())
        some = filled > 0
        match = matches(shelf.before[:, :n], last[:, None])
        cosine = np.full(match.shape, -np.inf, dtype=np.float32)
        # One by one: no more of the keys is read than there is.
        for keys, own, found, count in zip(
            shelf.keys, present, cosine, filled.tolist(), strict=True
        ):
            np.dot(keys[:count], own, out=found[:count])
        match[np.arange(n) >= filled[:, None]] = 0
        weights, total = weigh(cosine, match, some, kind)
        places = shelf.kept[:, :n] + N_VALUES * np.arange(len(filled))[:, None]
        remembered = np.bincount(places.ravel(), weights.ravel(), len(filled) * N_VALUES)
        remembered = remembered.reshape(expected.shape) / total[:, None]
        inputs = gate_inputs(expected, cosine, match, total, filled)
        # Not a matrix product, whose bits depend on the number of rows.
        opening = (inputs * self._gates[kind]).sum(axis=1)
        share = (some / (1 + np.exp(-opening)))[:, None]
        mixed: FloatArray = ((1 - share) * expected + share * remembered).astype(np.float32)
        return mixed


@dataclass(slots=True)
class _Shelf:
    """What is remembered of one kind: keys, the values that came, the values before them."""

    keys: FloatArray
    kept: npt.NDArray[np.uint8]
    before: PackedArray

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """For a state."""
        return self.keys, self.kept, self.before

    def of(self, rows: npt.NDArray[np.intp]) -> "_Shelf":
        """Some rows."""
        return _Shelf(self.keys[rows], self.kept[rows], self.before[rows])

    def keep(
        self,
        rows: npt.NDArray[np.intp],
        counts: npt.NDArray[np.int64],
        keys: FloatArray,
        values: npt.NDArray[np.integer],
        last: PackedArray,
    ) -> None:
        """Writes to each of `rows`, over the oldest where there is no room left."""
        at = counts % SPAN
        room = self.kept.shape[1]
        if at.max() >= room:
            more = min(room, SPAN - room)
            self.keys, self.kept, self.before = (
                widened(array, room + more) for array in self.arrays
            )
        self.keys[rows, at] = keys[rows]
        self.kept[rows, at] = values[rows]
        self.before[rows, at] = last[rows]


def packed(last: PackedArray, values: npt.NDArray[np.integer]) -> PackedArray:
    """The last `LOOK_BACK` values when one more has come; -1, no value at all, counts as one."""
    newest = (values & 0xFF).astype(np.uint64)
    return last << np.uint64(8) | newest


def packed_before(values: npt.NDArray[np.integer]) -> PackedArray:
    """The last values before each of a sequence and after it, uint64 `(n + 1,)` of `(n,)`."""
    padded = np.concatenate((np.full(LOOK_BACK, 0xFF), values)).astype(np.uint64)
    count = len(values) + 1
    before = np.zeros(count, dtype=np.uint64)
    for age in range(LOOK_BACK):
        at = LOOK_BACK - 1 - age
        before |= padded[at : at + count] << np.uint64(8 * age)
    return before


def matches(before: PackedArray, last: PackedArray) -> npt.NDArray[np.integer]:
    """How many values are equal, from the nearest on, 0 to `LOOK_BACK`.

    Args:
        before: uint64 `(..., m)`, the last values of other places, as `packed` makes them.
        last: uint64, broadcasts to `before`, the last values here.
    """
    # What never was equals nothing: 255 becomes 254, which no value is.
    different = before ^ (last ^ (last >> np.uint64(7) & _EACH))
    # The zero bits below the lowest bit that differs, in whole values.
    below = different - np.uint64(1)
    np.bitwise_and(below, np.invert(different, out=different), out=below)
    run: npt.NDArray[np.integer] = np.bitwise_count(below)
    run >>= 3
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
    weights = np.rint(np.exp(logs - best[:, None]) * _WEIGHT_STEPS) / _WEIGHT_STEPS
    return weights, np.where(some, weights.sum(axis=1, dtype=np.float64), 1.0)


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


def unit(h: FloatArray) -> FloatArray:
    """Rows of length 1, in steps of 2^-11; a row of zeros stays one."""
    made: FloatArray = h / np.maximum(np.sqrt((h * h).sum(axis=1, keepdims=True)), 1e-12)
    round_to(made, _KEY_BITS)
    return made
