import importlib.util
import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("golden_make", HERE / "make.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)


@pytest.mark.parametrize("what", ["charts", "interval", "grammar", "midi_sha256"])
def test_nothing_changed_by_accident(what):
    wanted = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(make.golden()))[what] == wanted[what]
