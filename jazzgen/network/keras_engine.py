"""The Keras inference model behind the same interface as `NumpyEngine`. Imports TensorFlow."""

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import ContextArray, FloatArray, features
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.config import NetworkConfig
from jazzgen.network.engine import State
from jazzgen.network.networks import SoloNetwork
from jazzgen.network.weights import Weights


class KerasEngine:
    """Steps through `SoloNetwork.step_model`: x `(1, 78)`, a, c to probabilities, a, c."""

    def __init__(self, network: NetworkConfig, weights: Weights) -> None:
        solo_network = SoloNetwork(network)
        solo_network.set_weights(weights)
        self._config = network
        self._model = solo_network.step_model()

    def start(self, rows: int = 1) -> State:
        """Zeros; see `Engine.start`."""
        return [np.zeros((rows, n), dtype=np.float32) for n in self._config.units for _ in "ac"]

    def step(
        self, values: npt.NDArray[np.integer], context: ContextArray, state: State
    ) -> tuple[FloatArray, State]:
        """One step of the Keras model; see `Engine.step`."""
        rows = np.vstack((np.eye(N_VALUES, dtype=np.float32), np.zeros((1, N_VALUES), np.float32)))
        beside = [features(context)] if self._config.context else []
        probabilities, *after = self._model([rows[values], *beside, *state])
        return np.asarray(probabilities), [np.asarray(s) for s in after]
