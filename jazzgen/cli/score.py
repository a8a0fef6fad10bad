"""`jazzgen score`."""

import os

# One solo is a chain of small products: a second BLAS thread only gets in its way. Read when NumPy
# is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path
from typing import Any

import click
import numpy as np

from jazzgen.cli.output import Reporter, output_options
from jazzgen.cli.parameters import BEATS, PARTS
from jazzgen.corpus.midi_source import Beats, read_piece, understand
from jazzgen.corpus.piece import Piece, Skipped
from jazzgen.errors import MidiError
from jazzgen.evaluation.likelihood import BITS_PER_NAT
from jazzgen.evaluation.note_surprise import NO_PITCH, NoteSurprise, note_surprise
from jazzgen.evaluation.report_text import table
from jazzgen.evaluation.report_words import percent
from jazzgen.evaluation.surprise_picture import FORMATS, draw_surprise
from jazzgen.files import check_writable
from jazzgen.music.chords import pitch_class_name
from jazzgen.music.midi_read import read_midi
from jazzgen.network.models import DEFAULT_MODEL, load_model

_SHOWN = 10
_DIGITS = 4


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="A model that comes with jazzgen, or a model folder.",
)
@click.option("--melody", type=click.IntRange(min=0), help="Number of the part with the solo.")
@click.option("--chords", type=PARTS, help="Number(s) of the accompanying parts, as 0,1,6.")
@click.option("--beats", type=BEATS, help="Take only this excerpt, as 476-548.")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="Draw the solo by surprise here, as .png, .svg or .pdf.",
)
@output_options
def score(
    file: Path,
    model: str,
    melody: int | None,
    chords: tuple[int, ...] | None,
    beats: Beats | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show what a model makes of one solo, note by note.

    FILE is a MIDI file; its solo and chords are found as `jazzgen inspect` shows. Notes that the
    model did not expect cost many bits: the wrong ones of a beginner, the fresh ones of a master.

    \b
    Examples:
      jazzgen score solo.mid
      jazzgen score etude.mid --melody 0 --chords 1 -o etude.png
      jazzgen score solo.mid --model my-model --json
    """
    report_to = Reporter(as_json=as_json, quiet=quiet)
    if out:
        if out.suffix.lower() not in FORMATS:
            raise click.UsageError(f"{out}: a picture ends in {', '.join(FORMATS)}")
        check_writable(out)
    stored = load_model(model)
    piece, first_bar = _read(file, melody, chords, beats)
    [found] = note_surprise(stored, [piece])
    for line in _lines(file, stored.name, found, first_bar):
        report_to.say(line)
    if out:
        nats = found.nats_per_note
        draw_surprise(
            found,
            out,
            title=f"{file.name}: {nats * BITS_PER_NAT:.2f} bits a note by {stored.name}",
            first_bar=first_bar,
        )
        report_to.say(f"picture -> {out}")
    report_to.result(_json(file, stored.name, found, first_bar))


def _read(
    file: Path, melody: int | None, chords: tuple[int, ...] | None, beats: Beats | None
) -> tuple[Piece, int]:
    """The solo from the bar of its first note on, and the number of that bar in the file."""
    if file.is_dir():
        raise MidiError(f"{file}: is a folder; `jazzgen evaluate` measures folders")
    song = read_midi(file)
    line = understand(song, melody=melody, chords=chords, beats=beats).line.notes
    piece = read_piece(file, file.name, melody=melody, chords=chords, beats=beats)
    if isinstance(piece, Skipped):
        raise MidiError(f"{file}: {piece.reason}")
    return piece, int(np.searchsorted(song.bar_lines, line.onset[0], side="right"))


def _lines(file: Path, model: str, found: NoteSurprise, first_bar: int) -> list[str]:
    notes = len(found.bar)
    nats, pitch, length = (x / notes for x in _nats(found))
    lines = [
        f"{file}: {notes} notes in {found.piece.changes.bars} bars, by model {model}",
        f"  {nats:.3f} nats a note = {nats * BITS_PER_NAT:.3f} bits: "
        f"pitch {pitch * BITS_PER_NAT:.3f}, rhythm {length * BITS_PER_NAT:.3f}",
        f"  right at the first guess: intervals {percent(float(found.pitch_hit.mean()))}, "
        f"lengths {percent(float(found.length_hit.mean()))}",
        "",
        "The notes it expected least",
    ]
    rows = [("bar", "beat", "note", "chord", "bits", "pitch", "rhythm", "expected")]
    for i in found.most_surprising(_SHOWN):
        rows.append(
            (
                str(int(found.bar[i]) + first_bar - 1),
                f"{found.beat[i]:.2f}".rstrip("0").rstrip("."),
                pitch_name(int(found.piece.notes.pitch[i])),
                _chord(found, i) or "-",
                f"{found.bits[i]:.1f}",
                f"{found.pitch_bits[i]:.1f}",
                f"{found.length_bits[i] + found.rest_bits[i]:.1f}",
                f"{_expected(found, i)} ({found.expected_share[i]:.0%})",
            )
        )
    return lines + table(rows, {0, 1, 4, 5, 6})


def _nats(found: NoteSurprise) -> tuple[float, float, float]:
    """All nats of the solo, and the shares of notes, rests and the end, and of lengths."""
    return found.nats_pitch + found.nats_length, found.nats_pitch, found.nats_length


def _chord(found: NoteSurprise, i: int) -> str:
    chord = found.piece.changes.at(int(found.piece.notes.onset[i]))
    return chord.symbol if chord.tones else ""


def _expected(found: NoteSurprise, i: int) -> str:
    pitch = int(found.expected[i])
    return "a rest or the end" if pitch == NO_PITCH else pitch_name(pitch)


def pitch_name(pitch: int) -> str:
    """Name of a MIDI pitch; 60 is C4."""
    return f"{pitch_class_name(pitch % 12)}{pitch // 12 - 1}"


def _json(file: Path, model: str, found: NoteSurprise, first_bar: int) -> dict[str, Any]:
    """One object; the arrays have an entry for each note."""
    notes = found.piece.notes
    nats, pitch, length = (round(x / len(notes), 6) for x in _nats(found))
    return {
        "file": str(file),
        "model": model,
        "notes": len(notes),
        "bars": found.piece.changes.bars,
        "tempo_bpm": found.piece.tempo_bpm,
        "nats_per_note": nats,
        "nats_per_note_pitch": pitch,
        "nats_per_note_rhythm": length,
        "bits_per_note": round(found.nats_per_note * BITS_PER_NAT, 6),
        "event_top1": round(found.event_top1, 6),
        "interval_top1": round(float(found.pitch_hit.mean()), 6),
        "length_top1": round(float(found.length_hit.mean()), 6),
        "end_bits": round(found.end_bits, _DIGITS),
        "bar": (found.bar + first_bar - 1).tolist(),
        "beat": np.round(found.beat, _DIGITS).tolist(),
        "pitch": notes.pitch.tolist(),
        "chord": [_chord(found, i) or None for i in range(len(notes))],
        "bits": np.round(found.bits, _DIGITS).tolist(),
        "pitch_bits": np.round(found.pitch_bits, _DIGITS).tolist(),
        "length_bits": np.round(found.length_bits, _DIGITS).tolist(),
        "rest_bits": np.round(found.rest_bits, _DIGITS).tolist(),
        "expected_pitch": [None if p == NO_PITCH else p for p in found.expected.tolist()],
        "expected_share": np.round(found.expected_share, _DIGITS).tolist(),
        "remarks": list(found.piece.remarks),
    }
