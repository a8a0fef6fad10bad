"""`jazzgen evaluate`."""

import os

# A network is stepped through one solo at a time: a second BLAS thread only gets in its way. Read
# when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from jazzgen.cli.output import Reporter, counted, output_options
from jazzgen.cli.parameters import Number
from jazzgen.corpus.midi_source import tune
from jazzgen.corpus.piece import Piece
from jazzgen.corpus.sources import open_source
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.manner import Manner
from jazzgen.encoding.preprocess import preprocess
from jazzgen.encoding.split import SPLITS, read_split_table
from jazzgen.errors import CorpusError, OutputError
from jazzgen.evaluation.judge import MAX_BARS, MOST_SOLOS, judge_model, judge_solos
from jazzgen.evaluation.judgement import Judgement, RealSolos
from jazzgen.evaluation.report_json import judgement_json
from jazzgen.evaluation.report_text import judgement_lines
from jazzgen.files import check_writable
from jazzgen.generation.recipe import Recipe
from jazzgen.generation.sampling import Sampling
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.models import load_model
from jazzgen.rendering.solo_file import program_of, write_solo
from jazzgen.resources import bundled_models

_DEFAULTS = Sampling()
_MOST_BARS = 10_000


@click.command()
@click.argument("subject")
@click.option(
    "--corpus",
    required=True,
    help="Real solos: a dataset folder, or anything that `jazzgen preprocess` takes.",
)
@click.option(
    "--side",
    type=click.Choice((*SPLITS, "all")),
    help="Which of them to compare with  [default: validation, all where nothing is held out].",
)
@click.option(
    "--split",
    "split_file",
    type=click.Path(path_type=Path),
    help="CSV of piece key and side, as in `jazzgen preprocess`; not for datasets.",
)
@click.option("--validation", type=Number(0, 0.9), help="Share held out, likewise  [default: 0.1].")
@click.option(
    "--solos",
    type=click.IntRange(1, 10_000),
    help=f"How many solos a model plays  [default: one over each real one, at most {MOST_SOLOS}].",
)
@click.option(
    "--max-bars",
    type=click.IntRange(1, _MOST_BARS),
    default=MAX_BARS,
    show_default=True,
    help="Bars of each solo that are compared.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the first solo and of all else that is drawn.",
)
@click.option(
    "--temperature",
    type=Number(0, 10, min_open=True),
    default=_DEFAULTS.temperature,
    show_default=True,
)
@click.option(
    "--top-p", type=Number(0, 1, min_open=True), default=_DEFAULTS.top_p, show_default=True
)
@click.option(
    "--manner",
    type=click.Choice(["open", "real"]),
    default="open",
    show_default=True,
    help="Leave style, instrument and feel open, as `generate` does by itself, or ask for those of "
    "the real solos; for models that have learned them.",
)
@click.option(
    "--save-solos",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep the model's solos here, as MIDI.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="Write a page with pictures; one file, to be opened in any browser.",
)
@output_options
def evaluate(
    subject: str,
    corpus: str,
    side: str | None,
    split_file: Path | None,
    validation: float | None,
    solos: int | None,
    max_bars: int,
    seed: int,
    temperature: float,
    top_p: float,
    manner: str,
    save_solos: Path | None,
    report: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure a model, or solos of any origin, beside real solos.

    SUBJECT is a model (its name or folder), or solos: a MIDI file, a folder of them, or a dataset.
    A model is asked how well it expects the real solos, and plays solos of its own over their
    changes. Both sets are compared in published measures, by classifiers that try to tell them
    apart, and by what they have copied. docs/evaluation.md explains every figure.

    \b
    Examples:
      jazzgen evaluate my-model --corpus dataset --report report.html
      jazzgen evaluate standard --corpus wjazzd.db --split split.csv --json
      jazzgen evaluate my-solos --corpus dataset
    """
    report_to = Reporter(as_json=as_json, quiet=quiet)
    if report:
        check_writable(report)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jazzgen-")))
        name, chosen = _subject(subject, folder / "subject", report_to)
        if save_solos:
            if not isinstance(chosen, StoredModel):
                raise click.UsageError("--save-solos is for models")
            _make_folder(save_solos)
        dataset = _corpus(corpus, folder / "corpus", split_file, validation, report_to)
        if side is None:
            side = "validation" if len(dataset.pieces("validation")) else "all"
            if side == "all":
                report_to.note("nothing is held out in this corpus: compared with all of it")
        real = RealSolos.of(dataset, _name(corpus, dataset), side)
        if isinstance(chosen, StoredModel):
            judged = judge_model(
                chosen,
                real,
                solos=solos,
                max_bars=max_bars,
                sampling=Sampling(temperature=temperature, top_p=top_p),
                in_manner=manner == "real",
                seed=seed,
                task=report_to.progress,
            )
            if save_solos:
                _save(save_solos, chosen, judged)
        else:
            judged = judge_solos(
                name, chosen, real, max_bars=max_bars, seed=seed, task=report_to.progress
            )
        for line in judgement_lines(judged):
            report_to.say(line)
        for remark in judged.remarks:
            report_to.note(remark)
        if report:
            from jazzgen.evaluation.report import write_report

            write_report(report, judged)
            report_to.say(f"\nreport -> {report}")
        report_to.result(judgement_json(judged))


def _subject(
    subject: str, folder: Path, report_to: Reporter
) -> tuple[str, StoredModel | Sequence[Piece]]:
    """A model, or solos read as those of a corpus are."""
    path = Path(subject)
    if (path / "config.json").is_file() or (not path.exists() and subject in bundled_models()):
        model = load_model(subject)
        return model.name, model
    if not path.exists() and not subject.startswith("music21:"):
        raise CorpusError(
            f"{subject}: no such file or folder, and no model of that name comes with jazzgen "
            f"({', '.join(bundled_models())})"
        )
    # Through the encoding and back: then nothing tells them apart but what was played.
    dataset = _dataset(subject, folder, None, 0.0, report_to)
    pieces = tuple(dataset.solos(range(len(dataset))))
    return _name(subject, dataset), pieces


def _corpus(
    corpus: str,
    folder: Path,
    split_file: Path | None,
    validation: float | None,
    report_to: Reporter,
) -> Dataset:
    if (Path(corpus) / "dataset.json").is_file() and (split_file or validation is not None):
        raise click.UsageError(f"{corpus} is a dataset, which has a split of its own")
    share = 0.1 if validation is None else validation
    return _dataset(corpus, folder, split_file, share, report_to)


def _dataset(
    argument: str, folder: Path, split_file: Path | None, validation: float, report_to: Reporter
) -> Dataset:
    """Opens a dataset, or makes one in a temporary folder."""
    if (Path(argument) / "dataset.json").is_file():
        return Dataset(argument)
    table = read_split_table(split_file) if split_file else None
    source = open_source(argument)
    with report_to.progress("reading") as progress:
        dataset, made = preprocess(
            [source], folder, validation=validation, split_table=table, progress=progress
        )
    if made.skipped:
        first = made.skipped[0]
        report_to.note(
            f"{argument}: left out {counted(len(made.skipped), 'item')} of {len(source)} "
            f"({first.source}: {first.reason}{' …' if len(made.skipped) > 1 else ''})"
        )
    return dataset


def _name(argument: str, dataset: Dataset) -> str:
    """How a corpus is called in reports: never a machine's absolute path."""
    if (Path(argument) / "dataset.json").is_file():
        return Path(argument).resolve().name
    return str(dataset.info["sources"][0]["name"])


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error


def _save(folder: Path, model: StoredModel, judged: Judgement) -> None:
    """Writes a model's solos, named for the tune and the seed."""
    assert judged.generated is not None
    assert judged.generated.first_seed is not None
    for k, piece in enumerate(judged.generated.pieces):
        seed = judged.generated.first_seed + k
        title = tune(piece.about["title"]) or "solo"
        manner = Manner.of(piece.about)
        recipe = Recipe(
            model=model.name,
            model_sha256=model.sha256,
            form=piece.changes,
            bars=piece.changes.bars,
            tempo_bpm=piece.tempo_bpm,
            seed=seed,
            sampling=judged.sampling,
            program=program_of(manner.instrument),
            manner=manner,
        )
        write_solo(folder / f"{title} ({seed}).mid", piece.notes, piece.changes, recipe)
