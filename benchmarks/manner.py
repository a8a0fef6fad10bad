"""Whether style, instrument and feel change what is played in the direction of their data.

    python -m benchmarks.manner DATASET [MODEL]

For every style, instrument and feel with at least five solos in a dataset, the model plays over the
changes of the same validation solos, asked for nothing but that. Each measure of what comes out is
set beside its mean in the training solos of that manner; the correlation over all manners of a kind
says whether the model goes where its data lie. Tunes and tempi differ between manners in the data,
but not in what is played, so that it can only follow as far as the manner itself goes.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from collections.abc import Sequence

import numpy as np

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.manner import FEELS, INSTRUMENTS, STYLES, Manner
from jazzgen.evaluation.metrics import Solo, summary
from jazzgen.generation.improvise import improvise
from jazzgen.network.engines import engine_of
from jazzgen.network.models import load_model

TUNES, BARS, FEWEST = 14, 24, 5
MEASURES = (
    *("mean pitch", "notes a bar", "notes a second", "pitch range"),
    *("h1", "chord_coherence", "scale_coherence", "gs"),
)


def measures(solos: Sequence[Solo], tempi: Sequence[float]) -> list[float]:
    """Means over solos, in the order of `MEASURES`."""
    means = summary(solos)
    notes = np.array([len(notes) for notes, _ in solos])
    bars = np.array([changes.bars for _, changes in solos])
    beats = np.array([changes.end / 24 for _, changes in solos])
    own = {
        "mean pitch": float(np.mean([n.pitch.mean() for n, _ in solos if len(n)])),
        "notes a bar": float((notes / bars).mean()),
        "notes a second": float((notes * np.array(tempi) / 60 / beats).mean()),
        "pitch range": means["pitch_range"],
    }
    return [own.get(name, means.get(name, np.nan)) for name in MEASURES]


def cut(piece: Piece) -> Solo:
    """Its first bars."""
    changes = piece.changes.cut(BARS)
    return piece.notes[piece.notes.onset < changes.end], changes


def main() -> None:
    """Prints a table for each kind of manner."""
    dataset, model = Dataset(sys.argv[1]), load_model((sys.argv[2:] or ["standard"])[0])
    players = list(dataset.solos(dataset.pieces("train").tolist()))
    tunes = list(dataset.solos(dataset.pieces("validation").tolist()[:: 43 // TUNES]))[:TUNES]
    engine = engine_of(model)
    for kind, names in (("style", STYLES), ("instrument", INSTRUMENTS), ("feel", FEELS)):
        rows = []
        for name in names:
            theirs = [p for p in players if getattr(Manner.of(p.about), kind) == name]
            if len(theirs) < FEWEST:
                continue
            manner = Manner(**{kind: name})
            made = [
                improvise(
                    model,
                    tune.changes.cut(BARS),
                    tempo_bpm=tune.tempo_bpm,
                    seed=k,
                    manner=manner,
                    engine=engine,
                )
                for k, tune in enumerate(tunes)
            ]
            real = measures([cut(p) for p in theirs], [p.tempo_bpm for p in theirs])
            played = measures([(s.notes, s.changes) for s in made], [t.tempo_bpm for t in tunes])
            rows.append((name, len(theirs), real, played))
        print(f"\n{kind} (players / model)")
        print("| | solos | " + " | ".join(MEASURES) + " |")
        print("|---" * (2 + len(MEASURES)) + "|")
        for name, count, real, played in rows:
            cells = (f"{a:.3g} / {b:.3g}" for a, b in zip(real, played, strict=True))
            print(f"| {name} | {count} | " + " | ".join(cells) + " |")
        table = np.array([[real, played] for *_, real, played in rows])
        follows = (
            f"{np.corrcoef(table[:, 0, m], table[:, 1, m])[0, 1]:+.2f}"
            for m in range(len(MEASURES))
        )
        print("| correlation | | " + " | ".join(follows) + " |", flush=True)


if __name__ == "__main__":
    main()
