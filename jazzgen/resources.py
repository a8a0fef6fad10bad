"""Where the charts and models that come with jazzgen lie on disk.

An installed wheel carries them inside the package, in `jazzgen/_bundled`; in a checkout (or an
editable install of one) they are the repository's own `data/charts` and `models`.
"""

from importlib.resources import files
from pathlib import Path


def bundled_charts() -> dict[str, Path]:
    """The bundled charts: name (`blues-f`) to text file, by name."""
    found = _folder("charts", "data/charts").glob("*.txt")
    return {path.stem: path for path in sorted(found)}


def bundled_models() -> dict[str, Path]:
    """The bundled models: name to model folder, by name."""
    found = _folder("models", "models").glob("*/config.json")
    return {path.parent.name: path.parent for path in sorted(found)}


def _folder(in_wheel: str, in_checkout: str) -> Path:
    """The folder of one kind of resource; it need not exist."""
    package = Path(str(files("jazzgen")))
    bundled = package / "_bundled" / in_wheel
    return bundled if bundled.is_dir() else package.parent / in_checkout
