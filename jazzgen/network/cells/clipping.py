"""Gradient clipping: what keeps a long sequence from throwing the parameters far off."""

from collections.abc import Mapping

import numpy as np

from jazzgen.network.cells.base import Array, Parameters


def global_norm(gradients: Mapping[str, Array]) -> float:
    """Length of all gradients as one vector: the root of the sum of all their squares."""
    return float(
        np.sqrt(sum(float(np.square(g, dtype=np.float64).sum()) for g in gradients.values()))
    )


def clip_gradients(
    gradients: Mapping[str, Array], *, value: float | None = None, norm: float | None = None
) -> Parameters:
    """Clips gradients by value or by global norm; exactly one of the two is given.

        by value: g <- min(max(g, -value), value)         each number by itself; turns the vector
        by norm:  g <- g * min(1, norm / ||all g||)       all by one factor; keeps its direction

    Args:
        gradients: by name; they are left as they are.
        value: the largest magnitude of any number, above 0.
        norm: the largest length of all gradients as one vector, above 0.

    Raises:
        ValueError: when not exactly one limit is given, or it is not above 0.
    """
    if value is not None and norm is None and value > 0:
        return {name: np.clip(g, -value, value) for name, g in gradients.items()}
    if norm is not None and value is None and norm > 0:
        length = global_norm(gradients)
        factor = norm / length if length > norm else 1.0
        return {name: g * factor for name, g in gradients.items()}
    raise ValueError("give a value or a norm to clip to, above 0, not both")
