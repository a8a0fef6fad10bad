"""`jazzgen train`."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jazzgen.cli.output import Reporter, output_options
from jazzgen.cli.parameters import Number
from jazzgen.encoding.dataset import Dataset
from jazzgen.errors import ModelError
from jazzgen.network.config import PRESETS

if TYPE_CHECKING:
    from jazzgen.network.training import Epoch, Progress


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
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the pieces.")
@click.option("--batch", type=click.IntRange(min=1), help="Sequences learned from at once.")
@click.option("--learning-rate", type=Number(min=0, min_open=True))
@click.option("--seed", type=click.IntRange(0, 20_000), default=0, show_default=True)
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--overwrite", is_flag=True, help="Replace a model that is in --out.")
@output_options
def train(
    dataset: Path,
    out: Path,
    preset: str,
    epochs: int | None,
    batch: int | None,
    learning_rate: float | None,
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
    if resume and (batch or learning_rate):
        raise click.UsageError("a resumed run keeps its settings; only --epochs can change")
    report_to = Reporter(as_json=as_json, quiet=quiet)
    opened = Dataset(dataset)
    chosen = PRESETS[preset]
    if resume and epochs is None:
        epochs = _epochs_of(out)
    given = {"epochs": epochs, "batch": batch, "learning_rate": learning_rate}
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    chosen = replace(chosen, training=replace(chosen.training, **settings))

    report_to.note("loading TensorFlow ...")
    from jazzgen.network.training_run import train as run

    with _display(report_to) as display:
        model, history, interrupted = run(
            opened,
            out,
            chosen,
            seed=seed,
            resume=resume,
            overwrite=overwrite,
            on_progress=display.progress,
            on_epoch=display.epoch,
        )
    seconds = sum(epoch.seconds for epoch in history.epochs)
    result: dict[str, Any] = {
        "epochs": len(history.epochs),
        "best_epoch": None,
        "nats_per_note": None,
        "seconds": round(seconds, 2),
        "values_per_second": None,
        "interrupted": interrupted,
        "model": str(out),
        "sha256": model.sha256,
    }
    if history.epochs:
        best = history.best
        speeds = sorted(epoch.values_per_second for epoch in history.epochs)
        result["best_epoch"] = best.number
        result["nats_per_note"] = best.nats_per_note
        result["values_per_second"] = round(speeds[len(speeds) // 2], 1)
        measured = "held-out" if len(opened.pieces("validation")) else "training"
        report_to.say(
            f"epoch {best.number} of {len(history.epochs)} kept: {best.nats_per_note:.3f} nats per "
            f"note on the {measured} pieces -> {out}"
        )
    if interrupted:
        report_to.note(f"interrupted; go on with: jazzgen train {dataset} --out {out} --resume")
    report_to.result(result)
    if interrupted:
        raise click.exceptions.Exit(130)  # as a shell reports Ctrl-C: what follows && waits


def _epochs_of(out: Path) -> int:
    from jazzgen.network.model_folder import load_model_folder

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
