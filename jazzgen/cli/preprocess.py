"""`jazzgen preprocess`."""

import time
from collections import Counter
from pathlib import Path

import click

from jazzgen.cli.output import Reporter, counted, output_options
from jazzgen.cli.parameters import BEATS, PARTS, Number
from jazzgen.corpus.piece import Skipped
from jazzgen.corpus.sources import is_midi, open_source
from jazzgen.encoding.preprocess import ENCODINGS, InterruptedRunError
from jazzgen.encoding.preprocess import preprocess as build_dataset
from jazzgen.encoding.remarks import SHOWN, Remarks
from jazzgen.encoding.split import SPLITS, read_split_table
from jazzgen.encoding.tensors import write_tensors
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.files import check_writable
from jazzgen.music.ticks import TICKS_PER_BEAT


class _Interrupted(click.ClickException):
    """Ctrl-C, with the exit status that shells give it."""

    exit_code = 130


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Dataset folder.")
@click.option(
    "--encoding",
    type=click.Choice(ENCODINGS),
    default="interval",
    show_default=True,
    help="How solos are spelled: `interval` keeps pitch and rhythm and needs no vocabulary; "
    "`grammar` is deepjazz's abstraction over the chords.",
)
@click.option(
    "--rests",
    metavar="BEATS",
    type=Number(min=1 / TICKS_PER_BEAT),
    help="Grammar only: the shortest silence that is spelled as a rest [default: 4, as deepjazz].",
)
@click.option(
    "--tx",
    type=click.IntRange(2, 100_000),
    default=30,
    show_default=True,
    help="Length of the windows in values (Tx).",
)
@click.option(
    "--hop", type=click.IntRange(min=1), help="Values from window to window  [default: Tx]."
)
@click.option("--tensors", type=click.Path(path_type=Path), help="Also write X and Y as .npz here.")
@click.option("--melody", type=click.IntRange(min=0), help="MIDI: number of the melody's part.")
@click.option("--chords", type=PARTS, help="MIDI: number(s) of the accompanying parts, as 0,1,6.")
@click.option("--beats", type=BEATS, help="MIDI: take only this excerpt, as 476-548.")
@click.option(
    "--validation",
    type=Number(0, 0.9),
    default=0.1,
    show_default=True,
    help="Share held out to measure on; pieces of one tune and player stay together.",
)
@click.option(
    "--split",
    "split_file",
    type=click.Path(path_type=Path),
    help="CSV of piece key and `train` or `validation`, instead of --validation.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the held-out share.")
@click.option("--overwrite", is_flag=True, help="Replace a dataset that is in --out.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 1024),
    help="Processes that read MIDI files; the dataset does not depend on it  [default: all cores].",
)
@output_options
def preprocess(
    sources: tuple[str, ...],
    out: Path,
    encoding: str,
    rests: float | None,
    tx: int,
    hop: int | None,
    tensors: Path | None,
    melody: int | None,
    chords: tuple[int, ...] | None,
    beats: tuple[float, float] | None,
    validation: float,
    split_file: Path | None,
    seed: int,
    overwrite: bool,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Turn a corpus into a dataset of one-hot sequences.

    SOURCE is a MIDI file, a folder of MIDI files, the Weimar Jazz Database (wjazzd.db), or a
    collection that the music21 package carries, such as music21:ryansMammoth.

    \b
    Examples:
      jazzgen preprocess my-midi --out dataset
      jazzgen preprocess wjazzd.db --out dataset --tensors tensors.npz
      jazzgen preprocess music21:ryansMammoth --out dataset
      jazzgen preprocess original.mid --melody 5 --chords 0 --beats 476-548 \\
          --encoding grammar --out dataset

    A run that was interrupted or killed is gone on with when the same command is given again.
    What is left out is listed with its reason, here and in dataset.json. With --tensors,
    X (m, Tx, 78) and Y (Ty, m, 78), shifted by one, are written for use in your own code.
    """
    if (melody, chords, beats) != (None, None, None) and not all(map(is_midi, sources)):
        raise click.UsageError("--melody, --chords and --beats are for MIDI files alone")
    if rests is not None and encoding != "grammar":
        raise click.UsageError("--rests is for --encoding grammar")
    report_to = Reporter(as_json=as_json, quiet=quiet)
    began = time.perf_counter()
    table = read_split_table(split_file) if split_file else None
    opened = [
        open_source(
            source,
            melody=melody,
            chords=chords,
            beats=beats,
            literal_chords=encoding == "grammar",
        )
        for source in sources
    ]
    if tensors:
        check_writable(tensors)
    try:
        with report_to.progress("reading") as progress:
            dataset, report = build_dataset(
                opened,
                out,
                encoding=encoding,
                min_rest=None if rests is None else round(rests * TICKS_PER_BEAT),
                tx=tx,
                hop=hop,
                validation=validation,
                split_table=table,
                seed=seed,
                overwrite=overwrite,
                jobs=jobs,
                progress=progress,
                say=report_to.note,
            )
    except InterruptedRunError as error:
        raise _Interrupted(str(error)) from None
    m = dataset.window_count("train")
    m_validation = dataset.window_count("validation")
    shapes = write_tensors(dataset, tensors) if tensors else {}

    _list_skipped(report_to, report.skipped)
    _list_remarks(report_to, report.remarks)
    split = {name: len(dataset.pieces(name)) for name in SPLITS}
    report_to.say(
        f"{counted(report.pieces, 'piece')}, {report.notes} notes, {report.values} values "
        f"in {time.perf_counter() - began:.1f} s -> {out}"
    )
    report_to.say(
        f"train {counted(split['train'], 'piece')}, X ({m}, {tx}, {N_VALUES}), "
        f"Y ({tx}, {m}, {N_VALUES}); "
        f"validation {counted(split['validation'], 'piece')}, {counted(m_validation, 'window')}"
        + (f"; left aside {split['other']}" if split["other"] else "")
    )
    if report.folded:
        report_to.say(f"{report.folded} leaps beyond two octaves were folded")
    if report.unknown:
        share = report.unknown / report.values
        report_to.say(f"{report.unknown} values ({share:.0%}) too rare for a column became <UNK>")
    if shapes:
        report_to.say(f"tensors -> {tensors}: " + ", ".join(f"{k} {v}" for k, v in shapes.items()))
    if not split["validation"]:
        report_to.note("nothing is held out: training will measure itself on what it learns from")
    report_to.result(
        {
            "pieces": report.pieces,
            "notes": report.notes,
            "values": report.values,
            "m": m,
            "m_validation": m_validation,
            "Tx": tx,
            "n_values": N_VALUES,
            "symbols": len(dataset.vocabulary.symbols),
            "split": split,
            "folded_leaps": report.folded,
            "unknown_values": report.unknown,
            "skipped": [{"source": s.source, "reason": s.reason} for s in report.skipped],
            "out": str(out),
        }
    )


def _list_remarks(report_to: Reporter, remarks: Remarks) -> None:
    """What is the same for many pieces is said once."""
    for remark, count in remarks.common.items():
        report_to.note(f"{count} pieces: {remark}")
    for key, own in remarks.single.items():
        report_to.note(f"{key}: {'; '.join(own)}")
    if remarks.more:
        report_to.note(f"pieces.jsonl holds the remarks on {remarks.more} more")


def _list_skipped(report_to: Reporter, skipped: list[Skipped]) -> None:
    for item in skipped[:SHOWN]:
        report_to.note(f"skipped {item.source}: {item.reason}")
    if len(skipped) > SHOWN:
        reasons = Counter(item.reason for item in skipped[SHOWN:])
        for reason, count in reasons.most_common():
            report_to.note(f"skipped {count} more: {reason}")
        report_to.note("dataset.json lists all of them")
