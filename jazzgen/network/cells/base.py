"""What all cells share: a run over a sequence, and the way back through time."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

Parameters = dict[str, Array]
"""Arrays by the course's names, e.g. `Wc`, `bc`; also the gradients of the loss by them."""

State = tuple[Array, ...]
"""What a cell hands to its next step, `(B, n_a)` each; the first is also its output."""


@dataclass(frozen=True, eq=False)
class Cell(ABC):
    """One step of a recurrent network: input and state before, to output and state after.

    The course writes one sequence to a column, `W x + b`. Here, as in Keras, each of the B
    sequences side by side is a row, so products read `x W + b` and every matrix is the course's
    transposed. The parameters are updated in place: `cell.parameters["Wc"] -= …` trains the cell.

    Attributes:
        n_states: how many arrays the state is made of.
    """

    n_states: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Checks that the parameters belong together.

        Raises:
            ValueError: when an array has another shape than the others ask for.
        """
        expected = self.shapes(self.n_x, self.n_a)
        for name, array in self.parameters.items():
            if array.shape != expected[name]:
                raise ValueError(f"{name} has shape {array.shape}, not {expected[name]}")

    @classmethod
    @abstractmethod
    def shapes(cls, n_x: int, n_a: int) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter of a cell with `n_x` inputs and `n_a` units."""

    @classmethod
    def create(cls, n_x: int, n_a: int, rng: np.random.Generator) -> Self:
        """A new cell: matrices drawn after Glorot & Bengio 2010, biases zero, all float64."""
        return cls(**{name: initial(s, rng) for name, s in cls.shapes(n_x, n_a).items()})

    @property
    @abstractmethod
    def n_x(self) -> int:
        """Width of the input."""

    @property
    @abstractmethod
    def n_a(self) -> int:
        """Units: width of the output and of each array of the state."""

    @property
    def parameters(self) -> Parameters:
        """The arrays themselves, not copies, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def start(self, rows: int = 1) -> State:
        """The state before the first step: zeros, `(rows, n_a)` each."""
        dtype = next(iter(self.parameters.values())).dtype
        return tuple(np.zeros((rows, self.n_a), dtype=dtype) for _ in range(self.n_states))

    @abstractmethod
    def step(self, x: Array, state: State) -> tuple[Array, State]:
        """One step forward.

        Args:
            x: `(B, n_x)`.
            state: after the step before.

        Returns:
            The output `(B, n_a)`, and the state after this step.
        """

    @abstractmethod
    def step_back(self, x: Array, state: State, d_after: State) -> tuple[Parameters, Array, State]:
        """The chain rule over one step; what `step` computed in between is computed again.

        Args:
            x: `(B, n_x)`, as given to `step`.
            state: as given to `step`.
            d_after: gradients of the loss by the state after the step. The output is the first of
                its arrays: what comes back through the output is already added there.

        Returns:
            Gradients of the loss by the parameters, by x, and by the state before the step.
        """


class GatedCell(Cell):
    """A cell whose matrices stand on the state and the input side by side, `[a<t-1>, x<t>]`."""

    Wc: Array
    bc: Array

    @property
    def n_x(self) -> int:
        """Width of the input."""
        return int(self.Wc.shape[0]) - self.n_a

    @property
    def n_a(self) -> int:
        """Units."""
        return int(self.bc.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """Gradients of a loss, from `backward`.

    Attributes:
        parameters: by each parameter, summed over all steps and sequences.
        x: by the inputs, `(T, B, n_x)`.
        state: by the state before the first step.
    """

    parameters: Parameters
    x: Array
    state: State


def run(cell: Cell, x: Array, state: State | None = None) -> tuple[Array, list[State]]:
    """Runs a cell over sequences: the same parameters at every step.

    Args:
        cell: the cell.
        x: `(T, B, n_x)`, time first.
        state: before the first step; zeros unless given.

    Returns:
        The outputs `(T, B, n_a)`, and T + 1 states: that before the first step and that after
        each. `backward` needs them.
    """
    states = [cell.start(x.shape[1]) if state is None else state]
    outputs = np.empty((*x.shape[:2], cell.n_a), dtype=states[0][0].dtype)
    for t, x_t in enumerate(x):
        outputs[t], after = cell.step(x_t, states[-1])
        states.append(after)
    return outputs, states


def backward(
    cell: Cell, x: Array, states: list[State], d_outputs: Array, d_last: State | None = None
) -> Gradients:
    """Backpropagation through time: the steps of `run` in reverse, each by the chain rule.

    Args:
        cell: the cell.
        x: `(T, B, n_x)`, as given to `run`.
        states: the T + 1 states that `run` returned.
        d_outputs: gradients of the loss by the outputs, `(T, B, n_a)`.
        d_last: gradients by the last state, where the loss depends on it otherwise than through
            the outputs (a decoder that starts from it); zeros unless given.
    """
    d_state = tuple(map(np.zeros_like, states[0])) if d_last is None else d_last
    total = {name: np.zeros_like(array) for name, array in cell.parameters.items()}
    d_x = np.empty(x.shape, dtype=states[0][0].dtype)
    for t in reversed(range(len(x))):
        d_state = (d_state[0] + d_outputs[t], *d_state[1:])
        by_parameter, d_x[t], d_state = cell.step_back(x[t], states[t], d_state)
        for name, gradient in by_parameter.items():
            total[name] += gradient
    return Gradients(total, d_x, d_state)


def initial(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A new parameter: a bias of zeros, or a matrix drawn after Glorot & Bengio 2010."""
    if len(shape) == 1:
        return np.zeros(shape)
    limit = np.sqrt(6 / sum(shape))
    return rng.uniform(-limit, limit, size=shape)


def logistic(z: Array) -> Array:
    """σ(z) = 1 / (1 + exp(-z)), by tanh, which does not overflow."""
    result: Array = 0.5 * (1 + np.tanh(0.5 * z))
    return result


def beside(state: Array, x: Array) -> Array:
    """`[a<t-1>, x<t>]`: state and input side by side, `(B, n_a + n_x)`."""
    return np.concatenate((state, x), axis=1)


def stacked(recurrent: Array, kernel: Array) -> Array:
    """Keras's two matrices as the one that stands on `[a<t-1>, x<t>]`, `(n_a + n_x, n_a)`."""
    return np.concatenate((recurrent, kernel), axis=0)
