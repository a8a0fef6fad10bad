"""The options of `jazzgen generate`, by sections of its help."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from jazzgen.cli.parameters import Number
from jazzgen.encoding.grammar_cleanup import STEPS
from jazzgen.encoding.manner import FEELS, INSTRUMENTS, STYLES
from jazzgen.generation.controls import BOUNDS, DIFFICULTIES
from jazzgen.generation.sampling import Sampling
from jazzgen.music.charts import MAX_TEMPO_BPM, MIN_TEMPO_BPM
from jazzgen.music.swing import HARDEST, STRAIGHTEST
from jazzgen.network.models import DEFAULT_MODEL

DEFAULT_CHART: Final = "rhythm-changes-bb"
MAX_BARS: Final = 10_000

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DEFAULTS: Final = Sampling()


def _control(name: str) -> Number:
    low, high, _ = BOUNDS[name]
    return Number(low, high)


_OPTIONS: Final[tuple[Callable[[Any], Any], ...]] = (
    # What to play over
    click.option(
        "--changes",
        default=DEFAULT_CHART,
        show_default=True,
        help="Bars such as '| Dm7 | G7 | Cmaj7 | % |', a chart file, a MIDI file whose chords are "
        "taken, or a bundled chart.",
    ),
    click.option(
        "--choruses", type=click.IntRange(1, MAX_BARS), help="Times through the form [1]."
    ),
    click.option("--bars", type=click.IntRange(1, MAX_BARS), help="Exactly so many bars instead."),
    click.option(
        "--tempo",
        type=Number(MIN_TEMPO_BPM, MAX_TEMPO_BPM),
        help="Beats a minute  [default: the chart's].",
    ),
    click.option(
        "--prime",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Go on from the end of this MIDI file's melody, which opens the changes.",
    ),
    click.option(
        "--drop-primer", is_flag=True, help="Write only what was added to it, at its place."
    ),
    # How to play
    click.option("--style", type=click.Choice(STYLES), help="Style  [default: left open]."),
    click.option(
        "--instrument",
        type=click.Choice(list(INSTRUMENTS)),
        help="Whose lines: "
        + ", ".join(f"{key} ({name})" for key, name in INSTRUMENTS.items())
        + "  [default: left open].",
    ),
    click.option("--feel", type=click.Choice(FEELS), help="Rhythm feel  [default: left open]."),
    click.option(
        "--difficulty",
        type=click.Choice(list(DIFFICULTIES)),
        help="Sets range, density, leaps, speed and rhythm; what else is given takes precedence.",
    ),
    click.option(
        "--range",
        "pitch_range",
        type=(click.IntRange(0, 127), click.IntRange(0, 127)),
        default=(_DEFAULTS.low, _DEFAULTS.high),
        show_default=True,
        metavar="LOW HIGH",
        help="Lowest and highest pitch, MIDI numbers (60 is middle C).",
    ),
    click.option(
        "--density", type=_control("density"), metavar="NOTES", help="Notes a bar, on average."
    ),
    click.option(
        "--outside",
        type=_control("outside"),
        metavar="0-1",
        help="0: only tones of the chords and their scales; 0.5: as it comes; 1: far outside.",
    ),
    click.option(
        "--phrase", type=_control("phrase"), metavar="BARS", help="Mean length of the phrases."
    ),
    click.option(
        "--breath",
        type=_control("breath"),
        metavar="BEATS",
        help="Typical length of the pauses between them.",
    ),
    click.option(
        "--ending/--no-ending",
        default=True,
        help="Come to an end in the last bar, or play on to its bar line.",
    ),
    # How to draw
    click.option(
        "--model",
        default=DEFAULT_MODEL,
        show_default=True,
        help="A model that comes with jazzgen, or a model folder.",
    ),
    click.option(
        "--seed", type=click.IntRange(min=0), help="Same seed, same solo  [default: drawn]."
    ),
    click.option(
        "--temperature",
        type=Number(0, 10, min_open=True),
        default=_DEFAULTS.temperature,
        show_default=True,
        help="Below 1 the likely becomes likelier, above 1 the solo gets wilder.",
    ),
    click.option(
        "--top-p",
        type=Number(0, 1, min_open=True),
        default=_DEFAULTS.top_p,
        show_default=True,
        help="Draw only from the likeliest values that make up this share.",
    ),
    click.option(
        "--greedy",
        is_flag=True,
        help="Always the likeliest value, as in the course: one solo, and often one note.",
    ),
    click.option(
        "--max-copied",
        type=click.IntRange(min=int(BOUNDS["max_copied"][0])),
        metavar="N",
        help="Copy no run of more notes than these from the solos the model learned from.",
    ),
    click.option(
        "--clean-up",
        metavar="STEPS",
        help=f"Grammar models: which of {','.join(STEPS)} to take, or none  [default: all].",
    ),
    click.option(
        "--engine",
        type=click.Choice(["numpy", "keras"]),
        default="numpy",
        show_default=True,
        help="What steps the network; keras loads TensorFlow.",
    ),
    # What to write
    click.option(
        "--out",
        "-o",
        type=click.Path(path_type=Path),
        help="MIDI file, or folder for several  [default: solo.mid, or solos].",
    ),
    click.option(
        "--count",
        type=click.IntRange(1, 1_000_000),
        default=1,
        help="So many solos, with seeds S, S+1, S+2, ... into a folder.",
    ),
    click.option(
        "--best",
        type=click.IntRange(min=1),
        help="Write only the best of them, so many.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        help="Processes that draw many solos  [default: one a core].",
    ),
    click.option(
        "--resume",
        is_flag=True,
        help="Leave the solos that are there, make the missing ones; needs the --seed of before.",
    ),
    click.option(
        "--recipe",
        "recipe_file",
        type=click.Path(path_type=Path),
        help="Make the solo of this MIDI file again, from the recipe in it.",
    ),
    click.option(
        "--swing",
        type=Number(STRAIGHTEST, HARDEST),
        metavar="RATIO",
        help="Write straight eighths in this ratio, 1 (straight) to 3; 2 is triplet swing  "
        "[default: as drawn].",
    ),
    click.option(
        "--program",
        type=click.IntRange(0, 127),
        help="General MIDI program of the solo, from 0 (66: tenor sax, 26: jazz guitar)  [default: "
        "the --instrument's, or 66].",
    ),
    click.option(
        "--chords/--no-chords", default=True, help="Play the chords on a track of their own."
    ),
)


def generate_options(command: _Command) -> _Command:
    """Adds all of them to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "What to play over": (*("changes", "choruses", "bars", "tempo", "prime", "drop_primer"),),
    "How to play": (
        *("style", "instrument", "feel", "difficulty", "pitch_range"),
        *("density", "outside", "phrase", "breath", "ending"),
    ),
    "How to draw": (
        *("model", "seed", "temperature", "top_p", "greedy", "max_copied", "clean_up", "engine"),
    ),
    "What to write": (
        *("out", "count", "best", "jobs", "resume", "recipe_file", "swing", "program", "chords"),
        *("as_json", "quiet"),
    ),
}
"""Names of the parameters under each heading."""
