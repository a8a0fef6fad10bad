"""From the command to a MIDI file of 32 bars, in a process that has just begun."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Result, in_turn, process, python


def run(*, quick: bool) -> Iterator[Result]:
    rounds = 3 if quick else 9
    seeds = iter(range(10_000))
    with tempfile.TemporaryDirectory() as folder:

        def ours() -> float:
            seed = next(seeds)
            out = str(Path(folder) / f"{seed}.mid")
            options = ("--bars", "32", "--seed", str(seed), "--quiet", "--out", out)
            return process(python("-m", "jazzgen", "generate", *options)).seconds

        ours()
        result = in_turn(
            "`jazzgen generate --bars 32`, a cold process to the file, each time another solo",
            '`python -c "import tensorflow"`',
            ours,
            lambda: process(python("-c", "import tensorflow")).seconds,
            unit="s",
            at_least=4.0,
            rounds=rounds,
            less_is_better=True,
        )
        yield result
        yield Result(
            "`jazzgen generate --bars 32`, a cold process to the file",
            "0.6 s",
            "s",
            result.ours,
            0.6,
            0.6 / result.ours,
            1.0,
            rounds,
        )
