"""The picture of a solo by surprise: a piano roll, its chords, and a curve of bits below.

Matplotlib is imported when a picture is drawn: it takes a second.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np

from jazzgen.evaluation.note_surprise import NoteSurprise
from jazzgen.evaluation.report_pictures import HEAT, heat, heat_names
from jazzgen.files import atomic_write

FORMATS: Final = (".png", ".svg", ".pdf")
"""Endings of the files that can be drawn."""

_SYSTEM_BARS: Final = 8
_MOST_SYSTEMS: Final = 32
_LETTER: Final = 0.0085  # of a system's width, of one letter of a chord symbol


def draw_surprise(solo: NoteSurprise, path: Path, *, title: str, first_bar: int = 1) -> None:
    """Draws a solo, eight bars a system, more where it is very long.

    Args:
        solo: the solo.
        path: the file; its ending says which of `FORMATS`.
        title: stands above.
        first_bar: what the first bar is called.

    Raises:
        OutputError: when `path` cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = solo.piece.changes.bar_lines
    bars = len(lines) - 1
    per_system = max(_SYSTEM_BARS, -(-bars // _MOST_SYSTEMS))
    starts = range(0, bars, per_system)
    # In SVG, text stays text and the names of parts do not change from run to run.
    with rc_context({"svg.hashsalt": "jazzgen", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(11, 0.75 + 1.9 * len(starts)))
        figure.set_layout_engine("constrained", h_pad=0.03, hspace=0.0)
        FigureCanvasAgg(figure)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        axes = figure.subplots(
            2 * len(starts), 1, squeeze=False, height_ratios=(3.4, 1) * len(starts)
        )[:, 0]
        for place, first in enumerate(starts):
            _draw_system(solo, axes[2 * place], axes[2 * place + 1], first, per_system, first_bar)
        _legend(axes[0])
        kind = path.suffix.lower().removeprefix(".")
        undated: dict[str, Any] = {
            "png": {"Software": None},
            "svg": {"Date": None, "Creator": None},
            "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        }
        with atomic_write(path) as file:
            figure.savefig(file, dpi=130, format=kind, metadata=undated[kind])


def _draw_system(
    solo: NoteSurprise, roll: Any, curve: Any, first: int, bars: int, first_bar: int
) -> None:
    notes, bits, changes = solo.piece.notes, solo.bits, solo.piece.changes
    lines = changes.bar_lines[first : first + bars + 1]
    left, end = int(lines[0]), int(lines[-1])
    # The last system is drawn to the scale of the others.
    right = left + round((end - left) * bars / (len(lines) - 1))
    inside = np.flatnonzero((notes.onset < end) & (notes.onset + notes.length > left))
    colours = [heat(float(bits[i])) for i in inside]
    start = np.maximum(notes.onset[inside], left)
    length = np.minimum(notes.onset[inside] + notes.length[inside], end) - start
    width = np.maximum(length - 0.8, 1.5)  # a gap between notes that touch
    roll.barh(notes.pitch[inside], width, height=0.9, left=start, color=colours)
    low, high = int(notes.pitch.min()) - 2, int(notes.pitch.max()) + 2
    roll.set_ylim(low, high)
    octaves = [c for c in range(low, high + 1) if c % 12 == 0]
    roll.set_yticks(octaves, [f"C{c // 12 - 1}" for c in octaves])
    roll.grid(axis="y", color="#e4e0d6", linewidth=0.7)
    roll.set_axisbelow(True)
    roll.set_xticks([])

    begun = np.flatnonzero((notes.onset >= left) & (notes.onset < end))
    curve.bar(
        notes.onset[begun],
        bits[begun],
        np.clip(notes.length[begun] - 0.8, 1.5, 24),
        align="edge",
        color=[heat(float(bits[i])) for i in begun],
    )
    curve.set_ylim(0, max(12.0, float(bits.max())))
    curve.set_yticks([0, 10])
    curve.set_ylabel("bits")
    number = first_bar + first
    curve.set_xticks(lines[:-1].tolist(), [str(number + i) for i in range(len(lines) - 1)])
    curve.tick_params(axis="x", length=0)
    for panel in (roll, curve):
        panel.set_xlim(left, right)
        for line in lines.tolist():
            panel.axvline(line, color="#a9a498", linewidth=0.8, zorder=0.5)
        for side in ("top", "right", "bottom", "left"):
            panel.spines[side].set_visible(False)
    _chord_symbols(solo, roll, left, end, right - left)


def _chord_symbols(solo: NoteSurprise, roll: Any, left: int, end: int, width: int) -> None:
    changes, free, shown = solo.piece.changes, 0.0, None
    ends = [*changes.starts[1:].tolist(), changes.end]
    for start, stop, chord in zip(changes.starts.tolist(), ends, changes.chords, strict=True):
        at = max(start, left)
        if stop <= left or start >= end or not chord.tones:
            continue
        if chord.symbol == shown or at < free:
            continue
        shown, free = chord.symbol, at + width * _LETTER * (len(chord.symbol) + 1)
        roll.annotate(
            # A dollar sign would begin a formula.
            chord.symbol.replace("$", r"\$"),
            (at, 1),
            xycoords=("data", "axes fraction"),
            xytext=(2, 2),
            textcoords="offset points",
            fontweight="bold",
            fontsize=7.5,
        )


def _legend(roll: Any) -> None:
    from matplotlib.patches import Patch

    names = heat_names()
    names[-1] += " bits"
    roll.legend(
        handles=[Patch(color=colour, label=name) for colour, name in zip(HEAT, names, strict=True)],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.12),
        ncols=len(HEAT),
        frameon=False,
        handlelength=1,
        columnspacing=1.2,
        borderaxespad=0,
    )
