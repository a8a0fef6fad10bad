"""MIDI files to a dataset: against music21's parse, against MidiTok, and two processes to one.

jazzgen reads, finds melody and chords, encodes and writes the dataset, here without starting
Python; music21 parses only, MidiTok tokenises only. All are given the files' paths.
"""

import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from benchmarks.corpus import make_corpus
from benchmarks.measuring import MissingPeer, Result, in_turn, per_second
from jazzgen.corpus.midi_source import MidiSource, read_piece
from jazzgen.corpus.piece import Piece
from jazzgen.encoding import reading
from jazzgen.encoding.preprocess import preprocess
from jazzgen.music.midi_read import read_midi

_MUSIC21_FILES = 12


def run(*, quick: bool) -> Iterator[Result]:
    try:
        from miditok import REMI
    except ImportError as error:
        raise MissingPeer("miditok") from error
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus = folder / "corpus"
        make_corpus(corpus, 200 if quick else 3000)
        some = corpus / "000"  # the first thousand
        for path in corpus.rglob("*.mid"):  # leave what all three can read
            if not isinstance(read_piece(path, path.name), Piece):
                path.unlink()
        files = sorted(some.iterdir())
        notes = sum(_notes(path) for path in files)
        total = len(list(corpus.rglob("*.mid")))
        rounds = 2 if quick else 5

        def ours(part: Path, jobs: int = 1) -> float:
            """Seconds."""
            began = time.perf_counter()
            preprocess([MidiSource([part])], folder / "data", overwrite=True, jobs=jobs)
            return time.perf_counter() - began

        warnings.simplefilter("ignore")
        from music21 import converter

        few = files[:: len(files) // _MUSIC21_FILES][: 4 if quick else _MUSIC21_FILES]
        share = sum(map(_notes, few)) / notes * len(files)
        ours(some)  # whatever is made once

        yield in_turn(
            "MIDI files to a dataset, one core",
            "music21 parsing them",
            lambda: len(files) / ours(some),
            lambda: per_second(
                share, lambda: [converter.parse(path, forceSource=True) for path in few]
            ),
            unit="files/s",
            at_least=300,
            rounds=min(rounds, 3),
            note=f"{len(files)} files of {notes / len(files):,.0f} notes; music21 is given "
            f"{len(few)} of them, whose notes stand for as many of all",
        )
        tokenizer = REMI()
        yield in_turn(
            "MIDI files to a dataset, one core",
            "MidiTok REMI tokenising them",
            lambda: notes / ours(some),
            lambda: per_second(notes, lambda: [tokenizer(path) for path in files]),
            unit="notes/s",
            at_least=3,
            rounds=rounds,
            note="notes of all parts; melody and chords are found, context rows and JSON written",
        )
        reading._FEW = 0
        yield in_turn(
            "MIDI files to a dataset, two processes",
            "one process",
            lambda: total / ours(corpus, jobs=2),
            lambda: total / ours(corpus, jobs=1),
            unit="files/s",
            at_least=1.8,
            rounds=rounds,
            note=f"{total} files; starting the processes is counted",
        )


def _notes(path: Path) -> int:
    return sum(len(part.notes) for part in read_midi(path).parts)
