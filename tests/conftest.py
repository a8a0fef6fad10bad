"""What several tests share: tiny models with random weights, and the command line in process."""

import signal
import sys
from typing import NamedTuple

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.grammar import GrammarEncoding
from jazzgen.encoding.interval import IntervalEncoding
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes
from jazzgen.network.config import NetworkConfig
from jazzgen.network.model_folder import StoredModel, save_model_folder
from jazzgen.network.weights import weight_shapes

# Started in the background, a shell's children ignore Ctrl-C, and so would the commands tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def tiny_model(name, vocabulary, seed=1, **info):
    """A network of 8 + 6 units that has learned nothing; its solos are noise, but solos."""
    network = NetworkConfig(units=(8, 6), context=True)
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.normal(0, 0.4, shape).astype(np.float32)
        for name, shape in weight_shapes(network).items()
    }
    return StoredModel(name, network, vocabulary, weights, info)


def saved(folder, model):
    folder.mkdir()
    save_model_folder(folder, model)
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A model of the interval encoding."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return saved(folder, tiny_model("tiny", IntervalEncoding.vocabulary))


@pytest.fixture(scope="session")
def grammar_model_folder(tmp_path_factory):
    """A model of the grammar encoding."""
    rng = np.random.default_rng(3)
    onsets = np.cumsum(rng.choice([6, 8, 12, 24], 120))
    notes = Notes.of(
        (int(onset), 6, int(pitch))
        for onset, pitch in zip(onsets, 60 + rng.integers(0, 12, 120), strict=True)
    )
    bars = notes.end // 96 + 1
    changes = Changes.build([(0, parse_chord("Dm7"))], range(0, (bars + 1) * 96, 96))
    encoding = GrammarEncoding.from_pieces([Piece("p", "g", notes, changes)], min_rest=12)
    folder = tmp_path_factory.mktemp("models") / "tiny-grammar"
    return saved(folder, tiny_model("tiny-grammar", encoding.vocabulary, min_rest=12))


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def jazzgen_cli(capsys, monkeypatch):
    """Runs the command line as its entry point does, in this process."""
    from jazzgen.cli.main import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["jazzgen", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def refuses(jazzgen_cli):
    """Runs a command that must end with exactly one line `error: …`; returns that line."""

    def run(*arguments, code=1):
        done = jazzgen_cli(*arguments)
        assert done.code == code, done
        assert done.out == ""
        assert len(done.err.splitlines()) == 1, done.err
        assert done.err.startswith("error: ")
        return done.err.strip()

    return run
