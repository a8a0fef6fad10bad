"""The engine of a model, its memory included."""

from jazzgen.network.engine import Engine, NumpyEngine
from jazzgen.network.memory import RememberingEngine
from jazzgen.network.model_folder import StoredModel


def engine_of(model: StoredModel, *, keras: bool = False) -> Engine:
    """What steps a model.

    Args:
        model: the trained network.
        keras: step the Keras inference model; imports TensorFlow.
    """
    engine: Engine
    if keras:
        from jazzgen.network.keras_engine import KerasEngine

        engine = KerasEngine(model.network, model.weights)
    else:
        engine = NumpyEngine(model.network, model.weights)
    return engine if model.memory is None else RememberingEngine(engine, model.memory)
