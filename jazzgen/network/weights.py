"""The weights of a network by name: the one naming that training, folders and engines share."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import N_FEATURES
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.config import NetworkConfig
from jazzgen.network.experts import N_SCORES

Weights = Mapping[str, npt.NDArray[np.float32]]
"""`lstm_0.kernel (inputs, 4n)`, `lstm_0.recurrent (n, 4n)`, `lstm_0.bias (4n,)`, …,
`densor.kernel (n, 78)`, `densor.bias (78,)`, with experts `experts.kernel (n, 35)`,
`experts.bias (35,)`; gates in the order input, forget, cell, output."""


def weight_shapes(network: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all weights of a network, in order."""
    shapes: dict[str, tuple[int, ...]] = {}
    inputs = N_VALUES + (N_FEATURES if network.context else 0)
    for i, n in enumerate(network.units):
        shapes[f"lstm_{i}.kernel"] = (inputs, 4 * n)
        shapes[f"lstm_{i}.recurrent"] = (n, 4 * n)
        shapes[f"lstm_{i}.bias"] = (4 * n,)
        inputs = n
    shapes["densor.kernel"] = (inputs, N_VALUES)
    shapes["densor.bias"] = (N_VALUES,)
    if network.experts:
        shapes["experts.kernel"] = (inputs, N_SCORES)
        shapes["experts.bias"] = (N_SCORES,)
    return shapes
