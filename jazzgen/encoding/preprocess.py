"""From sources of solos to a dataset folder."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from jazzgen.corpus.piece import DivisibleSource, Skipped, Source
from jazzgen.encoding.base import Encoding
from jazzgen.encoding.dataset import FORMAT, Dataset
from jazzgen.encoding.grammar import DEFAULT_MIN_REST, check_min_rest
from jazzgen.encoding.grammar_dataset import finish_grammar
from jazzgen.encoding.growing_dataset import GrowingDataset
from jazzgen.encoding.interval import IntervalEncoding
from jazzgen.encoding.reading import Progress, items_done, read_sources
from jazzgen.encoding.remarks import Remarks, summed_up
from jazzgen.encoding.split import SPLITS, split_by_group, split_by_table
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.encoding.work_folder import WorkFolder, work_folder
from jazzgen.errors import CorpusError, DatasetError, JazzgenError, OutputError

ENCODINGS: Final = ("interval", "grammar")


@dataclass(slots=True)
class Report:
    """What went into a dataset and what did not.

    Attributes:
        pieces: pieces encoded.
        notes: sounding notes in them.
        values: values to be predicted, ends included.
        folded: leaps folded by octaves.
        unknown: values spelled `<UNK>`.
        skipped: what was left out, with the reason.
        remarks: sentences about single pieces.
    """

    pieces: int = 0
    notes: int = 0
    values: int = 0
    folded: int = 0
    unknown: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)


class InterruptedRunError(KeyboardInterrupt):
    """Ctrl-C; the message says how a later run goes on."""


def preprocess(
    sources: Sequence[Source],
    out: Path,
    *,
    encoding: str = "interval",
    min_rest: int | None = None,
    tx: int = 30,
    hop: int | None = None,
    validation: float = 0.1,
    split_table: dict[str, int] | None = None,
    seed: int = 0,
    overwrite: bool = False,
    jobs: int | None = 1,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[Dataset, Report]:
    """Encodes every piece of the sources into a dataset folder.

    Few pieces are in memory at a time. The folder appears when it is complete; a dataset that was
    there before and may be overwritten is replaced only then. Until then everything is in a hidden
    folder beside it. It stays when the run is interrupted or killed, and the next run of the same
    sources and spelling goes on from there; the dataset is the same in the end.

    Args:
        sources: the corpora.
        out: the dataset folder.
        encoding: `interval` or `grammar`.
        min_rest: grammar only: shortest silence, in ticks, that is spelled as a rest.
        tx: length of the windows, in values, at least 2.
        hop: values between the starts of windows; `tx` unless given.
        validation: share of the values to hold out, 0 to below 1.
        split_table: side of each piece by its key (see `read_split_table`); replaces `validation`.
        seed: of the division into training and validation.
        overwrite: replace a dataset that is there.
        jobs: processes that read MIDI files, at least 1; None: one for each core. A few files are
            read by this one whatever is asked for. The dataset does not depend on it.
        progress: is told how far the reading is.
        say: is told when the run goes on from an earlier one, or could not.

    Returns:
        The dataset, opened, and the report.

    Raises:
        CorpusError: when no piece could be used; the message says why.
        DatasetError: when `out` holds a dataset that may not be overwritten, or something else, or
            another run is writing it.
        OutputError: when it cannot be written.
        ValueError: when a setting is out of range.
        InterruptedRunError: after Ctrl-C.
    """
    out = Path(out)
    _check_settings(encoding, tx, hop, validation)
    if jobs is not None and jobs < 1:
        raise ValueError("reading takes at least one process")
    rest = None
    if encoding == "grammar":
        rest = DEFAULT_MIN_REST if min_rest is None else min_rest
        check_min_rest(rest)
    _check_room(out, overwrite=overwrite)
    try:
        with work_folder(out) as folder:
            try:
                _check_room(out, overwrite=overwrite)  # another run may just have made it
                state = read_sources(sources, folder, rest, jobs, progress, say or _nobody)
                report = _finish(
                    sources,
                    folder,
                    state,
                    rest,
                    tx=tx,
                    hop=hop or tx,
                    split_table=split_table,
                    validation=validation,
                    seed=seed,
                )
                folder.publish()
            except (JazzgenError, ValueError):
                folder.remove()  # the same would come of it again
                raise
            except BaseException as error:
                done = items_done(folder.state())
                if not done:
                    folder.remove()
                elif isinstance(error, KeyboardInterrupt):
                    total = sum(map(len, sources))
                    raise InterruptedRunError(
                        f"interrupted; the same command goes on after {done:,} of {total:,} items"
                    ) from None
                raise
    except OSError as error:
        raise OutputError(f"{out}: cannot write the dataset ({error.strerror})") from error
    return Dataset(out), report


def _nobody(_: str) -> None:
    """Hears what nobody wants to know."""


def _finish(
    sources: Sequence[Source],
    folder: WorkFolder,
    state: dict[str, Any],
    min_rest: int | None,
    *,
    tx: int,
    hop: int,
    split_table: dict[str, int] | None,
    validation: float,
    seed: int,
) -> Report:
    """Completes the dataset with all that takes every piece to be known."""
    with GrowingDataset(folder.dataset, folder.path, min_rest is not None) as growing:
        growing.open(state)
    report = Report(folded=growing.folded, skipped=growing.skipped)
    kept = np.ones(len(growing), np.bool_)
    encoding: Encoding = IntervalEncoding()
    if min_rest is not None and len(growing):
        finished = finish_grammar(growing, min_rest, tx)
        folder.dataset = finished.folder
        encoding, kept, report.unknown = finished.encoding, finished.kept, finished.unknown
        report.skipped += finished.skipped
    report.pieces = int(kept.sum())
    if not report.pieces:
        raise CorpusError(_nothing(sources, report))
    sizes = np.diff(np.load(folder.dataset / "offsets.npy"))
    report.notes = int(np.load(folder.dataset / "notes.npy").sum(dtype=np.int64))
    report.values = int(sizes.sum()) - report.pieces

    def index() -> Iterator[tuple[str, str, list[str]]]:
        return compress(growing.index(), kept)

    if split_table is None:
        split = split_by_group((group for _, group, _ in index()), sizes, validation, seed)
    else:
        split = split_by_table([key for key, _, _ in index()], split_table)
    np.save(folder.dataset / "split.npy", split)
    report.remarks = summed_up(lambda: ((key, remarks) for key, _, remarks in index()))
    digests = growing.digests()
    info = {
        "format": FORMAT,
        "encoding": encoding.vocabulary.encoding,
        "vocabulary": encoding.vocabulary.to_json(),
        "Tx": tx,
        "hop": hop,
        "n_values": N_VALUES,
        "pieces": report.pieces,
        "notes": report.notes,
        "values": report.values,
        "split": {name: int(np.sum(split == i)) for i, name in enumerate(SPLITS)},
        "sources": [
            {
                "name": source.name,
                "items": len(source),
                "sha256": source.sha256_of(islice(digests, len(source)))
                if isinstance(source, DivisibleSource)
                else source.sha256(),
                "licence": source.licence,
            }
            for source in sources
        ],
        "folded_leaps": report.folded,
        "unknown_values": report.unknown,
        "skipped": [{"source": s.source, "reason": s.reason} for s in report.skipped],
    }
    if min_rest is not None:
        info["min_rest"] = min_rest
    text = json.dumps(info, indent=1, ensure_ascii=False)
    path = folder.dataset / "dataset.json"
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    return report


def _nothing(sources: Sequence[Source], report: Report) -> str:
    names = ", ".join(source.name for source in sources)
    if not report.skipped:
        return f"{names}: nothing to read"
    reasons = Counter(skipped.reason for skipped in report.skipped).most_common(3)
    listed = "; ".join(f"{reason} ({count})" for reason, count in reasons)
    return f"{names}: none of {len(report.skipped)} items could be used: {listed}"


def _check_settings(encoding: str, tx: int, hop: int | None, validation: float) -> None:
    if encoding not in ENCODINGS:
        raise ValueError(f"no encoding {encoding!r}; there are {', '.join(ENCODINGS)}")
    if tx < 2 or (hop is not None and hop < 1):
        raise ValueError("a window takes at least two values, a hop at least one")
    if not 0 <= validation < 1:
        raise ValueError("validation is a share, at least 0 and below 1")


def _check_room(out: Path, *, overwrite: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise DatasetError(f"{out}: is a file, not a folder for a dataset")
    if any(out.iterdir()) and not (out / "dataset.json").is_file():
        raise DatasetError(f"{out}: holds something other than a dataset; name another folder")
    if (out / "dataset.json").is_file() and not overwrite:
        raise DatasetError(f"{out}: holds a dataset already; --overwrite replaces it")
