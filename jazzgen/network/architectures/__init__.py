"""Deep, bidirectional and encoder-decoder networks, of stock Keras layers. Imports TensorFlow.

All of them read values as integers `(B, T)`: 0 to 77 a value, -1 padding (at the end of a row,
skipped by the cells and by the loss), 78 a value that is hidden or not there (`options.hidden`).
"""

from jazzgen.network.architectures.bidirectional import bidirectional_network, hide_values
from jazzgen.network.architectures.deep import deep_engine, deep_network
from jazzgen.network.architectures.encoder_decoder import (
    EncoderDecoder,
    encoder_decoder_network,
    teacher_forcing,
)
from jazzgen.network.architectures.layers import PADDING, ArchitectureOptions, pad
from jazzgen.network.architectures.step_engine import StepEngine

__all__ = [
    "PADDING",
    "ArchitectureOptions",
    "EncoderDecoder",
    "StepEngine",
    "bidirectional_network",
    "deep_engine",
    "deep_network",
    "encoder_decoder_network",
    "hide_values",
    "pad",
    "teacher_forcing",
]
