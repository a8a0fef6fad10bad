"""Writes the golden file: `python tests/golden/make.py`.

What it holds must not change by accident: the meaning of every bundled chart, the values and the
context of one solo in both encodings, the bytes of one MIDI file. A change on purpose is made by
running this again and reading the difference.
"""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.grammar import GrammarEncoding
from jazzgen.encoding.interval import IntervalEncoding
from jazzgen.music.charts import read_chart
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes
from jazzgen.rendering.block_chords import block_chords
from jazzgen.resources import bundled_charts

GOLDEN = Path(__file__).with_name("golden.json")


def solo() -> Notes:
    """Eighths, triplets, sixteenths, a wide leap, a rest and a held note, over sixteen bars."""
    rng = np.random.Generator(np.random.PCG64(2026))
    lengths = rng.choice([6, 8, 12, 12, 12, 24, 36], size=150)
    steps = rng.choice([-7, -4, -3, -2, -1, 1, 2, 3, 4, 9, 30], size=150)
    onset, pitch, rows = 0, 64, []
    for i, (length, step) in enumerate(zip(lengths.tolist(), steps.tolist(), strict=True)):
        pitch = 50 + (pitch - 50 + step) % 36
        rows.append((onset, length, pitch))
        onset += length + (30 if i % 17 == 16 else 0)
    return Notes.of(rows)


def golden() -> dict[str, object]:
    """Everything, as it is now."""
    form = read_chart(bundled_charts()["blues-f"]).changes(bars=40)
    piece = Piece(key="solo", group="solo", notes=solo(), changes=form, tempo_bpm=140.0)
    made: dict[str, object] = {
        "charts": {
            name: [
                [int(start), chord.symbol, chord.root, chord.bass, chord.tones]
                for changes in [read_chart(path).changes()]
                for start, chord in zip(changes.starts, changes.chords, strict=True)
            ]
            for name, path in bundled_charts().items()
        }
    }
    for name, encoding in (
        ("interval", IntervalEncoding()),
        ("grammar", GrammarEncoding.from_pieces([piece])),
    ):
        encoded = encoding.encode(piece)
        rows = ContextMaker(form, piece.tempo_bpm).rows(
            encoded.ticks, encoded.reference, encoded.phase
        )
        symbols = encoding.vocabulary.symbols
        made[name] = {
            "values": [symbols[value] for value in encoded.values.tolist()],
            "ticks": encoded.ticks.tolist(),
            "context": rows[::10].tolist(),
            "vocabulary_sha256": encoding.vocabulary.sha256,
        }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "solo.mid"
        tracks = [Track("Solo", 66, 0, solo()), Track("Piano", 0, 1, block_chords(form))]
        write_midi(path, tracks, tempo_bpm=140.0, changes=form, recipe='{"seed":7}')
        made["midi_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return made


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden()) + "\n", encoding="utf-8")
