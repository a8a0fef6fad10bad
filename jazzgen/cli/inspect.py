"""`jazzgen inspect`: what is in MIDI files, and what jazzgen would take from them."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from jazzgen.cli.output import Reporter, output_options
from jazzgen.cli.parameters import BEATS, PARTS
from jazzgen.corpus.midi_source import Beats, Understood, midi_files, understand
from jazzgen.errors import JazzgenError
from jazzgen.music.chords import pitch_class_name
from jazzgen.music.general_midi import program_name
from jazzgen.music.midi_read import MidiSong, read_midi

_SHOWN_BARS = 8


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--melody",
    type=click.IntRange(min=0),
    metavar="N",
    help="Take part N as the melody, whatever it looks like.",
)
@click.option(
    "--chords",
    type=PARTS,
    help="Listen to these parts for the chords (and ignore chord symbols in the file).",
)
@click.option(
    "--beats",
    type=BEATS,
    help="Take the melody from this excerpt, in quarter notes from the start; TO is not in it.",
)
@output_options
def inspect(
    files: tuple[str, ...],
    melody: int | None,
    chords: tuple[int, ...] | None,
    beats: Beats | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show what is in MIDI files and what jazzgen takes from them.

    Every part is listed with its number, instrument, range and how melodic it is (0 to 1); the
    part with the melody and those with the chords are chosen, with reasons. If a choice is not
    yours, try --melody and --chords here and give the same to `jazzgen preprocess`.

    \b
    Examples:
      jazzgen inspect song.mid
      jazzgen inspect song.mid --melody 5 --chords 0,1,6,7 --beats 476-548
      jazzgen inspect midi/ --json
    """
    reporter = Reporter(as_json=as_json, quiet=quiet)
    reports: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    for name in files:
        try:
            found = midi_files(Path(name))
        except JazzgenError as error:
            found = []
            errors.append(_failure(name, error, alone=len(files) == 1))
        for path in found:
            try:
                song = read_midi(path)
                seen = understand(song, melody=melody, chords=chords, beats=beats)
            except JazzgenError as error:
                alone = len(files) == 1 and len(found) == 1
                errors.append(_failure(str(path), error, alone=alone))
                continue
            reports.append(_report(path, song, seen))
            if not as_json:
                _show(reports[-1], reporter)
    reporter.result({"files": reports, "errors": errors})
    if errors:
        raise SystemExit(1)


def _failure(path: str, error: JazzgenError, *, alone: bool) -> dict[str, str]:
    """Says on stderr what is wrong with one file of several; with the only one, raises."""
    message = str(error)
    if not message.startswith(path):
        message = f"{path}: {message}"
    if alone:
        raise type(error)(message) from error
    click.echo(f"error: {message}", err=True)
    return {"file": path, "reason": message.removeprefix(f"{path}: ")}


def _report(path: Path, song: MidiSong, seen: Understood) -> dict[str, Any]:
    """Everything about a file, in the form in which `--json` prints it."""
    parts = []
    for part, measured in zip(song.parts, seen.measured, strict=True):
        role = "drums" if part.is_drums else ""
        if seen.chords_from != "symbols" and part.index in seen.accompaniment.indexes:
            role = "chords"
        if part.index == seen.melody.index:
            role = "melody, chords" if role else "melody"
        parts.append(
            {
                "part": part.index,
                "name": part.name,
                "program": part.program,
                "instrument": program_name(part.program, is_drums=part.is_drums),
                "notes": len(part.notes),
                "lowest": measured.lowest,
                "highest": measured.highest,
                "polyphony": measured.polyphony,
                "melodic": measured.score,
                "role": role,
            }
        )
    listened = seen.chords_from != "symbols"
    return {
        "file": str(path),
        "type": song.format,
        "bars": len(song.bar_lines) - 1,
        "metres": list(dict.fromkeys(map(str, song.metres))),
        "tempo_bpm": song.tempo_bpm,
        "tempo_changes": len(song.tempi) - 1,
        "keys": list(dict.fromkeys(map(str, song.keys))),
        "parts": parts,
        "melody": {
            "part": seen.melody.index,
            "why": seen.melody.why,
            "notes": len(seen.line.notes),
            "merged": seen.line.merged,
        },
        "chords": {
            "from": seen.chords_from,
            "parts": list(seen.accompaniment.indexes) if listened else [],
            "why": seen.accompaniment.why if listened else "the file has chord symbols",
            "changes": len(seen.chords),
            "first_bars": _first_bars(song, seen),
        },
    }


def _first_bars(song: MidiSong, seen: Understood) -> list[str]:
    """The chords of the first bars that have any, `%` for one like the bar before."""
    if not seen.chords:
        return []
    sounding = next((tick for tick, chord in seen.chords if chord.root >= 0), 0)
    bars: list[str] = []
    now = "N.C."
    for start, end in pairwise(song.bar_lines.tolist()):
        inside = [(tick, chord.symbol) for tick, chord in seen.chords if start <= tick < end]
        text = " ".join(symbol for _, symbol in inside)
        if inside and inside[0][0] > start:
            text = f"{now} {text}"
        now = inside[-1][1] if inside else now
        if end > sounding:
            bars.append(text or ("%" if bars else now))
        if len(bars) == _SHOWN_BARS:
            break
    return bars


def _show(report: dict[str, Any], reporter: Reporter) -> None:
    about = [
        f"type {report['type']}",
        f"{report['bars']} bars of {', '.join(report['metres'])}",
        f"{report['tempo_bpm']:g} bpm" + (" (changing)" if report["tempo_changes"] else ""),
        *report["keys"][:1],
    ]
    reporter.say(click.style(report["file"], bold=True) + ": " + ", ".join(about))
    rows = [("part", "name", "instrument", "notes", "range", "at a time", "melodic", "role")]
    for part in report["parts"]:
        drums = part["instrument"] == "Drums"
        reach = f"{_pitch(part['lowest'])}-{_pitch(part['highest'])}"
        rows.append(
            (
                str(part["part"]),
                _short(part["name"]),
                part["instrument"],
                str(part["notes"]),
                "" if drums else reach,
                f"{part['polyphony']:.1f}",
                "" if drums else f"{part['melodic']:.2f}",
                part["role"] or "-",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = {0, 3, 5, 6}
    for number, row in enumerate(rows):
        cells = (
            cell.rjust(width) if place in numeric else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        text = "  " + "  ".join(cells).rstrip()
        highlighted = "melody" in row[-1]
        reporter.say(click.style(text, bold=number == 0, fg="green" if highlighted else None))
    melody, chords = report["melody"], report["chords"]
    merged = f", {melody['merged']} under it left out" if melody["merged"] else ""
    reporter.say(
        f"  melody: part {melody['part']} ({melody['why']}), {melody['notes']} notes{merged}"
    )
    if chords["from"] == "none":
        reporter.say(f"  chords: none ({chords['why']})")
    else:
        where = f"heard in {_numbers(chords['parts'])}" if chords["parts"] else "written"
        reporter.say(f"  chords: {where} ({chords['why']})")
        reporter.say(f"          | {' | '.join(chords['first_bars'])} |")
    reporter.say("")


def _pitch(pitch: int) -> str:
    """Name of a MIDI pitch; 60 is C4."""
    return f"{pitch_class_name(pitch % 12)}{pitch // 12 - 1}"


def _short(name: str) -> str:
    name = " ".join(sign for sign in name.split() if sign.isprintable())
    return name if len(name) <= 24 else name[:23] + "…"


def _numbers(numbers: list[int]) -> str:
    return f"part{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
