"""The bars of a chart as text: `| Dm7 / G7 / | Cmaj7 / / / | % |`.

Conventions:
    A count is one unit of the metre's lower number: a quarter note in 4/4 and 3/4, an eighth in
    6/8. A bar is a tuple of chords, each with the tick in the bar at which it begins; the first
    begins at tick 0. Bar numbers in messages count the bars as written, from 1.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from jazzgen.errors import ChartError, ChordError
from jazzgen.music.chords import Chord, parse_chord

Bar = tuple[tuple[int, Chord], ...]

_BARS_PER_LINE = 4
_BAR_LINE = re.compile(r"(?P<closes>:?)\|+\]?(?P<opens>:?)")
_ENDING = re.compile(r"\[?(\d(?:[.,]\d)*)[.,]?\]?")
# A chord in parentheses right behind another is an alternate; alone it is an optional chord.
# Extensions in parentheses, as in C7(b9), never begin with a capital letter.
_ALTERNATE = re.compile(r"(?P<chord>.+)\([A-G].*\)")
_OPTIONAL = re.compile(r"\((?P<chord>[^()]+)\)")


@dataclass(frozen=True, slots=True)
class _WrittenBar:
    """A bar as it stands on paper, before repeats are played out."""

    number: int
    text: str
    chords: tuple[tuple[int, Chord | None], ...] | None
    """None for `%`; a chord of None, only at the start, goes on with the chord before."""
    endings: frozenset[int]
    """The passes, from 1, in which this bar and those up to `:|` are played; empty for all."""
    opens: bool
    closes: bool = False


def read_bars(
    lines: Iterable[str], *, counts: int, ticks_per_count: int, source: str
) -> tuple[Bar, ...]:
    """Reads lines of bars and plays out their repeats and endings.

    Args:
        lines: text lines without header and comments; the end of a line is a bar line too.
        counts: counts in a bar.
        ticks_per_count: ticks in a count.
        source: what messages call the text.

    Raises:
        ChartError: a bar cannot be read, or a repeat does not work out.
    """
    written = _read_written(lines, counts, ticks_per_count, source)
    bars: list[Bar] = []
    for bar in _played(written, source):
        if bar.chords is None:
            if not bars:
                raise ChartError(f"{source}, bar {bar.number}: '%' has no bar before it to repeat")
            bars.append(bars[-1])
            continue
        before = bars[-1][-1][1] if bars else None
        chords = tuple((tick, before if chord is None else chord) for tick, chord in bar.chords)
        if chords[0][1] is None:
            raise ChartError(
                f"{source}, bar {bar.number}: '/' in {bar.text!r} has no chord before it to repeat"
            )
        bars.append(tuple((tick, chord) for tick, chord in chords if chord is not None))
    return tuple(bars)


def write_bars(bars: Sequence[Bar], *, counts: int, ticks_per_count: int) -> str:
    """Writes bars so that `read_bars` reads the same, four to a line."""
    cells = []
    for number, bar in enumerate(bars):
        repeated = number % _BARS_PER_LINE > 0 and bar == bars[number - 1]
        cells.append("%" if repeated else _write_bar(bar, counts, ticks_per_count))
    rows = (cells[at : at + _BARS_PER_LINE] for at in range(0, len(cells), _BARS_PER_LINE))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _write_bar(bar: Bar, counts: int, ticks_per_count: int) -> str:
    """One bar: chords alone where a player would share the bar so, else one token per count."""
    starts = [tick // ticks_per_count for tick, _ in bar]
    symbols = [chord.symbol for _, chord in bar]
    if starts == _shared(counts, len(bar)):
        return " ".join(symbols)
    tokens = ["/"] * counts
    for start, symbol in zip(starts, symbols, strict=True):
        tokens[start] = symbol
    return " ".join(tokens)


def _shared(counts: int, chords: int) -> list[int] | None:
    """The counts at which chords begin that share a bar with no slashes; None where unclear.

    Chords share evenly where they can. Else two of them take the longer and the shorter half of
    the bar, and three of them split the second half again: 2 + 1 in 3/4, 2 + 1 + 1 in 4/4.
    """
    if chords <= counts and counts % chords == 0:
        return list(range(0, counts, counts // chords))
    half = (counts + 1) // 2
    if chords == 2:
        return [0, half] if half < counts else None
    if chords == 3 and counts > half + 1:
        return [0, half, half + (counts - half + 1) // 2]
    return None


def _read_written(
    lines: Iterable[str], counts: int, ticks_per_count: int, source: str
) -> list[_WrittenBar]:
    """Reads the bars as they stand on paper."""
    bars: list[_WrittenBar] = []
    opens = False
    for line in lines:
        at, before = 0, ""
        for bar_line in (*_BAR_LINE.finditer(line), None):
            text = line[at : bar_line.start() if bar_line else len(line)].strip()
            where = f"{source}, bar {len(bars) + 1}"
            if text:
                chords, endings = _read_bar(text, counts, ticks_per_count, where)
                bars.append(_WrittenBar(len(bars) + 1, text, chords, endings, opens))
                opens = False
            if bar_line is None:
                break
            # A bar line may stand apart from a repeat sign, as in `| |:`; that is no empty bar.
            if not text and before and ":" not in before + bar_line[0]:
                raise ChartError(
                    f"{where}: the bar is empty; write N.C. for no chord or % to repeat the bar "
                    "before"
                )
            if bar_line["closes"]:
                if not bars:
                    raise ChartError(f"{where}: ':|' has no bar before it to repeat")
                bars[-1] = replace(bars[-1], closes=True)
            opens = opens or bool(bar_line["opens"])
            at, before = bar_line.end(), bar_line[0]
    if not bars:
        raise ChartError(f"{source}: there are no bars; write them like | Dm7 G7 | Cmaj7 |")
    return bars


def _read_bar(
    text: str, counts: int, ticks_per_count: int, where: str
) -> tuple[tuple[tuple[int, Chord | None], ...] | None, frozenset[int]]:
    """Reads what stands between two bar lines: chords (None for `%`), and the ending's passes."""
    endings: frozenset[int] = frozenset()
    if mark := _ENDING.match(text):
        endings = frozenset(int(number) for number in re.findall(r"\d", mark[1]))
        text = text[mark.end() :]
    tokens = re.sub(r"(?<!\S)/+(?!\S)", lambda run: " ".join(run[0]), text).split()
    if tokens == ["%"]:
        return None, endings
    starts = list(range(counts)) if len(tokens) == counts else None
    if starts is None and tokens and "/" not in tokens:
        starts = _shared(counts, len(tokens))
    if starts is None:
        tokens_in = "1 token" if len(tokens) == 1 else f"{len(tokens)} tokens"
        raise ChartError(
            f"{where}: {text.strip()!r} holds {tokens_in}; a bar takes {counts}, one for each "
            "count ('/' goes on with the chord before), or fewer chords without '/' that share it"
        )
    chords = [
        (start * ticks_per_count, None if token == "/" else _read_chord(token, where))
        for start, token in zip(starts, tokens, strict=True)
    ]
    return tuple(row for row in chords if row[1] is not None or row[0] == 0), endings


def _read_chord(token: str, where: str) -> Chord:
    """Reads one chord, leaving an alternate in parentheses out."""
    if found := _OPTIONAL.fullmatch(token) or _ALTERNATE.fullmatch(token):
        token = found["chord"]
    try:
        return parse_chord(token)
    except ChordError as error:
        raise ChartError(f"{where}: {error}") from error


def _played(written: Sequence[_WrittenBar], source: str) -> list[_WrittenBar]:
    """The bars in the order in which they are played."""
    played: list[_WrittenBar] = []
    at, section, passing = 0, 0, 1
    while at < len(written):
        bar = written[at]
        if bar.opens and at != section:
            section, passing = at, 1
        if bar.endings and passing not in bar.endings:
            at = _ending(written, at, section, passing, source)
        played.append(bar := written[at])
        at += 1
        if bar.closes:
            if passing < _passes(written, section):
                at, passing = section, passing + 1
            else:
                section, passing = at, 1
    _check_closed(written, source)
    return played


def _section(written: Sequence[_WrittenBar], start: int) -> Sequence[_WrittenBar]:
    """The bars from `start` to the next `|:`."""
    opening = (at for at in range(start + 1, len(written)) if written[at].opens)
    return written[start : next(opening, len(written))]


def _passes(written: Sequence[_WrittenBar], section: int) -> int:
    """How often the section that begins at bar `section` is played."""
    return max((max(bar.endings, default=2) for bar in _section(written, section)), default=2)


def _ending(
    written: Sequence[_WrittenBar], at: int, section: int, passing: int, source: str
) -> int:
    """Index of the ending to jump to from the ending at index `at`."""
    last = section + len(_section(written, section))
    for to in range(at + 1, last):
        if passing in written[to].endings:
            return to
    raise ChartError(
        f"{source}, bar {written[at].number}: no ending {passing}. follows; close the endings "
        "before the last with ':|' and number them without gaps"
    )


def _check_closed(written: Sequence[_WrittenBar], source: str) -> None:
    """Refuses a `|:` that no `:|` closes before the next."""
    for at, bar in enumerate(written):
        if bar.opens and not any(other.closes for other in _section(written, at)):
            raise ChartError(f"{source}, bar {bar.number}: '|:' is never closed with ':|'")
