"""How likely a network finds a sequence, and sequences drawn from it: the language model's view.

Both work with anything that has the `Engine` protocol and with any vocabulary, whatever its
values mean. Solos over changes, where a decoder says what may follow, are drawn by `improvise`.

A sequence y<1> … y<n> is scored by the chain rule, `<END>` being its last value:

    log P(y) = Σ log P(y<t> | y<1> … y<t-1>),    t = 1 … n + 1,    y<n+1> = <END>

Without the end symbol the probabilities of all sequences would not sum to 1. The value before the
first is `<END>` too, or nothing (-1) where the vocabulary has none.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import N_SLOTS, ContextArray
from jazzgen.encoding.vocabulary import UNKNOWN, Vocabulary
from jazzgen.generation.sampling import draw, shape_distribution
from jazzgen.network.engine import Engine

ContextAt = Callable[[Sequence[int]], ContextArray]
"""The context row `(1, N_SLOTS)` of the value that follows the values so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How likely a network finds a sequence.

    Attributes:
        each: float64 `(n,)`, log-probability of each value given those before it, nats; the end
            symbol is the last. -inf where the network holds a value impossible.
        unknown: how many values were taken as `<UNK>`.
    """

    each: npt.NDArray[np.float64]
    unknown: int

    @property
    def log_probability(self) -> float:
        """Of the whole sequence, nats."""
        return float(self.each.sum())

    @property
    def nats_per_value(self) -> float:
        """Mean of -log P over the values: the cross-entropy that training lowers."""
        return -self.log_probability / max(1, len(self.each))

    @property
    def perplexity(self) -> float:
        """Per value: among how many equally likely values the network is as unsure as here."""
        nats = self.nats_per_value
        return math.exp(nats) if nats < 700 else math.inf


@dataclass(frozen=True, slots=True)
class Sample:
    """A sequence drawn from a network.

    Attributes:
        values: the values drawn, without `<END>`.
        ended: whether `<END>` was drawn; else the sequence was cut at its largest length.
    """

    values: tuple[int, ...]
    ended: bool


def to_values(vocabulary: Vocabulary, sequence: Sequence[int | str]) -> list[int]:
    """Looks up the columns of symbols.

    Args:
        vocabulary: what the values mean.
        sequence: symbols, or columns, which stay as they are. What the vocabulary does not hold
            becomes `<UNK>`.

    Raises:
        ValueError: when something is not in a vocabulary that has no `<UNK>`.
    """
    column = {symbol: i for i, symbol in enumerate(vocabulary.symbols)}
    values: list[int] = []
    for item in sequence:
        if isinstance(item, str):
            value = column.get(item, vocabulary.unknown)
        else:
            value = int(item) if 0 <= item < len(column) else vocabulary.unknown
        if value is None:
            raise ValueError(f"the vocabulary holds neither {item!r} nor {UNKNOWN}")
        values.append(value)
    return values


def score(
    engine: Engine,
    vocabulary: Vocabulary,
    values: Sequence[int | str],
    *,
    context: ContextArray | None = None,
) -> Score:
    """Scores a sequence, its end included.

    Args:
        engine: the network.
        vocabulary: what its values mean.
        values: columns or symbols; see `to_values`. `<END>` at the beginning and at the end, as
            in `Dataset.sequence`, may be there or not: it makes no difference.
        context: int16 `(n, N_SLOTS)`, a row for each scored value, `<END>` among them. Networks
            that take a context need it.

    Raises:
        ValueError: when a symbol is unknown to a vocabulary without `<UNK>`, when `<END>` stands
            in the middle, or when the context has another number of rows.
    """
    end = vocabulary.end
    targets = to_values(vocabulary, values)
    if end is not None:
        if targets[:1] == [end]:
            del targets[0]
        if targets[-1:] != [end]:
            targets.append(end)
        if end in targets[:-1]:
            raise ValueError("the sequence goes on after its end symbol")
    if context is None:
        context = np.zeros((len(targets), N_SLOTS), dtype=np.int16)
    elif context.shape != (len(targets), N_SLOTS):
        raise ValueError(f"context has shape {context.shape}, not {(len(targets), N_SLOTS)}")
    each = np.empty(len(targets))
    state = engine.start()
    value = -1 if end is None else end
    for t, target in enumerate(targets):
        probabilities, state = engine.step(np.array([value]), context[t : t + 1], state)
        with np.errstate(divide="ignore"):  # log 0 = -inf is the answer
            each[t] = np.log(np.float64(probabilities[0, target]))
        value = target
    unknown = 0 if vocabulary.unknown is None else targets.count(vocabulary.unknown)
    return Score(each, unknown)


def sample_sequence(
    engine: Engine,
    vocabulary: Vocabulary,
    rng: np.random.Generator,
    *,
    max_length: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
    context: ContextAt | None = None,
) -> Sample:
    """Draws a sequence value by value until `<END>`.

    `<UNK>` stands for no symbol in particular, so it is never drawn, and neither are columns
    without a symbol; the other values share their probability in proportion.

    Args:
        engine: the network.
        vocabulary: what its values mean.
        rng: one number is drawn from it a value.
        max_length: most values to draw, `<END>` not counted.
        temperature: above 0; see `shape_distribution`.
        top_p: above 0, at most 1; see `shape_distribution`.
        context: the context of the value to come; networks that take a context need it.

    Raises:
        ValueError: when a setting is out of its range.
    """
    if not temperature > 0 or not 0 < top_p <= 1 or max_length < 0:
        raise ValueError("temperature must be above 0, top_p in (0, 1], max_length at least 0")
    end = vocabulary.end
    value = -1 if end is None else end
    nowhere = np.zeros((1, N_SLOTS), dtype=np.int16)
    state = engine.start()
    values: list[int] = []
    # One draw more than values: a sequence of the largest length may end there by itself.
    for _ in range(max_length + (end is not None)):
        row = nowhere if context is None else context(values)
        probabilities, state = engine.step(np.array([value]), row, state)
        allowed = np.arange(probabilities.shape[1]) < len(vocabulary.symbols)
        if vocabulary.unknown is not None:
            allowed[vocabulary.unknown] = False
        distribution = shape_distribution(
            probabilities[0], allowed, temperature=temperature, top_p=top_p
        )
        value = draw(distribution, rng)
        if value == end:
            return Sample(tuple(values), ended=True)
        values.append(value)
    return Sample(tuple(values[:max_length]), ended=False)


class Answering(Protocol):
    """An encoder-decoder network: it has read a phrase and is ready to answer it."""

    def answering(self, call: Sequence[int]) -> Engine:
        """An engine whose first state is what the encoder made of the phrase."""
        ...


def respond(
    network: Answering,
    vocabulary: Vocabulary,
    call: Sequence[int | str],
    rng: np.random.Generator,
    *,
    max_length: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
) -> Sample:
    """Draws an answer to a phrase; `score(network.answering(call), …)` scores one.

    Args:
        network: such as `jazzgen.network.architectures.EncoderDecoder`.
        vocabulary: what its values mean.
        call: the phrase, columns or symbols; see `to_values`.
        rng: what is drawn from.
        max_length: most values to draw; see `sample_sequence`.
        temperature: above 0; see `shape_distribution`.
        top_p: above 0, at most 1; see `shape_distribution`.
    """
    engine = network.answering(to_values(vocabulary, call))
    return sample_sequence(
        engine, vocabulary, rng, max_length=max_length, temperature=temperature, top_p=top_p
    )
