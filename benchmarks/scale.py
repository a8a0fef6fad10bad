"""A hundred thousand MIDI files to a dataset: memory against a thousand, and a kill on the way."""

import filecmp
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.corpus import make_corpus
from benchmarks.measuring import Process, Result, peak_mib, python


def run(*, quick: bool) -> Iterator[Result]:
    few, many = (600, 3_000) if quick else (1_000, 100_000)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_corpus(folder / "few", few)
        make_corpus(folder / "many", many)
        small = _preprocess(folder / "few", folder / "small")
        large = _preprocess(folder / "many", folder / "large")
        size = sum(path.stat().st_size for path in (folder / "large").iterdir())
        said = _killed(folder / "many", folder / "again", after_s=large.seconds / 2)
        same = _same(folder / "again", folder / "large")
    yield Result(
        f"memory while {many:,} MIDI files become a dataset",
        f"{few:,} files",
        "MiB, all processes",
        large.peak_mib,
        small.peak_mib,
        small.peak_mib / large.peak_mib,
        1 / 1.2,
        1,
        f"{many / large.seconds:,.0f} files/s, {size / 2**20:,.0f} MiB written; killed half-way "
        f"(SIGKILL), the same command {said} and ends in "
        f"{'the same bytes' if same else 'OTHER BYTES'}",
    )


def _command(corpus: Path, out: Path) -> list[str]:
    return python("-m", "jazzgen", "preprocess", str(corpus), "--out", str(out))


def _preprocess(corpus: Path, out: Path) -> Process:
    return peak_mib([*_command(corpus, out), "--quiet"])


def _killed(corpus: Path, out: Path, *, after_s: float) -> str:
    """Kills a run and lets another go on; returns what that one says of it."""
    first = subprocess.Popen([*_command(corpus, out), "--quiet"])
    time.sleep(after_s)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    done = subprocess.run(_command(corpus, out), capture_output=True, text=True, check=True)
    found = re.search(r"goes on from .*", done.stderr)
    return found[0] if found else "starts anew"


def _same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files."""
    names = sorted(path.name for path in one.iterdir())
    if names != sorted(path.name for path in other.iterdir()):
        return False
    return filecmp.cmpfiles(one, other, names, shallow=False)[0] == names
