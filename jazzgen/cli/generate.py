"""`jazzgen generate`."""

import os

# One solo is a chain of small products: a second BLAS thread only gets in its way, and beside
# other work it can slow each product a hundredfold. Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import secrets
from dataclasses import replace
from pathlib import Path

import click

from jazzgen.cli.output import Reporter, counted, output_options
from jazzgen.cli.parameters import Number
from jazzgen.corpus.midi_changes import changes_from
from jazzgen.corpus.midi_source import SUFFIXES
from jazzgen.encoding.grammar_cleanup import STEPS
from jazzgen.errors import MidiError, ModelError, OutputError
from jazzgen.generation.improvise import Sampling
from jazzgen.generation.recipe import Recipe
from jazzgen.music.charts import MAX_TEMPO_BPM, MIN_TEMPO_BPM
from jazzgen.music.midi_write import read_recipe
from jazzgen.network.engine import Engine, NumpyEngine
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.models import DEFAULT_MODEL, load_model
from jazzgen.rendering.solo_file import TENOR_SAX, write_solo

DEFAULT_CHART = "rhythm-changes-bb"
_MAX_BARS = 10_000
_DEFAULTS = Sampling()


@click.command()
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="A model that comes with jazzgen, or a model folder.",
)
@click.option(
    "--changes",
    default=DEFAULT_CHART,
    show_default=True,
    help="Bars such as '| Dm7 | G7 | Cmaj7 | % |', a chart file, a MIDI file whose chords are "
    "taken, or a bundled chart.",
)
@click.option("--choruses", type=click.IntRange(1, _MAX_BARS), help="Times through the form [1].")
@click.option("--bars", type=click.IntRange(1, _MAX_BARS), help="Exactly so many bars instead.")
@click.option(
    "--tempo",
    type=Number(MIN_TEMPO_BPM, MAX_TEMPO_BPM),
    help="Beats a minute  [default: the chart's].",
)
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same solo  [default: drawn].")
@click.option(
    "--temperature",
    type=Number(0, 10, min_open=True),
    default=_DEFAULTS.temperature,
    show_default=True,
    help="Below 1 the likely becomes likelier, above 1 the solo gets wilder.",
)
@click.option(
    "--top-p",
    type=Number(0, 1, min_open=True),
    default=_DEFAULTS.top_p,
    show_default=True,
    help="Draw only from the likeliest values that make up this share.",
)
@click.option(
    "--greedy",
    is_flag=True,
    help="Always the likeliest value, as in the course: one solo, and often one note.",
)
@click.option(
    "--range",
    "pitch_range",
    type=(click.IntRange(0, 127), click.IntRange(0, 127)),
    default=(_DEFAULTS.low, _DEFAULTS.high),
    show_default=True,
    metavar="LOW HIGH",
    help="Lowest and highest pitch, MIDI numbers (60 is middle C).",
)
@click.option(
    "--ending/--no-ending",
    default=True,
    help="Come to an end in the last bar, or play on to its bar line.",
)
@click.option(
    "--clean-up",
    metavar="STEPS",
    help=f"Grammar models: which of {','.join(STEPS)} to take, or none  [default: all].",
)
@click.option(
    "--program",
    type=click.IntRange(0, 127),
    default=TENOR_SAX,
    show_default=True,
    help="General MIDI program of the solo, from 0 (66: tenor sax, 56: trumpet, 26: jazz guitar).",
)
@click.option("--chords/--no-chords", default=True, help="Play the chords on a track of their own.")
@click.option(
    "--count",
    type=click.IntRange(1, 1_000_000),
    default=1,
    help="So many solos, with seeds S, S+1, S+2, ... into a folder.",
)
@click.option(
    "--engine",
    type=click.Choice(["numpy", "keras"]),
    default="numpy",
    show_default=True,
    help="What steps the network; keras loads TensorFlow.",
)
@click.option(
    "--recipe",
    "recipe_file",
    type=click.Path(path_type=Path),
    help="Make the solo of this MIDI file again, from the recipe in it.",
)
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="MIDI file, or folder for several  [default: solo.mid, or solos].",
)
@output_options
@click.pass_context
def generate(
    ctx: click.Context,
    model: str,
    changes: str,
    choruses: int | None,
    bars: int | None,
    tempo: float | None,
    seed: int | None,
    temperature: float,
    top_p: float,
    greedy: bool,
    pitch_range: tuple[int, int],
    ending: bool,
    clean_up: str | None,
    program: int,
    chords: bool,
    count: int,
    engine: str,
    recipe_file: Path | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Improvise solos over changes and write them as MIDI.

    The solo fills exactly the bars asked for. Every file holds the recipe it was made from;
    --recipe makes it again, byte for byte.

    \b
    Examples:
      jazzgen generate -o solo.mid
      jazzgen generate --changes blues-f --choruses 3 --tempo 160 --seed 7 -o blues.mid
      jazzgen generate --changes "| Dm7 | G7 | Cmaj7 | % |" --bars 16 -o solo.mid
      jazzgen generate --changes my-song.mid --count 20 -o solos
      jazzgen generate --model my-model --temperature 0.9 -o solo.mid
    """
    if choruses and bars:
        raise click.UsageError("give --choruses or --bars, not both")
    report_to = Reporter(as_json=as_json, quiet=quiet)
    if recipe_file is not None:
        _refuse_beside_recipe(ctx)
        recipe = _recipe_in(recipe_file)
        stored = load_model(model if _given(ctx, "model") else recipe.model)
        if stored.sha256 != recipe.model_sha256:
            raise ModelError(
                f"{recipe_file} was made with another model ({recipe.model}, "
                f"{recipe.model_sha256[:16]}) than {stored.name}, {stored.sha256[:16]}; name its "
                "folder with --model"
            )
    else:
        try:
            sampling = Sampling(
                temperature=temperature,
                top_p=top_p,
                greedy=greedy,
                low=pitch_range[0],
                high=pitch_range[1],
                ending=ending,
                clean_up=_steps(clean_up),
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        form, chart_tempo = changes_from(changes)
        stored = load_model(model)
        recipe = Recipe(
            model=stored.name,
            model_sha256=stored.sha256,
            form=form,
            bars=bars or form.bars * (choruses or 1),
            tempo_bpm=tempo or chart_tempo,
            seed=secrets.randbelow(2**31) if seed is None else seed,
            sampling=sampling,
            program=program,
            engine=engine,
            chords=chords,
        )
    has_chords = any(chord.tones for chord in recipe.form.chords)
    if has_chords and stored.vocabulary.encoding == "interval" and not stored.hears_chords:
        report_to.note(
            f"model {stored.name} does not hear the changes: "
            + (
                "it learned from pieces without chords"
                if stored.network.context
                else "its network sees no chords"
            )
        )
    files = _files(out, recipe.seed, count)
    stepper = _engine(recipe.engine, stored)
    notes = 0
    with report_to.progress("improvising") as progress:
        for k, file in enumerate(files):
            one = replace(recipe, seed=recipe.seed + k)
            solo = one.improvise(stored, stepper)
            write_solo(file, solo.notes, solo.changes, one)
            notes += len(solo.notes)
            progress(k + 1, count)
    where = files[0] if count == 1 else files[0].parent
    report_to.say(
        f"{counted(recipe.bars, 'bar')}, {counted(notes, 'note')}, model {stored.name}, "
        + (
            f"seed {recipe.seed}"
            if count == 1
            else f"seeds {recipe.seed}-{recipe.seed + count - 1}"
        )
        + f" -> {where}"
    )
    report_to.result(
        {
            "files": [str(file) for file in files],
            "seed": recipe.seed,
            "model": stored.name,
            "model_sha256": stored.sha256,
            "bars": recipe.bars,
            "notes": notes,
        }
    )


def _given(ctx: click.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source is not click.core.ParameterSource.DEFAULT


def _refuse_beside_recipe(ctx: click.Context) -> None:
    own = {"recipe_file", "model", "out", "as_json", "quiet"}
    if given := [name for name in ctx.params if name not in own and _given(ctx, name)]:
        options = ", ".join("--" + name.replace("_", "-") for name in sorted(given))
        raise click.UsageError(f"--recipe decides everything; leave out {options}")


def _recipe_in(path: Path) -> Recipe:
    data = read_recipe(path)
    if data is None:
        raise MidiError(f"{path}: there is no jazzgen recipe in this file")
    try:
        return Recipe.from_json(data)
    except MidiError as error:
        raise MidiError(f"{path}: {error}") from error


def _steps(clean_up: str | None) -> tuple[str, ...]:
    if clean_up is None:
        return _DEFAULTS.clean_up
    return () if clean_up == "none" else tuple(clean_up.split(","))


def _files(out: Path | None, seed: int, count: int) -> list[Path]:
    if count == 1:
        out = out or Path("solo.mid")
        return [out / f"solo-{seed}.mid" if out.is_dir() else out]
    folder = out or Path("solos")
    if folder.suffix.lower() in SUFFIXES:
        raise click.UsageError(f"--count {count} writes a folder; {folder} looks like a file")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
    return [folder / f"solo-{seed + k}.mid" for k in range(count)]


def _engine(name: str, model: StoredModel) -> Engine:
    if name == "keras":
        from jazzgen.network.keras_engine import KerasEngine

        return KerasEngine(model.network, model.weights)
    return NumpyEngine(model.network, model.weights)
