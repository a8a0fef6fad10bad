"""`jazzgen train`."""

import shutil
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jazzgen.cli.output import Reporter, output_options
from jazzgen.cli.parameters import Number, is_given
from jazzgen.encoding.dataset import Dataset
from jazzgen.errors import ModelError
from jazzgen.network.config import DISTILLATION, FINE_TUNING, PRECISIONS, PRESETS
from jazzgen.network.model_folder import StoredModel, load_model_folder
from jazzgen.network.models import load_model

if TYPE_CHECKING:
    from jazzgen.evaluation.guard import Guard
    from jazzgen.network.distillation import SoftTargets
    from jazzgen.network.training import Epoch, Progress

_LESSONS = "{}-lessons"
"""Folder beside the model folder while a network learns from teachers."""


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Model folder.")
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="standard",
    show_default=True,
    help="`classic`: the course network, one LSTM of 64 units, no context. `standard`: two layers "
    "that see chords, beat and register, regularised.",
)
@click.option(
    "--from",
    "start",
    metavar="MODEL",
    help="Begin with this model's network and weights instead: a bundled model, or a model "
    "folder. Goes on gently, so that a few pieces do not make it forget what it knew.",
)
@click.option(
    "--teacher",
    "teachers",
    metavar="MODEL",
    multiple=True,
    help="Learn what this model expects; several times: what they expect on average. They also "
    "improvise over the changes of the dataset, so that there is more to learn from.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="With --teacher: solos over the changes of each piece.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the pieces.")
@click.option("--batch", type=click.IntRange(min=1), help="Sequences learned from at once.")
@click.option("--learning-rate", type=Number(min=0, min_open=True))
@click.option(
    "--dropout",
    type=Number(0, 0.9),
    help="Share of each layer's outputs and of recurrent weights hidden in training; those of "
    "values and context a quarter of it.",
)
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="float32",
    show_default=True,
    help="`mixed`, for GPUs, multiplies matrices in bfloat16 and keeps all else in float32.",
)
@click.option("--seed", type=click.IntRange(0, 20_000), default=0, show_default=True)
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--overwrite", is_flag=True, help="Replace a model that is in --out.")
@output_options
@click.pass_context
def train(
    ctx: click.Context,
    dataset: Path,
    out: Path,
    preset: str,
    start: str | None,
    teachers: tuple[str, ...],
    rounds: int,
    epochs: int | None,
    batch: int | None,
    learning_rate: float | None,
    dropout: float | None,
    precision: str,
    seed: int,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train a network on a dataset.

    DATASET is a folder made by `jazzgen preprocess`. The model folder can be played from after
    every epoch; the best epoch by held-out nats per note is kept. Ctrl-C stops with a usable
    model, and --resume goes on from there.

    \b
    Examples:
      jazzgen train dataset --out my-model
      jazzgen train dataset --out course --preset classic --epochs 20
      jazzgen train dataset --out my-model --resume
    """
    if resume and overwrite:
        raise click.UsageError("--resume and --overwrite contradict each other")
    own_settings = batch or learning_rate or dropout is not None
    own_settings = own_settings or is_given(ctx, "rounds") or is_given(ctx, "precision")
    if resume and (own_settings or start or teachers):
        raise click.UsageError("a resumed run keeps its settings; only --epochs can change")
    if is_given(ctx, "rounds") and not teachers:
        raise click.UsageError("--rounds is of lessons: it needs --teacher")
    report_to = Reporter(as_json=as_json, quiet=quiet)
    opened = Dataset(dataset)
    chosen = PRESETS[preset]
    if start or teachers:
        if is_given(ctx, "preset"):
            raise click.UsageError(
                "--from and --teacher bring their own settings; leave out --preset"
            )
        chosen = DISTILLATION if teachers else FINE_TUNING
    first = load_model(start) if start else None
    taught_by = [load_model(teacher) for teacher in teachers]
    if resume and epochs is None:
        epochs = _epochs_of(out)
    wanted = {"epochs": epochs, "batch": batch, "learning_rate": learning_rate}
    settings: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    chosen = replace(chosen, training=replace(chosen.training, **settings))
    if dropout is not None:
        network = replace(
            chosen.network,
            dropout=dropout,
            weight_dropout=dropout,
            value_dropout=dropout / 4,
            context_dropout=dropout / 4,
        )
        chosen = replace(chosen, network=network)

    report_to.note("loading TensorFlow ...")
    from jazzgen.network.distillation import check_teachers
    from jazzgen.network.training_run import make_room
    from jazzgen.network.training_run import train as run

    chosen = replace(chosen, training=replace(chosen.training, precision=precision))
    lessons = None
    lessons_in = out.resolve().with_name(_LESSONS.format(out.resolve().name))
    if teachers:
        check_teachers(taught_by, opened)
        make_room(out, overwrite=overwrite)
        lessons = _lessons(report_to, opened, taught_by, lessons_in, rounds, seed)
    elif resume:
        lessons = _lessons_of(out, lessons_in)
    with _display(report_to) as display:
        model, history, interrupted = run(
            opened,
            out,
            chosen,
            seed=seed,
            resume=resume,
            overwrite=overwrite,
            start=first,
            lessons=lessons,
            on_progress=display.progress,
            on_epoch=display.epoch,
        )
    if lessons and not interrupted:
        # All its weights are in the model folder, but to train on, it would need them again.
        shutil.rmtree(lessons_in, ignore_errors=True)
    seen = None if interrupted else _guard(report_to, model, opened, seed)
    seconds = sum(epoch.seconds for epoch in history.epochs)
    result: dict[str, Any] = {
        "epochs": len(history.epochs),
        "best_epoch": None,
        "nats_per_note": None,
        "nats_per_note_before": model.info.get("from", {}).get("nats_per_note"),
        "seconds": round(seconds, 2),
        "values_per_second": None,
        "interrupted": interrupted,
        "model": str(out),
        "sha256": model.sha256,
        "guard": seen.to_json() if seen else None,
    }
    if history.epochs:
        best = history.best
        speeds = sorted(epoch.values_per_second for epoch in history.epochs)
        result["best_epoch"] = best.number
        result["nats_per_note"] = best.nats_per_note
        result["values_per_second"] = round(speeds[len(speeds) // 2], 1)
        measured = "held-out" if len(opened.pieces("validation")) else "training"
        before = result["nats_per_note_before"]
        was = "" if before is None else f" ({before:.3f} before)"
        report_to.say(
            f"epoch {best.number} of {len(history.epochs)} kept: {best.nats_per_note:.3f} nats per "
            f"note{was} on the {measured} pieces -> {out}"
        )
    for line in seen.lines if seen else ():
        report_to.say(line)
    if interrupted:
        report_to.note(f"interrupted; go on with: jazzgen train {dataset} --out {out} --resume")
    report_to.result(result)
    if interrupted:
        raise click.exceptions.Exit(130)  # as a shell reports Ctrl-C: what follows && waits


def _lessons(
    report_to: Reporter,
    dataset: Dataset,
    teachers: list[StoredModel],
    out: Path,
    rounds: int,
    seed: int,
) -> tuple[Dataset, "SoftTargets"]:
    from jazzgen.generation.lessons import plan, prepare_lessons, read_lessons

    # Those of a run that was broken off; of other teachers or other pieces they are of no use.
    lessons = read_lessons(out, plan(dataset, teachers, rounds, seed))
    if lessons is None:
        with report_to.progress("improvising lessons") as progress:
            lessons = prepare_lessons(
                dataset, teachers, out, rounds=rounds, seed=seed, progress=progress
            )
    return lessons.dataset, lessons.targets


def _lessons_of(out: Path, lessons_in: Path) -> tuple[Dataset, "SoftTargets"] | None:
    """What a broken-off run learned from teachers; None of one without, or where they are gone."""
    from jazzgen.generation.lessons import read_lessons

    lessons = read_lessons(lessons_in) if load_model_folder(out).info.get("lessons") else None
    return (lessons.dataset, lessons.targets) if lessons else None


def _guard(report_to: Reporter, model: StoredModel, dataset: Dataset, seed: int) -> "Guard | None":
    from jazzgen.evaluation.guard import guard

    report_to.note("listening to what it plays ...")
    return guard(model, dataset, seed=seed)


def _epochs_of(out: Path) -> int:
    try:
        return int(load_model_folder(out).info["training"]["epochs"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{out}: its config.json does not say how it was trained") from error


def _display(report_to: Reporter) -> AbstractContextManager["_Display"]:
    from rich.console import Console

    console = Console(stderr=True)
    if report_to.quiet:
        return nullcontext(_Display())
    return _Bar(console) if console.is_terminal else nullcontext(_Lines(report_to))


class _Display:
    """Shows nothing."""

    def progress(self, progress: "Progress") -> None:
        """After every batch."""

    def epoch(self, epoch: "Epoch") -> None:
        """After every epoch."""


class _Lines(_Display):
    """One line an epoch, where there is no terminal."""

    def __init__(self, report_to: Reporter) -> None:
        self._report_to = report_to

    def epoch(self, epoch: "Epoch") -> None:
        self._report_to.note(
            f"epoch {epoch.number}: loss {epoch.loss:.4f}, {epoch.nats_per_note:.4f} nats per "
            f"note, {epoch.values_per_second:,.0f} values/s, {epoch.seconds:.1f} s"
        )


class _Bar(_Display):
    """A progress bar over the whole run, with a line above it for every epoch."""

    def __init__(self, console: Any) -> None:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.3f}"),
            TextColumn("validation {task.fields[nats]} nats/note"),
            TextColumn("{task.fields[speed]:,.0f} values/s"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: Any = None

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def progress(self, progress: "Progress") -> None:
        nats = "-" if progress.nats_per_note is None else f"{progress.nats_per_note:.3f}"
        fields: dict[str, Any] = {
            "epoch": progress.epoch,
            "epochs": progress.epochs,
            "loss": progress.loss,
            "nats": nats,
            "speed": progress.values_per_second,
        }
        if self._task is None:
            self._task = self._bar.add_task("", total=1.0, **fields)
        done = (progress.epoch - 1 + progress.step / progress.steps) / progress.epochs
        self._bar.update(self._task, completed=done, **fields)

    def epoch(self, epoch: "Epoch") -> None:
        self._bar.console.print(
            f"epoch {epoch.number}: loss {epoch.loss:.4f}, {epoch.nats_per_note:.4f} nats per note"
        )
