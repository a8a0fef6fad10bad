"""A thousand solos of 32 bars from one command, to the last file on disk."""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Result, process, python


def run(*, quick: bool) -> Iterator[Result]:
    count, rounds = (200, 1) if quick else (1000, 3)
    speeds = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            options = ("--count", str(count), "--bars", "32", "--no-chords", "--quiet")
            where = ("--seed", str(number * count), "--out", folder)
            took = process(python("-m", "jazzgen", "generate", *options, *where)).seconds
            found = len(list(Path(folder).glob("*.mid")))
            if found != count:
                raise RuntimeError(f"{found} files, not {count}")
            speeds.append(count / took)
    speed = statistics.median(speeds)
    yield Result(
        f"{count} unaccompanied solos of 32 bars, from the command to the last file",
        "100 a second",
        "solos/s",
        speed,
        100.0,
        speed / 100,
        1.0,
        rounds,
    )
