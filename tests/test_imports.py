"""Who imports whom: folders import downwards only, and nobody loads TensorFlow by the way."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import jazzgen

PACKAGE = Path(jazzgen.__file__).parent

LAYERS = [
    *("music", "corpus", "encoding", "network", "generation", "rendering", "evaluation", "studio"),
    "cli",
]
"""From the lowest; a module imports from its own folder and from those before it."""

ROOT = {"errors", "files", "resources"}
"""Modules that everybody may import; they import nothing of jazzgen but each other."""

TOP = {"jazzgen", "jazzgen.__main__", "jazzgen.api"}
"""Modules that may import everything and that nobody imports."""

FILES = sorted(p for p in PACKAGE.rglob("*.py") if "_bundled" not in p.parts)


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree, module):
    """All modules that a syntax tree imports, wherever it does; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            # jazzgen.cli.main imports commands by name; jazzgen itself its public names
            assert module in ("jazzgen", "jazzgen.cli.main"), f"{module}: import_module"


def faults(module, source):
    """What is wrong with the imports of a module."""
    if module in TOP:
        return
    parts = module.split(".")
    for target, line in imports(ast.parse(source), module):
        to = target.split(".")
        if to[0] != "jazzgen" or target == "jazzgen.__version__":
            continue
        where = f"{module}:{line} imports {target}"
        if len(to) > 1 and to[1] in ROOT:
            continue
        if len(to) < 2 or to[1] not in LAYERS:
            # cli.main needs the package's version and name
            if module.startswith("jazzgen.cli.") and target == "jazzgen":
                continue
            yield f"{where}, which is not for folders"
        elif parts[1] not in LAYERS:
            yield f"{where}, but everybody imports {module}"
        elif LAYERS.index(to[1]) > LAYERS.index(parts[1]):
            yield f"{where}, upwards"


def test_every_folder_has_its_place():
    folders = {path.name for path in PACKAGE.iterdir() if any(path.glob("*.py"))}
    assert folders <= set(LAYERS)
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    assert modules <= ROOT | {"__init__", "__main__", "api"}


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_run_downwards(path):
    assert list(faults(module_name(path), path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("jazzgen.music.chords", "from jazzgen.corpus.piece import Piece"),
        ("jazzgen.encoding.base", "def f():\n    import jazzgen.network.engine"),
        ("jazzgen.network.engine", "from jazzgen import generation"),
        ("jazzgen.generation.improvise", "from jazzgen.cli import main"),
        ("jazzgen.errors", "from jazzgen.music.notes import Notes"),
        ("jazzgen.cli.train", "from jazzgen.api import train"),
        ("jazzgen.music.notes", "import jazzgen"),
    ],
)
def test_what_would_be_found(module, source):
    assert len(list(faults(module, source))) == 1


def test_only_the_network_folder_imports_tensorflow():
    users = set()
    for path in FILES:
        module = module_name(path)
        for target, _ in imports(ast.parse(path.read_text("utf-8")), module):
            if target.split(".")[0] in ("tensorflow", "keras"):
                users.add(module)
    assert users
    assert {module for module in users if not module.startswith("jazzgen.network.")} == set()


HEAVY = (
    *("tensorflow", "keras", "music21", "matplotlib", "symusic", "scipy", "pandas", "sklearn"),
    "jazzgen.evaluation",
)


def loaded(*arguments, code="from jazzgen.cli.main import main; main()", cwd=None):
    """Which heavy packages a fresh process has loaded after a command."""
    script = (
        "import json, sys\n"
        "try:\n"
        f"    exec({code!r})\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, stop.code\n"
        "finally:\n"
        f"    print(json.dumps([n for n in {HEAVY!r} if n in sys.modules]), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_package_itself_loads_nothing_heavy():
    assert loaded(code="import jazzgen") == set()


def test_the_probe_notices():
    assert "matplotlib" in loaded(code="import matplotlib")


def test_help_loads_nothing_heavy():
    assert loaded("--help") == set()


@pytest.mark.parametrize(
    "command", ["evaluate", "generate", "inspect", "preprocess", "score", "train"]
)
def test_help_of_a_command_loads_no_tensorflow(command):
    assert loaded(command, "--help") & {"tensorflow", "keras"} == set()


@pytest.mark.parametrize("changes", ["| Dm7 | G7 |", "blues-f", "song.mid"])
def test_generate_loads_nothing_heavy(model_folder, tmp_path, jazzgen_cli, changes):
    song = tmp_path / "song.mid"
    made = jazzgen_cli("generate", "--model", model_folder, "--bars", 2, "-o", song)
    assert made.code == 0
    arguments = ("--model", model_folder, "--changes", changes, "-o", "solo.mid")
    seen = loaded("generate", *arguments, cwd=tmp_path)
    heavy = {"tensorflow", "keras", "music21", "matplotlib", "sklearn", "jazzgen.evaluation"}
    assert seen & heavy == set()
    assert (tmp_path / "solo.mid").is_file()


def test_generating_from_python_loads_no_tensorflow(model_folder):
    code = (
        "import jazzgen\n"
        f"take = jazzgen.improvise('| C7 |', model={str(model_folder)!r}, seed=1)\n"
        "assert len(take.notes)\n"
        "jazzgen.Dataset, jazzgen.preprocess, jazzgen.train"
    )
    assert loaded(code=code) & {"tensorflow", "keras", "music21", "matplotlib"} == set()
