"""What the ranking takes for usual: prints `jazzgen/evaluation/ranking_reference.py`'s constants.

    python -m benchmarks.ranking DATASET

DATASET is a dataset folder of the Weimar Jazz Database in the interval encoding; its training
solos are measured.
"""

import argparse

from jazzgen.encoding.dataset import Dataset
from jazzgen.evaluation.ranking import reference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    dataset = Dataset(parser.parse_args().dataset)
    pieces = dataset.solos(dataset.pieces("train").tolist())
    solos = [(piece.notes, piece.changes) for piece in pieces]
    for bars in (4, 8, 16, 32):
        print(f"    {bars}: {{")
        for name, quantiles in reference(solos, bars).items():
            print(f'        "{name}": {quantiles},')
        print("    },")


if __name__ == "__main__":
    main()
