"""`jazzgen calibrate`."""

from pathlib import Path

import click

from jazzgen.cli.output import Reporter, output_options
from jazzgen.encoding.dataset import Dataset
from jazzgen.errors import ModelError
from jazzgen.generation.calibration import Calibration
from jazzgen.generation.calibration_fit import ROUNDS
from jazzgen.generation.calibration_fit import calibrate as fit
from jazzgen.network.model_folder import load_model_folder, write_calibration


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=ROUNDS,
    show_default=True,
    help="Of playing solos and comparing them with the players'.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--remove", is_flag=True, help="Take the calibration out of the model instead.")
@output_options
def calibrate(
    model: Path,
    dataset: Path,
    rounds: int,
    seed: int,
    remove: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a model's solos show players' habits as often as players do.

    MODEL is a model folder, DATASET what it was trained on. The model plays solos over the changes
    of the training pieces; what it does too often or too seldom (chord tones, leaps, turns,
    repeated figures, rests, ...) is weighed against a little, round after round. The weights go
    into the model folder; `generate` uses them. Likelihood is not touched.

    \b
    Example:
      jazzgen calibrate my-model dataset
    """
    report_to = Reporter(as_json=as_json, quiet=quiet)
    stored = load_model_folder(model)
    made: Calibration | None = None
    if not remove:
        opened = Dataset(dataset)
        if stored.vocabulary.encoding != "interval" or stored.vocabulary != opened.vocabulary:
            raise ModelError(f"{model}: only models of the interval encoding can be calibrated")
        with report_to.progress("playing and comparing") as progress:
            made = fit(stored, opened, rounds=rounds, seed=seed, progress=progress)
    write_calibration(model, None if made is None else made.to_json())
    report_to.say(f"{model}: calibration " + ("taken out" if made is None else "written"))
    report_to.result({"model": str(model), "calibration": None if made is None else made.to_json()})
