"""The errors jazzgen raises on purpose.

Every one of them means that something outside the program has to change: an input file, an
option, a path. The command line prints its message as one line and exits with status 1; library
users catch `JazzgenError`. A bug raises something else and shows its traceback.
"""


class JazzgenError(Exception):
    """Base of all errors that a user can mend; the message says what, where and how."""


class ChordError(JazzgenError):
    """A chord symbol that cannot be read."""


class ChartError(JazzgenError):
    """Changes that cannot be read: which bar, which text."""


class MidiError(JazzgenError):
    """A file that is not MIDI, is truncated, or lacks what was asked for."""


class CorpusError(JazzgenError):
    """A corpus that cannot be read or yields nothing."""


class DatasetError(JazzgenError):
    """A dataset folder that is missing, foreign or damaged."""


class ModelError(JazzgenError):
    """A model folder that is missing, foreign or damaged."""


class EvaluationError(JazzgenError):
    """Solos that cannot be judged: too few, or too short."""


class ProcessError(JazzgenError):
    """A process that was started to help and is gone, as when memory runs out."""


class OutputError(JazzgenError):
    """A path that cannot be written."""
