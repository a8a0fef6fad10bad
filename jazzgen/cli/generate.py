"""`jazzgen generate`."""

import os

# One solo is a chain of small products: a second BLAS thread only gets in its way, and beside
# other work it can slow each product a hundredfold. Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from jazzgen.cli.generate_options import SECTIONS, generate_options
from jazzgen.cli.output import Reporter, counted, output_options
from jazzgen.cli.parameters import is_given
from jazzgen.cli.sections import SectionedCommand
from jazzgen.corpus.midi_changes import changes_from
from jazzgen.corpus.midi_source import SUFFIXES
from jazzgen.encoding.manner import Manner
from jazzgen.errors import MidiError, ModelError, OutputError
from jazzgen.generation.controls import DIFFICULTIES, Controls
from jazzgen.generation.many import WORTH_A_PROCESS, Keep, Made, improvise_many
from jazzgen.generation.primer import read_primer
from jazzgen.generation.recipe import Recipe
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.solo import Solo
from jazzgen.music.changes import Changes
from jazzgen.music.midi_write import read_recipe
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT
from jazzgen.network.engines import engine_of
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.models import load_model
from jazzgen.rendering.solo_file import program_of, write_solo


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A solo with its recipe, and its score where solos are ranked."""

    recipe: Recipe
    solo: Solo
    score: float = 0.0


@click.command(cls=SectionedCommand, sections=SECTIONS)
@generate_options
@output_options
@click.pass_context
def generate(
    ctx: click.Context,
    /,
    *,
    out: Path | None,
    count: int,
    best: int | None,
    jobs: int | None,
    resume: bool,
    recipe_file: Path | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Improvise solos over changes and write them as MIDI.

    The solo fills exactly the bars asked for. Every file holds the recipe it was made from;
    --recipe makes it again, byte for byte.

    \b
    Examples:
      jazzgen generate -o solo.mid
      jazzgen generate --changes blues-f --choruses 3 --tempo 160 --seed 7 -o blues.mid
      jazzgen generate --changes "| Dm7 | G7 | Cmaj7 | % |" --bars 16 -o solo.mid
      jazzgen generate --changes my-song.mid --count 50 --best 5 -o solos
      jazzgen generate --count 1000 --bars 32 --seed 0 -o solos
      jazzgen generate --model my-model --temperature 0.9 -o solo.mid
      jazzgen generate --difficulty easy --phrase 2 --breath 2 -o etude.mid
      jazzgen generate --changes blues-f --prime my-lick.mid -o chorus.mid
    """
    report_to = Reporter(as_json=as_json, quiet=quiet)
    if resume and (count == 1 or best is not None or not is_given(ctx, "seed")):
        raise click.UsageError("--resume needs --count and the --seed of before, and no --best")
    if best is not None and best > count:
        raise click.UsageError(f"--best {best}, but --count {count}")
    if recipe_file is not None:
        recipe, stored = _from_file(ctx, recipe_file, options["model"])
    else:
        recipe, stored = _from_options(ctx, options)
    _say_what_is_not_heard(report_to, recipe, stored)
    where = _place(out, recipe.seed, count)
    seeds = range(recipe.seed, recipe.seed + count)
    due = _missing(recipe, seeds, where) if resume else seeds
    if resume:
        report_to.note(f"{count - len(due)} of {counted(count, 'solo')} are there already")
    play = partial(_played, report_to, recipe, stored, jobs=_jobs(jobs, len(due), recipe))
    rows: list[dict[str, Any]] = []
    written: dict[int, int] = {}
    if best is None:
        try:
            for seed, its_notes in play(due, partial(_write, where, count)):
                written[seed] = its_notes
        except KeyboardInterrupt:
            if count > 1:
                again = "" if resume else f" with --seed {recipe.seed} --resume"
                report_to.note(
                    f"{len(written)} of {counted(len(due), 'solo')} were made; the same "
                    f"command{again} makes the others"
                )
            raise
    else:
        for one in _best(play(due, _scored), best):
            _write(where, count, one.recipe, one.solo)
            rows.append({"seed": one.recipe.seed, "score": one.score, "notes": len(one.solo.notes)})
        written = {row["seed"]: row["notes"] for row in rows}
    # The best come first; else in the order of their seeds.
    order = [row["seed"] for row in rows] or sorted(seeds if resume else written)
    files = [str(_file(where, count, seed)) for seed in order]
    notes = sum(written.values())
    which = f"seed {seeds[0]}" if count == 1 else f"seeds {seeds[0]}-{seeds[-1]}"
    report_to.say(
        f"{counted(recipe.bars, 'bar')}, {counted(notes, 'note')}, model {stored.name}, {which}"
        + (f", the best {best} of {count}" if rows and count > 1 else "")
        + f" -> {where}"
    )
    if rows:
        report_to.say("  score       seed  notes")
        for row in rows:
            report_to.say(f"{row['score']:7.3f} {row['seed']:10d} {row['notes']:6d}")
    report_to.result(
        {
            "files": files,
            "seed": recipe.seed,
            "model": stored.name,
            "model_sha256": stored.sha256,
            "bars": recipe.bars,
            "notes": notes,
            **({"ranking": rows} if rows else {}),
        }
    )


def _from_options(ctx: click.Context, options: dict[str, Any]) -> tuple[Recipe, StoredModel]:
    """What the options ask for."""
    bars, choruses = options["bars"], options["choruses"]
    if choruses and bars:
        raise click.UsageError("give --choruses or --bars, not both")
    if options["drop_primer"] and options["prime"] is None:
        raise click.UsageError("--drop-primer drops what --prime gives; there is no --prime")
    manner = Manner(options["style"], options["instrument"], options["feel"])
    form, chart_tempo = changes_from(options["changes"])
    tempo = options["tempo"] or chart_tempo
    try:
        sampling, controls = _settings(ctx, options, form, tempo)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    prime, seed, program = options["prime"], options["seed"], options["program"]
    primer = Notes.empty() if prime is None else read_primer(prime)
    stored = load_model(options["model"])
    try:
        recipe = Recipe(
            model=stored.name,
            model_sha256=stored.sha256,
            form=form,
            bars=bars or form.bars * (choruses or 1),
            tempo_bpm=tempo,
            seed=secrets.randbelow(2**31) if seed is None else seed,
            sampling=sampling,
            program=program_of(manner.instrument) if program is None else program,
            engine=options["engine"],
            chords=options["chords"],
            manner=manner,
            controls=controls,
            primer=primer,
            drop_primer=options["drop_primer"],
            swing=options["swing"],
        )
    except ValueError as error:  # all else has been checked: nothing can follow the primer
        raise MidiError(f"{prime}: {error}") from error
    return recipe, stored


def _settings(
    ctx: click.Context, options: dict[str, Any], form: Changes, tempo_bpm: float
) -> tuple[Sampling, Controls]:
    """How to draw; raises ValueError when a setting is out of range."""
    low, high = options["pitch_range"]
    given = {name: options[name] for name in ("density", "outside", "phrase", "breath")}
    given["max_copied"] = options["max_copied"]
    controls = Controls()
    if options["difficulty"] is not None:
        level = DIFFICULTIES[options["difficulty"]]
        controls = level.controls(tempo_bpm, form.end / form.bars / TICKS_PER_BEAT)
        if not is_given(ctx, "pitch_range"):
            low, high = level.low, level.high
    controls = replace(controls, **{k: value for k, value in given.items() if value is not None})
    sampling = Sampling(
        temperature=options["temperature"],
        top_p=options["top_p"],
        greedy=options["greedy"],
        low=low,
        high=high,
        ending=options["ending"],
        clean_up=_steps(options["clean_up"]),
    )
    return sampling, controls


def _from_file(ctx: click.Context, file: Path, model: str) -> tuple[Recipe, StoredModel]:
    """What the recipe in a file asks for."""
    own = {"recipe_file", "model", "out", "as_json", "quiet"}
    options = [param for param in ctx.command.params if param.name not in own]
    if given := sorted(param.opts[0] for param in options if is_given(ctx, str(param.name))):
        raise click.UsageError(f"--recipe decides everything; leave out {', '.join(given)}")
    recipe = _recipe_in(file)
    stored = load_model(model if is_given(ctx, "model") else recipe.model)
    if stored.sha256 != recipe.model_sha256:
        raise ModelError(
            f"{file} was made with another model ({recipe.model}, {recipe.model_sha256[:16]}) than "
            f"{stored.name}, {stored.sha256[:16]}; name its folder with --model"
        )
    return recipe, stored


def _say_what_is_not_heard(report_to: Reporter, recipe: Recipe, stored: StoredModel) -> None:
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
    asked = [name for name, value in recipe.manner.to_json().items() if value is not None]
    if asked and not stored.hears_manner:
        report_to.note(
            f"model {stored.name} ignores {' and '.join(asked)}: it never learned to tell them"
        )


def _jobs(asked: int | None, count: int, recipe: Recipe) -> int:
    """Processes for so many solos."""
    if recipe.engine == "keras":  # TensorFlow uses all cores by itself
        return 1
    if count < 2 * WORTH_A_PROCESS and asked is None:
        return 1
    from jazzgen.encoding.workers import cores

    return min(asked or cores(), max(1, count // WORTH_A_PROCESS))


def _played(
    report_to: Reporter,
    recipe: Recipe,
    stored: StoredModel,
    seeds: Sequence[int],
    keep: Keep[Made],
    *,
    jobs: int,
) -> Iterator[tuple[int, Made]]:
    """The solos of some seeds, and what became of them, as they come to their end."""
    engine = engine_of(stored, keras=recipe.engine == "keras") if jobs == 1 else None
    solos = improvise_many(recipe, stored, seeds, keep, jobs=jobs, engine=engine)
    with report_to.progress("improvising") as progress:
        for done, made in enumerate(solos, start=1):
            progress(done, len(seeds))
            yield made


def _file(where: Path, count: int, seed: int) -> Path:
    return where if count == 1 else where / f"solo-{seed}.mid"


def _write(where: Path, count: int, recipe: Recipe, solo: Solo) -> int:
    """Writes a solo; returns its number of notes."""
    write_solo(_file(where, count, recipe.seed), solo.notes, solo.changes, recipe)
    return len(solo.notes)


def _scored(recipe: Recipe, solo: Solo) -> _Made:
    from jazzgen.evaluation.ranking import score

    return _Made(recipe, solo, score(solo.notes, solo.changes).score)


def _best(made: Iterator[tuple[int, _Made]], count: int) -> list[_Made]:
    """The best by `jazzgen.evaluation.ranking`, the very best first; equals by seed."""
    kept: list[_Made] = []
    for _, one in made:
        kept.append(one)
        kept.sort(key=lambda row: (-row.score, row.recipe.seed))
        del kept[count:]
    return kept


def _missing(recipe: Recipe, seeds: Sequence[int], where: Path) -> list[int]:
    """Seeds whose solos are not in the folder yet.

    Raises:
        OutputError: when a file there is of another recipe: it would not be one of these solos.
    """
    missing = []
    for seed in seeds:
        file = _file(where, len(seeds), seed)
        if not file.exists():
            missing.append(seed)
            continue
        try:
            same = read_recipe(file) == json.loads(replace(recipe, seed=seed).to_text())
        except MidiError:
            same = False
        if not same:
            raise OutputError(
                f"{file}: was not made by this command; name another folder, or leave out --resume"
            )
    return missing


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
        return Sampling().clean_up
    return () if clean_up == "none" else tuple(clean_up.split(","))


def _place(out: Path | None, seed: int, count: int) -> Path:
    """The file of one solo, or the folder of several, which is made."""
    if count == 1:
        out = out or Path("solo.mid")
        return out / f"solo-{seed}.mid" if out.is_dir() else out
    folder = out or Path("solos")
    if folder.suffix.lower() in SUFFIXES:
        raise click.UsageError(f"--count {count} writes a folder; {folder} looks like a file")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
    return folder
