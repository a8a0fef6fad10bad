"""Training: epochs over a dataset, the best one kept, interruptible at any time."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import astuple, dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from jazzgen.encoding.dataset import Dataset
from jazzgen.network.backend import keras, tf
from jazzgen.network.batches import (
    Batch,
    Batches,
    Windows,
    stream_batches,
    whole_pieces,
    window_batches,
)
from jazzgen.network.config import TrainingConfig
from jazzgen.network.distillation import SoftTargets
from jazzgen.network.feeding import prefetched
from jazzgen.network.networks import SoloNetwork
from jazzgen.network.weights import Weights, weight_shapes

_MEASURING_SPAN: Final = 256
"""Values of every piece measured at once."""

_MEASURING_ROWS: Final = 128
"""Pieces measured side by side: however many there are, a step takes no more memory."""

_ASTRAY: Final = 20.0
"""Nats per value beyond which training has diverged; guessing costs ln 78, 4.4."""

_WARM_UP: Final = 0.05
"""Share of all steps over which the cosine schedule rises."""


@dataclass(slots=True)
class Epoch:
    """What one epoch came to.

    Attributes:
        number: from 1.
        loss: mean training cross-entropy, nats per value, dropout on.
        nats_per_note: on the validation pieces (the training pieces where there are none):
            summed cross-entropy of all values divided by sounding notes.
        seconds: the epoch took, measuring included.
        values_per_second: training speed, measuring excluded.
    """

    number: int
    loss: float
    nats_per_note: float
    seconds: float
    values_per_second: float


@dataclass(slots=True)
class History:
    """All epochs of a training run."""

    epochs: list[Epoch] = field(default_factory=list)

    @property
    def best(self) -> Epoch:
        """The epoch whose weights are kept: the fewest nats per note."""
        return min(self.epochs, key=lambda epoch: epoch.nats_per_note)


@dataclass(slots=True)
class Progress:
    """How far training is, told after every batch.

    Attributes:
        epoch: the current one, from 1.
        epochs: their number.
        step: batches done in this epoch.
        steps: batches of an epoch.
        loss: mean over this epoch so far, nats per value.
        nats_per_note: of the epoch before, None in the first.
        values_per_second: over this epoch so far.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    nats_per_note: float | None
    values_per_second: float


class _Fed(NamedTuple):
    """A batch as tensors: what the training step takes, and the sum of its counts."""

    inputs: Any
    context: Any
    targets: Any
    counts: Any
    carry: Any
    counted: float


class Trainer:
    """Trains a network on a dataset.

    Everything random is drawn from `seed` and the epoch's number alone, so a run that was
    interrupted and resumed ends in the same weights as one that was not. Batches are made while
    the step before them runs, and dropped after it: a dataset takes no more memory than two of
    them, however large it is.

    Attributes:
        network: what is trained.
        history: the epochs so far.
        best_weights: those of the best epoch; the initial ones before the first.
        waited_s: how long the last epoch's steps waited for their batches.
    """

    def __init__(
        self,
        network: SoloNetwork,
        dataset: Dataset,
        config: TrainingConfig,
        *,
        seed: int = 0,
        soft_targets: SoftTargets | None = None,
    ) -> None:
        """Prepares a run.

        Args:
            network: what is trained.
            dataset: what it is trained and measured on.
            config: how.
            seed: of the order, the dropout and all other draws.
            soft_targets: float16 `(N, 78)`, what teachers expect of each of the dataset's values,
                to be learned instead of the values themselves (`jazzgen.network.distillation`).
        """
        self.network = network
        self.history = History()
        self.best_weights: Weights = network.get_weights()
        self.waited_s = 0.0
        self._dataset = dataset
        self._config = config
        self._seed = seed
        self._soft = soft_targets
        self._variables = network.variables
        self._train_pieces = dataset.pieces("train").tolist()
        validation = dataset.pieces("validation").tolist()
        self._measured = validation or self._train_pieces
        self._windows = Windows(dataset) if config.span == 0 else None
        # More rows than there are sequences would stay empty.
        most = len(self._train_pieces if self._windows is None else self._windows)
        self._batch = max(1, min(config.batch, most))
        self._optimizer = keras.optimizers.AdamW(
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            global_clipnorm=config.clip_norm or None,
        )
        self._optimizer.exclude_from_weight_decay(var_names=["bias"])
        self._optimizer.build(self._variables)
        self._average = [tf.Variable(v.value) for v in self._variables]
        self._train_step = tf.function(self._train_on, jit_compile=True)
        self._measure_step = tf.function(self._measure_on, reduce_retracing=True)

    # One epoch

    def run(self, tell: Callable[[Progress], None] | None = None) -> Iterator[Epoch]:
        """Trains epoch by epoch, yielding each when it is finished."""
        config = self._config
        for number in range(len(self.history.epochs) + 1, config.epochs + 1):
            began = time.perf_counter()
            loss, speed = self._train_epoch(number, tell)
            nats = self.nats_per_note()
            seconds = time.perf_counter() - began
            epoch = Epoch(number, loss, nats, seconds, speed)
            self.history.epochs.append(epoch)
            if not math.isfinite(nats) or not loss < _ASTRAY:
                raise FloatingPointError(f"epoch {number}: loss {loss:.3g} nats per value")
            if self.history.best is epoch:
                self.best_weights = self.averaged_weights()
            yield epoch

    def _batches(self, number: int) -> Batches:
        rng = np.random.default_rng([self._seed, number])
        config = self._config
        if self._windows is not None:
            return window_batches(self._windows, self._dataset, self._batch, rng)
        return stream_batches(
            self._train_pieces,
            self._dataset,
            self._batch,
            config.span,
            rng,
            config.transposition,
            config.manner_dropout,
        )

    def _fed(self, batch: Batch) -> _Fed:
        context = tf.constant(batch.context)
        return _Fed(
            tf.constant(batch.inputs),
            self.network.flags(context) if self.network.config.context else context,
            tf.constant(batch.targets if self._soft is None else self._soft[batch.places]),
            tf.constant(batch.counts),
            tf.constant(batch.carry),
            float(batch.counts.sum()),
        )

    def _train_epoch(
        self, number: int, tell: Callable[[Progress], None] | None
    ) -> tuple[float, float]:
        config = self._config
        began = time.perf_counter()
        batches = self._batches(number)
        states = self.network.zero_states(self._batch)
        total = counted = self.waited_s = 0.0
        before = self.history.epochs[-1].nats_per_note if self.history.epochs else None
        with closing(prefetched(map(self._fed, batches))) as coming:
            for step in range(len(batches)):
                asked = time.perf_counter()
                fed = next(coming)
                self.waited_s += time.perf_counter() - asked
                done = (number - 1 + step / len(batches)) / config.epochs
                self._optimizer.learning_rate.assign(learning_rate(config, done))
                seed = tf.constant([self._seed * 100_003 + number, step * 64], dtype=tf.int32)
                nats, states = self._train_step(*fed[:-1], states, seed)
                total += float(nats)
                counted += fed.counted
                if tell:
                    speed = counted / (time.perf_counter() - began)
                    loss = total / max(counted, 1.0)
                    steps = len(batches)
                    tell(Progress(number, config.epochs, step + 1, steps, loss, before, speed))
        return total / max(counted, 1.0), counted / (time.perf_counter() - began)

    def _train_on(
        self,
        inputs: Any,
        context: Any,
        targets: Any,
        counts: Any,
        carry: Any,
        states: list[Any],
        seed: Any,
    ) -> tuple[Any, list[Any]]:
        states = [state * carry for state in states]
        with tf.GradientTape() as tape:
            logits, states = self.network.logits(
                inputs, context, states, seed=seed, mixed=self._config.precision == "mixed"
            )
            if self._soft is None:
                each = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            else:
                each = tf.nn.softmax_cross_entropy_with_logits(tf.cast(targets, tf.float32), logits)
            nats = tf.reduce_sum(each * counts)
            loss = nats / tf.maximum(tf.reduce_sum(counts), 1.0)
        gradients = tape.gradient(loss, [v.value for v in self._variables])
        self._optimizer.apply(gradients, self._variables)
        if self._config.averaging:
            step = tf.cast(self._optimizer.iterations.value, tf.float32)
            # Early on the average is young: it follows quickly, then ever more slowly.
            decay = tf.minimum(self._config.averaging, (1.0 + step) / (10.0 + step))
            for mean, variable in zip(self._average, self._variables, strict=True):
                mean.assign(decay * mean + (1.0 - decay) * variable.value)
        return nats, states

    def averaged_weights(self) -> Weights:
        """The weights that are measured and kept, by name."""
        if not self._config.averaging:
            return self.network.get_weights()
        names = weight_shapes(self.network.config)
        return {n: np.array(v.numpy()) for n, v in zip(names, self._average, strict=True)}

    # Interrupting and going on

    def state(self) -> dict[str, Any]:
        """Arrays from which `restore` goes on after the last whole epoch."""
        weights = zip(weight_shapes(self.network.config), self._variables, strict=True)
        averages = zip(weight_shapes(self.network.config), self._average, strict=True)
        return {
            "epochs": np.array([astuple(e) for e in self.history.epochs], dtype=np.float64),
            **{f"weight/{name}": v.numpy() for name, v in weights},
            **{f"average/{name}": v.numpy() for name, v in averages},
            **{f"best/{name}": v for name, v in self.best_weights.items()},
            **{f"optimizer/{i}": v.numpy() for i, v in enumerate(self._optimizer.variables)},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` gave.

        Raises:
            ValueError: when it belongs to another network.
        """
        try:
            names = list(weight_shapes(self.network.config))
            for name, variable, mean in zip(names, self._variables, self._average, strict=True):
                variable.assign(state[f"weight/{name}"])
                mean.assign(state[f"average/{name}"])
            for i, variable in enumerate(self._optimizer.variables):
                variable.assign(state[f"optimizer/{i}"])
            self.best_weights = {name: state[f"best/{name}"] for name in names}
            self.history = History(
                [Epoch(int(row[0]), *row[1:]) for row in state["epochs"].tolist()]
            )
        except KeyError as error:
            raise ValueError(f"the training state lacks {error}") from error

    def nats_per_note(self) -> float:
        """Of the averaged weights on the validation pieces, each from its start."""
        trained = self.network.get_weights()
        self.network.set_weights(self.averaged_weights())
        try:
            return nats_per_note(self.network, self._dataset, self._measured, self._measure_step)
        finally:
            self.network.set_weights(trained)

    def _measure_on(self, inputs: Any, context: Any, targets: Any, states: list[Any]) -> Any:
        logits, states = self.network.logits(inputs, context, states)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
        return nats, states


def nats_per_note(
    network: SoloNetwork, dataset: Dataset, pieces: list[int], measure: Callable[..., Any]
) -> float:
    """Summed cross-entropy of whole pieces, each from a zero state, divided by sounding notes."""
    total = 0.0
    lengths = np.diff(dataset.offsets)
    by_length = sorted(pieces, key=lambda piece: -int(lengths[piece]))
    for first in range(0, len(by_length), _MEASURING_ROWS):
        states: list[Any] = []
        for batch in whole_pieces(
            by_length[first : first + _MEASURING_ROWS], dataset, _MEASURING_SPAN
        ):
            rows = batch.inputs.shape[1]
            carry = tf.constant(batch.carry)
            states = [s[:rows] * carry for s in states] or network.zero_states(rows)
            nats, states = measure(
                tf.constant(batch.inputs),
                tf.constant(batch.context),
                tf.constant(batch.targets),
                states,
            )
            total += float(tf.reduce_sum(nats * batch.counts))
    return total / max(1, int(dataset.notes[pieces].sum()))


def learning_rate(config: TrainingConfig, done: float) -> float:
    """The learning rate when `done`, 0 to 1, of all steps are behind."""
    if config.schedule == "constant":
        return config.learning_rate
    if done < _WARM_UP:
        return config.learning_rate * done / _WARM_UP
    turn = (done - _WARM_UP) / (1 - _WARM_UP)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * turn))
