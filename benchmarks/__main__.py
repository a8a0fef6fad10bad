"""Everything that is measured about speed and memory, each beside its peer.

    python -m benchmarks [SUITE ...] [--quick] [--json FILE]

Without names all suites run, about half an hour on two cores; `--quick` takes fewer rounds and
smaller work, enough to see that everything runs. Needs the dependency group `benchmarks`
(`pip install --group benchmarks`); suites whose peer is missing say so and are left out. Keep the
machine otherwise idle.
"""

import argparse
import importlib
from pathlib import Path
from typing import Final

from benchmarks.measuring import MissingPeer, Result, machine, table, write_json

SUITES: Final = {
    "generating": "one stream and many, value by value, against Keras and PyTorch",
    "cold_start": "from an empty process to a MIDI file, against importing TensorFlow",
    "many_solos": "a thousand solos from one command",
    "preprocessing": "MIDI files to a dataset, against music21 and MidiTok, and on two cores",
    "training": "training steps against Keras and PyTorch",
    "course": "the course network against its unrolled graph",
    "scale": "peak memory with a hundred times as many files",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:14} {words}" for name, words in SUITES.items()),
    )
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="names, see below; all")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller work")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")
    arguments = parser.parse_args()
    if unknown := set(arguments.suites) - SUITES.keys():
        parser.error(f"no such suite: {', '.join(sorted(unknown))} ({', '.join(SUITES)})")
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}")
    results: list[Result] = []
    for name in arguments.suites or SUITES:
        print(f"\n== {name}: {SUITES[name]}", flush=True)
        suite = importlib.import_module(f"benchmarks.{name}")
        try:
            for result in suite.run(quick=arguments.quick):
                results.append(result)
                print(table([result]), flush=True)
                if arguments.json:
                    write_json(arguments.json, results)
        except MissingPeer as missing:
            print(f"  left out: {missing} is not installed")


if __name__ == "__main__":
    main()
