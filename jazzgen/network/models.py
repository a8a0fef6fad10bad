"""Finding a model by the name or folder that a user gives."""

from difflib import get_close_matches
from pathlib import Path

from jazzgen.errors import ModelError
from jazzgen.network.model_folder import StoredModel, load_model_folder
from jazzgen.resources import bundled_models

DEFAULT_MODEL = "standard"


def load_model(name: str = DEFAULT_MODEL) -> StoredModel:
    """Loads a model, without TensorFlow.

    Args:
        name: the folder of a model, or the name of one that comes with jazzgen.

    Raises:
        ModelError: when there is none, or it is damaged.
    """
    if Path(name).is_dir():
        return load_model_folder(name)
    bundled = bundled_models()
    if name in bundled:
        return load_model_folder(bundled[name])
    close = get_close_matches(name, bundled, n=2)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise ModelError(
        f"no model {name!r}: no such folder, and jazzgen comes with "
        f"{', '.join(bundled) or 'none'}{hint}"
    )
