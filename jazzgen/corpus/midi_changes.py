"""The changes that a user asks for: text, a chart, or the chords of a MIDI file."""

from pathlib import Path

from jazzgen.corpus.midi_source import SUFFIXES, understand
from jazzgen.errors import ChartError
from jazzgen.music.changes import Changes
from jazzgen.music.charts import chart_from
from jazzgen.music.midi_read import read_midi


def changes_from(argument: str) -> tuple[Changes, float]:
    """The changes, once through the form, and their tempo in beats a minute.

    Args:
        argument: a MIDI file, or anything that `jazzgen.music.charts.chart_from` takes: bars such
            as `| Dm7 | G7 |`, a chart file, the name of a bundled chart.

    Raises:
        ChartError: when it is none of these, or cannot be read.
        MidiError: when the file is not readable MIDI.
    """
    path = Path(argument)
    if "|" not in argument and path.suffix.lower() in SUFFIXES:
        return read_midi_changes(path)
    chart = chart_from(argument)
    return chart.changes(), chart.tempo_bpm


def read_midi_changes(path: Path) -> tuple[Changes, float]:
    """Reads the changes of a whole MIDI file.

    Returns:
        The changes, and the tempo in beats a minute.

    Raises:
        MidiError: when the file is not readable MIDI.
        ChartError: when no chords can be found in it.
    """
    song = read_midi(path)
    rows = understand(song).chords
    if not rows:
        raise ChartError(f"{path}: neither chord symbols nor an accompaniment to take chords from")
    lines = song.bar_lines.tolist()
    rows = [(tick, chord) for tick, chord in rows if tick < lines[-1]]
    first = song.metres[0]
    metre = (first.numerator, first.denominator)
    return Changes.build(rows, lines, metre), song.tempo_bpm
