"""TensorFlow and Keras, imported without the page of log lines they greet with.

The lines (which processor, no GPU, XLA started) are written by C++ before Python can set a level,
and TF_CPP_MIN_LOG_LEVEL no longer reaches them. They come once in a process: at the import, and
when XLA compiles for the first time. Both happen here while stderr is put aside; should anything
fail, what was put aside is shown.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _stderr_aside() -> Iterator[None]:
    sys.stderr.flush()
    before = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(before, 2)
            aside.seek(0)
            os.write(2, aside.read())
            raise
        finally:
            os.dup2(before, 2)
            os.close(before)


with _stderr_aside():
    import keras
    import tensorflow as tf

    tf.function(lambda: tf.zeros(()), jit_compile=True)()

__all__ = ["keras", "tf"]
