"""deepjazz's network, trained on the same solos and measured in the same way.

    python -m benchmarks.deepjazz_network DATASET [--minutes 8] [--network FILE.keras]

DATASET is a dataset folder in the interval encoding. The network learns from its train pieces for
so many epochs or minutes, whichever end first; the epoch that expects the validation pieces best is
kept. Printed are the curve, nats per sounding note, and how what it plays over the changes of the
validation pieces compares with what was played there, at diversity 1 and deepjazz's 0.5.

As in deepjazz (lstm.py and generator.py of github.com/jisungk/deepjazz, 2016): two LSTM layers of
128, a dropout of 0.2 after each, a softmax of the value after a window of 20; windows every 3
values, batches of 128, RMSprop with the defaults of Keras 1; no state is carried from window to
window, nothing is heard of the chords.

Not as in deepjazz:

- One value is an interval, a rest or a length of a few hundred solos. There it is a token of the
  grammar (kind of note, length and range of the leap at once) of a single piece, so its window of
  20 reaches back 20 notes or rests where it reaches 10 here.
- Windows stay within a piece. Those of its first 20 values are filled from the left with `<END>`,
  the value that stands before every piece anyway, in training as well as after.
- The gates are smooth: Keras 1 drew the logistic function as three straight lines.
- It starts from an empty window, not from a piece of the corpus, and `improvise` sees to range and
  ending as for every network; nothing is pruned or cleaned afterwards.
"""

import argparse
import time
from pathlib import Path
from typing import Final

import numpy as np

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.interval import END, VOCABULARY
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.evaluation.comparison import compare_measures
from jazzgen.evaluation.copied_runs import copied_runs
from jazzgen.evaluation.judge import MAX_BARS, RealSolos, cut, tune_of
from jazzgen.evaluation.likelihood import likelihood
from jazzgen.evaluation.line import Line
from jazzgen.evaluation.originality import CorpusIndex
from jazzgen.evaluation.two_sample import two_sample
from jazzgen.generation.improvise import improvise
from jazzgen.generation.sampling import Sampling
from jazzgen.network.backend import keras, tf
from jazzgen.network.config import NetworkConfig
from jazzgen.network.engine import NumpyEngine
from jazzgen.network.model_folder import StoredModel

WINDOW: Final = 20
STEP: Final = 3
UNITS: Final = 128
BATCH: Final = 128
EPOCHS: Final = 128
DIVERSITIES: Final = (1.0, 0.5)

NETWORK: Final = NetworkConfig(units=(UNITS, UNITS), context=False, dropout=0.2)


def build():
    """The network: one-hot windows `(m, 20, 78)` in, probabilities `(m, 78)` out."""
    network = keras.Sequential(
        [
            keras.Input((WINDOW, N_VALUES)),
            keras.layers.LSTM(UNITS, return_sequences=True),
            keras.layers.Dropout(0.2),
            keras.layers.LSTM(UNITS),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(N_VALUES, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.RMSprop(learning_rate=0.001, rho=0.9, epsilon=1e-8)
    network.compile(optimizer, loss="sparse_categorical_crossentropy", jit_compile=False)
    return network


def windows(dataset, side, step):
    """Windows `(m, 20)` of all pieces of a side and the value after each, `(m,)`."""
    given, after = [], []
    for piece in dataset.pieces(side):
        values = dataset.sequence(piece)[0][1:]  # without the <END> before it
        filled = np.append(np.full(WINDOW, END, dtype=np.uint8), values)
        starts = np.arange(0, len(values), step)
        given.append(filled[starts[:, None] + np.arange(WINDOW)])
        after.append(filled[starts + WINDOW])
    return np.concatenate(given), np.concatenate(after)


def batches(given, after, *, size, shuffle):
    """One-hot windows and targets in batches of one size, so that XLA compiles once."""
    data = tf.data.Dataset.from_tensor_slices((given, after))
    if shuffle:
        data = data.shuffle(len(given), seed=0).batch(size, drop_remainder=True)
    else:
        data = data.batch(size)
    return data.map(lambda x, y: (tf.one_hot(x, N_VALUES), y)).prefetch(1)


def train(dataset, *, epochs, minutes, keep):
    """The trained network at its best epoch; prints the curve."""
    keras.utils.set_random_seed(0)
    network = build()
    given, after = windows(dataset, "train", STEP)
    learned = batches(given, after, size=BATCH, shuffle=True)
    unseen_given, unseen_after = windows(dataset, "validation", 1)
    unseen = batches(unseen_given, unseen_after, size=2048, shuffle=False)
    notes = int(dataset.notes[dataset.pieces("validation")].sum())
    print(f"{len(given):,} windows to learn from, {len(unseen_given):,} to measure", flush=True)
    best, weights, began = np.inf, network.get_weights(), time.process_time()
    for epoch in range(1, epochs + 1):
        loss = network.fit(learned, epochs=1, verbose=0, shuffle=False).history["loss"][0]
        nats = network.evaluate(unseen, verbose=0) * len(unseen_after) / notes
        spent = time.process_time() - began
        print(
            f"epoch {epoch:3}: {loss:.4f} nats a value learned from, "
            f"{nats:.4f} nats a note unseen, {spent:.0f} s",
            flush=True,
        )
        if nats < best:
            best, weights = nats, network.get_weights()
            if keep:
                network.save(keep)
        if spent * (epoch + 1) / epoch > 60 * minutes:
            break
    network.set_weights(weights)
    return network


class WindowEngine:
    """Steps the network: its state is the window, which it runs through anew for every value."""

    def __init__(self, network):
        names = [f"lstm_{i}.{part}" for i in (0, 1) for part in ("kernel", "recurrent", "bias")]
        names += ["densor.kernel", "densor.bias"]
        self.weights = dict(zip(names, network.get_weights(), strict=True))
        self._inner = NumpyEngine(NETWORK, self.weights)

    def start(self, rows=1):
        """Empty windows; see `Engine.start`."""
        return [np.full((rows, WINDOW), END, dtype=np.float32)]

    def step(self, values, context, state):
        """Takes one value into each window; see `Engine.step`."""
        window = np.append(state[0][:, 1:], np.reshape(values, (-1, 1)), axis=1)
        inner = self._inner.start(len(window))
        for column in window.T.astype(np.intp):
            probabilities, inner = self._inner.step(column, context, inner)
        return probabilities, [window.astype(np.float32)]


def play(engine, real, *, diversity):
    """A solo over the changes of each real one, with the seeds that `jazzgen evaluate` takes."""
    model = StoredModel("deepjazz", NETWORK, VOCABULARY, engine.weights, {})
    sampling = Sampling(temperature=diversity)
    pieces = []
    for seed, over in enumerate(real.pieces):
        changes = over.changes.cut(MAX_BARS)
        solo = improvise(model, changes, seed=seed, sampling=sampling, engine=engine)
        pieces.append(
            Piece(
                key=f"seed {seed}",
                group=over.group,
                notes=solo.notes,
                changes=solo.changes,
                tempo_bpm=over.tempo_bpm,
                about={"title": over.about.get("title", "") or over.key},
            )
        )
    return pieces


def compare(dataset, real, played):
    """Prints the measures of `jazzgen evaluate` of both sides, cut to as many bars."""
    cuts = [cut(piece, MAX_BARS) for piece in real.pieces]
    solos = [[(piece.notes, piece.changes) for piece in side] for side in (cuts, played)]
    for name, one in compare_measures(*solos, matches=np.arange(len(played))).items():
        print(f"  {name:18} {one.generated.value:7.3f}   players {one.real.value:7.3f}")
    tunes = [tune_of(piece) for piece in cuts]
    told = two_sample(*(list(zip(tunes, side, strict=True)) for side in solos))
    print(f"  two-sample AUC     {told.auc:7.3f} ({told.low:.3f}-{told.high:.3f})")
    copied = copied_runs(
        CorpusIndex.from_dataset(dataset, dataset.pieces("train")),
        Line.from_dataset(dataset, real.numbers),
        [Line.from_notes(piece.notes, piece.changes, key=piece.key) for piece in played],
    )
    print(
        f"  copied run, mean   {copied.generated.mean:7.2f}   players {copied.real.mean:7.2f}   "
        f"(excerpts of {copied.excerpt_notes} notes; the longest run of all: {copied.longest})",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument(
        "--minutes", type=float, default=8, help="of processor time to train; default 8"
    )
    parser.add_argument("--network", type=Path, help="kept here; measured again if it is there")
    arguments = parser.parse_args()
    dataset = Dataset(arguments.dataset)
    if arguments.network and arguments.network.exists():
        network = keras.saving.load_model(arguments.network, compile=False)
    else:
        network = train(
            dataset,
            epochs=arguments.epochs,
            minutes=arguments.minutes,
            keep=arguments.network,
        )

    engine = WindowEngine(network)
    real = RealSolos.of(dataset, Path(arguments.dataset).name, "validation")
    found = likelihood(engine, dataset, real.numbers)
    for name, estimate in found.estimates().items():
        print(
            f"{name:20} {estimate.value:.4f} ({estimate.low:.4f}-{estimate.high:.4f})", flush=True
        )
    for diversity in DIVERSITIES:
        pieces = play(engine, real, diversity=diversity)
        print(
            f"diversity {diversity:g}, {sum(len(piece.notes) for piece in pieces):,} notes:",
            flush=True,
        )
        compare(dataset, real, pieces)


if __name__ == "__main__":
    main()
