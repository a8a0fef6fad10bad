"""Fitting the gates of a memory once a network is trained.

A network knows its training pieces so well that on them a memory has nothing to add, and would not
be heard on new ones either. So while the gates are fitted, the network's expectations come with
dropout, which makes it about as unsure of pieces it has seen as it is of others without.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import N_SLOTS
from jazzgen.encoding.dataset import Dataset
from jazzgen.network.backend import tf
from jazzgen.network.memory import (
    DIRECTIONS,
    GATE_INPUTS,
    SPAN,
    Memory,
    gate_inputs,
    matches,
    packed_before,
    unit,
    weigh,
)
from jazzgen.network.networks import SoloNetwork

_PHASE: Final = 0  # column of the context


_MOST_VALUES: Final = 60_000
"""Values the gates are fitted to; twelve numbers need no more."""

_ROWS: Final = 512
"""Values whose likeness to all before is worked out at once: long pieces take no more memory."""

_STEPS: Final = 400
_RATE: Final = 0.05


_SHUT: Final = (-20.0, *[0.0] * (len(GATE_INPUTS) - 1))
"""A gate of which nothing is known: the grammar has no lengths, nor a single note a repeat."""


class _Asked(NamedTuple):
    """What network and memory said of values that came, `n` of one kind."""

    expected: npt.NDArray[np.float64]  # (n,), the network's probability
    remembered: npt.NDArray[np.float64]  # (n,), the memory's
    inputs: npt.NDArray[np.float64]  # (n, len(GATE_INPUTS))
    some: npt.NDArray[np.bool_]  # (n,), whether the memory held anything


def fit_memory(network: SoloNetwork, dataset: Dataset, *, seed: int = 0) -> Memory:
    """Fits both gates to the training pieces of a dataset, by maximum likelihood.

    Args:
        network: trained, with the context.
        dataset: what it was trained on.
        seed: of the dropout masks.
    """
    pieces = dataset.pieces("train")
    pieces = np.random.default_rng(seed).permutation(pieces)
    ends = np.cumsum(dataset.offsets[pieces + 1] - dataset.offsets[pieces])
    chosen = pieces[: int(np.searchsorted(ends, _MOST_VALUES)) + 1].tolist()
    # Fitted to keys in fewer directions, the gates open too far for solos not seen before.
    events, lengths = _asked(network, None, dataset, chosen, seed)
    return Memory((_fit(events), _fit(lengths)), _directions(network, dataset, chosen))


def _directions(
    network: SoloNetwork, dataset: Dataset, pieces: Sequence[int]
) -> npt.NDArray[np.float16] | None:
    """The principal directions of the top layer's outputs, all made equally long."""
    n = network.config.units[-1]
    if n <= DIRECTIONS:
        return None
    spread = np.zeros((n, n))
    for _, outputs, _ in _run(network, dataset, pieces, None):
        keys = unit(outputs)
        spread += keys.T @ keys
    return np.linalg.eigh(spread)[1][:, : -DIRECTIONS - 1 : -1].astype(np.float16)


def nats_per_note(
    network: SoloNetwork, memory: Memory, dataset: Dataset, pieces: Sequence[int]
) -> float:
    """Cross-entropy of whole pieces with the memory, divided by their sounding notes."""
    total = 0.0
    both = _asked(network, memory.directions, dataset, pieces, None)
    for asked, gate in zip(both, memory.gates, strict=True):
        total -= float(np.log(_mixed(asked, np.array(gate))).sum())
    return total / max(1, int(dataset.notes[list(pieces)].sum()))


def _mixed(asked: _Asked, gate: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    share = asked.some / (1 + np.exp(-(asked.inputs @ gate)))
    mixed: npt.NDArray[np.float64] = (1 - share) * asked.expected + share * asked.remembered
    return mixed


def _fit(asked: _Asked) -> tuple[float, ...]:
    """Adam (Kingma & Ba 2015) over all values at once, on inputs of mean 0 and deviation 1."""
    if not asked.some.any():
        return _SHUT
    mean, deviation = asked.inputs.mean(axis=0), asked.inputs.std(axis=0)
    mean[0], deviation = 0.0, np.where(deviation > 1e-9, deviation, 1.0)
    inputs = (asked.inputs - mean) / deviation
    gate = np.zeros(len(GATE_INPUTS))
    gate[0] = -2.0
    first, second = np.zeros_like(gate), np.zeros_like(gate)
    for step in range(1, _STEPS + 1):
        share = asked.some / (1 + np.exp(-(inputs @ gate)))
        mixed = (1 - share) * asked.expected + share * asked.remembered
        slope = (asked.remembered - asked.expected) / mixed * share * (1 - share)
        gradient = -(slope @ inputs) / len(inputs)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        ahead = first / (1 - 0.9**step)
        gate -= _RATE * ahead / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    gate /= deviation
    gate[0] -= gate[1:] @ mean[1:]
    return tuple(gate.tolist())


def _asked(
    network: SoloNetwork,
    directions: npt.NDArray[np.float16] | None,
    dataset: Dataset,
    pieces: Sequence[int],
    seed: int | None,
) -> tuple[_Asked, _Asked]:
    """For notes and rests, and for lengths; with dropout when a seed is given."""
    gathered: tuple[list[_Asked], list[_Asked]] = ([], [])
    for piece, outputs, expected in _run(network, dataset, pieces, seed):
        keys = unit(outputs if directions is None else outputs @ directions.astype(np.float32))
        values, context = dataset.sequence(piece)
        for kind, rows in enumerate(gathered):
            at = np.flatnonzero(context[1:, _PHASE] == kind)
            rows.append(_ask(kind, at + 1, keys[at], expected[at], values))
    events, lengths = (_Asked(*map(np.concatenate, zip(*rows, strict=True))) for rows in gathered)
    return events, lengths


def _run(
    network: SoloNetwork, dataset: Dataset, pieces: Sequence[int], seed: int | None
) -> Iterator[tuple[int, npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Each piece with the top layer's outputs `(n, units)` and probabilities `(n, 78)`."""
    states = network.zero_states(1)
    signature = (
        tf.TensorSpec((None, 1), tf.int32),
        tf.TensorSpec((None, 1, N_SLOTS), tf.int16),
        tf.TensorSpec((2,), tf.int32),
    )

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def ask(inputs: Any, context: Any, drawn: Any) -> Any:
        outputs, _ = network.hidden(inputs, context, states)
        logits, _ = network.logits(inputs, context, states, seed=None if seed is None else drawn)
        return outputs[:, 0], tf.nn.softmax(logits[:, 0])

    for piece in pieces:
        values, context = dataset.sequence(piece)
        outputs, expected = ask(
            tf.constant(values[:-1, None], tf.int32),
            tf.constant(context[1:, None]),
            tf.constant([seed or 0, piece * 64], tf.int32),
        )
        yield piece, outputs.numpy(), expected.numpy()


def _ask(
    kind: int,
    at: npt.NDArray[np.intp],
    keys: npt.NDArray[np.float32],
    expected: npt.NDArray[np.float32],
    values: npt.NDArray[np.integer],
) -> _Asked:
    """What a memory says at the places `at` of a piece's values, `(n,)` each."""
    n = len(at)
    before = packed_before(values)[at]
    filled = np.minimum(np.arange(n), SPAN)
    some = filled > 0
    came = values[at]
    remembered, inputs = np.zeros(n), np.zeros((n, len(GATE_INPUTS)))
    for first in range(0, n, _ROWS):
        rows = slice(first, first + _ROWS)
        old = slice(max(0, first - SPAN), first + _ROWS)
        age = np.arange(n)[rows, None] - np.arange(n)[old]
        there = (age > 0) & (age <= SPAN)
        match = matches(before[old], before[rows, None]) * there
        cosine = np.where(there, keys[rows] @ keys[old].T, -np.inf)
        weights, total = weigh(cosine, match, some[rows], kind)
        same = came[rows, None] == came[old]
        remembered[rows] = (weights * same).sum(axis=1) / total
        inputs[rows] = gate_inputs(expected[rows], cosine, match, total, filled[rows])
    return _Asked(
        expected=expected[np.arange(n), came].astype(np.float64),
        remembered=remembered,
        inputs=inputs,
        some=some,
    )
