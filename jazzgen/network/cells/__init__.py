"""Recurrent cells step by step, in NumPy: to read, and to check Keras's layers against.

`run` takes any of them over a sequence, `backward` goes back through time. Nothing here loads
TensorFlow.
"""

from jazzgen.network.cells.base import Cell, Gradients, Parameters, State, backward, run
from jazzgen.network.cells.clipping import clip_gradients, global_norm
from jazzgen.network.cells.gru import GRUCell, SimplifiedGRUCell
from jazzgen.network.cells.lstm import LSTMCell
from jazzgen.network.cells.rnn import RNNCell
from jazzgen.network.cells.softmax import SoftmaxLayer

__all__ = [
    "Cell",
    "GRUCell",
    "Gradients",
    "LSTMCell",
    "Parameters",
    "RNNCell",
    "SimplifiedGRUCell",
    "SoftmaxLayer",
    "State",
    "backward",
    "clip_gradients",
    "global_norm",
    "run",
]
