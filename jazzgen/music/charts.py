"""Charts: changes with their form, metre, tempo and feel, as the user writes them.

A chart is a text: header lines, then bars (`jazzgen.music.chart_text` says how bars are written).

    # lines that begin with # are comments
    title: A blues
    key: F
    time: 4/4
    tempo: 140
    feel: swing
    | F7 | Bb7 | F7 | Cm7 F7 |
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from jazzgen.errors import ChartError
from jazzgen.music.changes import Changes
from jazzgen.music.chart_text import Bar, read_bars, write_bars
from jazzgen.music.chords import pitch_class, pitch_class_name
from jazzgen.music.ticks import TICKS_PER_BEAT
from jazzgen.resources import bundled_charts

DEFAULT_TEMPO_BPM: Final = 120.0
DEFAULT_FEEL: Final = "swing"
MIN_TEMPO_BPM: Final = 20.0
MAX_TEMPO_BPM: Final = 500.0

_HEADERS: Final = ("title", "key", "time", "tempo", "feel")
_HEADER: Final = re.compile(r"(?P<name>[A-Za-z]+)\s*:(?!\|)(?P<value>.*)")
_TIME: Final = re.compile(r"([1-9]\d?)\s*/\s*(2|4|8|16)")
_MAX_COUNTS: Final = 32
_KEY: Final = re.compile(
    r"(?P<tonic>[A-G][b#]?)(?P<mode>-|m|\s*(?:min|minor|maj|major)"
    r"|\s*(?:ionian|dorian|phrygian|lydian|mixolydian|aeolian|locrian|blues))?"
)
_MINOR_MODES: Final = frozenset({"-", "m", "min", "minor", "dorian", "phrygian", "aeolian"})
# Tonics of the keys that are written with sharps; all others are written with flats.
_SHARP_MAJOR: Final = frozenset(map(pitch_class, ("G", "D", "A", "E", "B")))
_SHARP_MINOR: Final = frozenset(map(pitch_class, ("E", "B", "F#", "C#", "G#")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chorus of changes, with all repeats played out.

    Attributes:
        title: one line; may be empty.
        key: a tonic and at most a mode, such as `Bb`, `Dm` or `D dorian`; empty for none.
        time: counts in a bar (1-32) and the note value of a count (2, 4, 8 or 16): (6, 8) is a
            bar of 72 ticks.
        tempo_bpm: beats (quarter notes, whatever the metre) a minute, 20-500.
        feel: a word for the band, such as `swing`, `bossa` or `ballad`.
        bars: the bars in the order in which they are played, at least one; of each the chords
            with the tick in the bar at which they begin, on counts, the first at 0.

    Raises:
        ValueError: an attribute is not as said here.
    """

    bars: tuple[Bar, ...]
    title: str = ""
    key: str = ""
    time: tuple[int, int] = (4, 4)
    tempo_bpm: float = DEFAULT_TEMPO_BPM
    feel: str = DEFAULT_FEEL

    def __post_init__(self) -> None:
        counts, unit = self.time
        if not 1 <= counts <= _MAX_COUNTS or unit not in (2, 4, 8, 16):
            raise ValueError(f"time is {self.time}")
        if not MIN_TEMPO_BPM <= self.tempo_bpm <= MAX_TEMPO_BPM:
            raise ValueError(f"tempo_bpm is {self.tempo_bpm}")
        if self.key and not _KEY.fullmatch(self.key):
            raise ValueError(f"key is {self.key!r}")
        if not self.feel or any(
            text != text.strip() or len(text.splitlines()) > 1 for text in (self.title, self.feel)
        ):
            raise ValueError(f"title is {self.title!r}, feel is {self.feel!r}")
        if not self.bars:
            raise ValueError("a chart has at least one bar")
        for bar in self.bars:
            ticks = [tick for tick, _ in bar]
            on_counts = all(tick % self.ticks_per_count == 0 for tick in ticks)
            if ticks[:1] != [0] or ticks != sorted(set(ticks)) or not on_counts:
                raise ValueError(f"the chords of a bar begin at {ticks}")
            if ticks[-1] >= self.ticks_per_bar:
                raise ValueError(f"the chords of a bar begin at {ticks}")

    @property
    def ticks_per_count(self) -> int:
        """Ticks in a count: 24 in 4/4, 12 in 6/8."""
        return 4 * TICKS_PER_BEAT // self.time[1]

    @property
    def ticks_per_bar(self) -> int:
        """Ticks in a bar: 96 in 4/4, 72 in 3/4 and 6/8."""
        return self.time[0] * self.ticks_per_count

    def changes(self, *, bars: int | None = None, choruses: int | None = None) -> Changes:
        """Lays the chart out in time, from tick 0.

        Args:
            bars: exactly so many bars, at least 1: the form is cut or begun again.
            choruses: so many times the whole form, at least 1; 1 when neither is given.

        Raises:
            ValueError: both are given, or less than 1.
        """
        chords = [
            (number * self.ticks_per_bar + tick, chord)
            for number, bar in enumerate(self.bars)
            for tick, chord in bar
        ]
        lines = range(0, (len(self.bars) + 1) * self.ticks_per_bar, self.ticks_per_bar)
        return Changes.build(chords, lines, self.time).repeated(bars=bars, choruses=choruses)

    def transposed(self, semitones: int) -> "Chart":
        """The chart `semitones` higher (lower when negative), spelled as its new key asks."""
        if semitones % 12 == 0:
            return self
        key, sharps = _transposed_key(self.key, semitones)
        bars = tuple(
            tuple((tick, chord.transposed(semitones, sharps=sharps)) for tick, chord in bar)
            for bar in self.bars
        )
        return replace(self, key=key, bars=bars)

    def to_text(self) -> str:
        """The chart as text, repeats played out; `parse_chart` reads the same chart from it."""
        lines = [f"title: {self.title}"] if self.title else []
        lines += [f"key: {self.key}"] if self.key else []
        tempo = repr(float(self.tempo_bpm)).removesuffix(".0")
        lines += [f"time: {self.time[0]}/{self.time[1]}", f"tempo: {tempo}", f"feel: {self.feel}"]
        bars = write_bars(self.bars, counts=self.time[0], ticks_per_count=self.ticks_per_count)
        return "\n".join(lines) + "\n\n" + bars


def parse_chart(text: str, *, source: str = "changes") -> Chart:
    """Reads a chart from text.

    Args:
        text: header lines (`title:`, `key:`, `time:`, `tempo:`, `feel:`, all optional), then
            bars between `|`. Empty lines and lines that begin with `#` are skipped.
        source: what messages call the text, such as its file's name.

    Raises:
        ChartError: the text cannot be read; the message names the bar or the header, what stands
            there and what could.
    """
    headers: dict[str, str] = {}
    lines: list[str] = []
    for line in map(str.strip, text.removeprefix("\ufeff").splitlines()):
        if not line or line.startswith("#"):
            continue
        if not (header := _HEADER.fullmatch(line)):
            lines.append(line)
            continue
        name = header["name"].casefold()
        if name not in _HEADERS or lines:
            problem = "stands behind the first bar" if name in _HEADERS else "is not known"
            raise ChartError(
                f"{source}: header {line!r} {problem}; {', '.join(_HEADERS)} may come before "
                "the bars"
            )
        headers[name] = header["value"].strip()
    time = _read_time(headers, source)
    ticks_per_count = 4 * TICKS_PER_BEAT // time[1]
    return Chart(
        bars=read_bars(lines, counts=time[0], ticks_per_count=ticks_per_count, source=source),
        title=headers.get("title", ""),
        key=_read_key(headers, source),
        time=time,
        tempo_bpm=_read_tempo_bpm(headers, source),
        feel=headers.get("feel") or DEFAULT_FEEL,
    )


def read_chart(path: Path | str) -> Chart:
    """Reads a chart from a text file in UTF-8.

    Raises:
        ChartError: the file cannot be opened or read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ChartError(f"cannot open chart {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ChartError(f"{path} is no chart: it is not UTF-8 text") from error
    if text.lstrip("\ufeff \n\r\t").startswith("<"):
        raise ChartError(
            f"{path} is no chart but XML or HTML; charts are text such as | Dm7 | G7 |"
        )
    return parse_chart(text, source=str(path))


def chart_from(argument: str) -> Chart:
    """The chart that a user asks for, as given to `--changes`.

    Args:
        argument: the changes themselves (anything with a `|` in it), or a text file, or the name
            of a bundled chart such as `blues-f`.

    Raises:
        ChartError: there is no such file or bundled chart, or it cannot be read.
    """
    if "|" in argument:
        return parse_chart(argument)
    if _is_file(argument):
        return read_chart(argument)
    if _is_folder(argument):
        raise ChartError(f"{argument} is a folder; name a chart file in it")
    bundled = bundled_charts()
    if argument in bundled:
        return read_chart(bundled[argument])
    close = get_close_matches(argument, bundled, n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise ChartError(
        f"no chart {argument!r}: {hint}give bars such as '| Dm7 G7 | Cmaj7 |', a text file, or a "
        f"bundled chart: {', '.join(bundled)}"
    )


def _is_folder(argument: str) -> bool:
    try:
        return bool(argument) and Path(argument).is_dir()
    except (OSError, ValueError):
        return False


def _is_file(argument: str) -> bool:
    """Whether there is a file of this name; what cannot be a name (too long, a NUL) is none."""
    try:
        return Path(argument).is_file()
    except (OSError, ValueError):
        return False


def _read_time(headers: Mapping[str, str], source: str) -> tuple[int, int]:
    """The metre; 4/4 when none is given."""
    text = headers.get("time") or "4/4"
    found = _TIME.fullmatch(text)
    if found is None or int(found[1]) > _MAX_COUNTS:
        raise ChartError(f"{source}: time {text!r} is no metre; write it like 4/4, 3/4 or 6/8")
    return int(found[1]), int(found[2])


def _read_tempo_bpm(headers: Mapping[str, str], source: str) -> float:
    """The tempo in quarter notes a minute."""
    text = headers.get("tempo") or str(DEFAULT_TEMPO_BPM)
    try:
        tempo_bpm = float(text)
    except ValueError:
        tempo_bpm = 0.0
    if not MIN_TEMPO_BPM <= tempo_bpm <= MAX_TEMPO_BPM:
        raise ChartError(
            f"{source}: tempo {text!r} is no number of beats a minute from {MIN_TEMPO_BPM:g} to "
            f"{MAX_TEMPO_BPM:g}"
        )
    return tempo_bpm


def _read_key(headers: Mapping[str, str], source: str) -> str:
    """The key as written, empty when none is given."""
    text = headers.get("key", "").replace("♭", "b").replace("♯", "#")
    if text and not _KEY.fullmatch(text):
        raise ChartError(f"{source}: key {text!r} is no key; write it like Bb, Dm or D dorian")
    return text


def _transposed_key(key: str, semitones: int) -> tuple[str, bool]:
    """The key `semitones` higher, and whether it is written with sharps."""
    parts = _KEY.fullmatch(key)
    if parts is None:
        return key, False
    tonic = (pitch_class(parts["tonic"]) + semitones) % 12
    minor = (parts["mode"] or "").strip() in _MINOR_MODES
    sharps = tonic in (_SHARP_MINOR if minor else _SHARP_MAJOR)
    return pitch_class_name(tonic, sharps=sharps) + (parts["mode"] or ""), sharps
