"""jazzgen improvises jazz solos over chord changes and writes them as MIDI."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jazzgen.api import Take, improvise, keras_network, preprocess, train
    from jazzgen.encoding.dataset import Dataset
    from jazzgen.encoding.manner import Manner
    from jazzgen.errors import JazzgenError
    from jazzgen.generation.controls import Controls
    from jazzgen.generation.sampling import Sampling
    from jazzgen.music.charts import Chart, parse_chart, read_chart
    from jazzgen.network.models import load_model

__version__ = "0.1.0"

_WHERE = {
    "Chart": "jazzgen.music.charts",
    "Controls": "jazzgen.generation.controls",
    "Dataset": "jazzgen.encoding.dataset",
    "JazzgenError": "jazzgen.errors",
    "Manner": "jazzgen.encoding.manner",
    "Sampling": "jazzgen.generation.sampling",
    "Take": "jazzgen.api",
    "improvise": "jazzgen.api",
    "keras_network": "jazzgen.api",
    "load_model": "jazzgen.network.models",
    "parse_chart": "jazzgen.music.charts",
    "preprocess": "jazzgen.api",
    "read_chart": "jazzgen.music.charts",
    "train": "jazzgen.api",
}

__all__ = [
    "Chart",
    "Controls",
    "Dataset",
    "JazzgenError",
    "Manner",
    "Sampling",
    "Take",
    "improvise",
    "keras_network",
    "load_model",
    "parse_chart",
    "preprocess",
    "read_chart",
    "train",
]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used, so that `import jazzgen` is quick."""
    if name not in _WHERE:
        raise AttributeError(f"module 'jazzgen' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
