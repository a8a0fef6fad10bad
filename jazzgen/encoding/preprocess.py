"""From sources of solos to a dataset folder."""

import json
import pickle
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final

import numpy as np

from jazzgen.corpus.piece import Piece, Skipped, Source
from jazzgen.encoding.base import Encoding
from jazzgen.encoding.context import N_SLOTS, ContextMaker
from jazzgen.encoding.dataset import FORMAT, Dataset
from jazzgen.encoding.grammar import GrammarEncoding
from jazzgen.encoding.growing import GrowingArray
from jazzgen.encoding.interval import IntervalEncoding
from jazzgen.encoding.manner import Manner
from jazzgen.encoding.split import (
    SPLITS,
    SplitArray,
    split_by_group,
    split_by_table,
)
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.errors import CorpusError, DatasetError, OutputError

ENCODINGS: Final = ("interval", "grammar")

Progress = Callable[[int, int], None]
"""Called with the number of items done and their total."""


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
        remarks: sentences about single pieces, by their key.
    """

    pieces: int = 0
    notes: int = 0
    values: int = 0
    folded: int = 0
    unknown: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    remarks: dict[str, list[str]] = field(default_factory=dict)


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
    progress: Progress | None = None,
) -> tuple[Dataset, Report]:
    """Encodes every piece of the sources into a dataset folder.

    One piece is in memory at a time. The folder appears when it is complete; a dataset that was
    there before and may be overwritten is replaced only then.

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
        progress: is told how far the reading is.

    Returns:
        The dataset, opened, and the report.

    Raises:
        CorpusError: when no piece could be used; the message says why.
        DatasetError: when `out` holds a dataset that may not be overwritten, or something else.
        OutputError: when it cannot be written.
        ValueError: when a setting is out of range.
    """
    out = Path(out)
    _check_settings(encoding, tx, hop, validation)
    _check_room(out, overwrite=overwrite)
    report = Report()
    with ExitStack() as stack:
        pieces = _read(sources, report, progress)
        chosen: Encoding
        if encoding == "grammar":
            # Its vocabulary comes from the corpus: a first pass counts, a second one spells.
            spool = stack.enter_context(tempfile.TemporaryFile())
            options = {} if min_rest is None else {"min_rest": min_rest}
            chosen = GrammarEncoding.from_pieces(_spooling(pieces, spool), **options)
            pieces = _spooled(spool)
        else:
            chosen = IntervalEncoding()
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            # Beside its destination, so that the final rename stays on one file system.
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(dir=out.parent, prefix=".jazzgen-"))
            )
            made = folder / "dataset"
            made.mkdir()
            writer = _Writer(made, chosen, tx=tx, hop=hop or tx, report=report)
            writer.write(pieces)
            if not report.pieces:
                raise CorpusError(_nothing(sources, report))
            if split_table is None:
                split = split_by_group(writer.groups, writer.sizes, validation, seed)
            else:
                split = split_by_table(writer.keys, split_table)
            writer.finish(split, sources)
            _replace(made, out, folder / "before")
        except OSError as error:
            raise OutputError(f"{out}: cannot write the dataset ({error.strerror})") from error
    return Dataset(out), report


class _Writer:
    """Writes the arrays of a dataset piece by piece."""

    def __init__(
        self, folder: Path, encoding: Encoding, *, tx: int, hop: int, report: Report
    ) -> None:
        self._folder = folder
        self._encoding = encoding
        self._tx = tx
        self._hop = hop
        self._report = report
        self.keys: list[str] = []
        self.groups: list[str] = []
        self.sizes: list[int] = []

    def write(self, pieces: Iterable[Piece]) -> None:
        with (
            GrowingArray(self._folder / "values.npy", np.uint8) as values,
            GrowingArray(self._folder / "context.npy", np.int16, (N_SLOTS,)) as context,
            GrowingArray(self._folder / "offsets.npy", np.int64) as offsets,
            GrowingArray(self._folder / "notes.npy", np.int32) as notes,
            # A lone surrogate, from a file name that is not UTF-8, becomes its JSON escape.
            (self._folder / "pieces.jsonl").open(
                "w", encoding="utf-8", errors="backslashreplace"
            ) as about,
        ):
            offsets.append(np.zeros(1, dtype=np.int64))
            for piece in pieces:
                sounding = self._write_piece(piece, values, context, about)
                if sounding:
                    offsets.append(np.array([len(values)], dtype=np.int64))
                    notes.append(np.array([sounding], dtype=np.int32))

    def _write_piece(
        self, piece: Piece, values: GrowingArray, context: GrowingArray, about: IO[str]
    ) -> int:
        """Returns the number of sounding notes, 0 where the piece was left out."""
        encoded = self._encoding.encode(piece)
        rows = ContextMaker(piece.changes, piece.tempo_bpm, Manner.of(piece.about)).rows(
            encoded.ticks, encoded.reference, encoded.phase
        )
        end = self._encoding.vocabulary.end
        if end is None:
            sequence, rows = encoded.values, rows[:-1]
        else:
            sequence = np.concatenate(([end], encoded.values, [end])).astype(np.uint8)
            rows = np.concatenate((rows[:1], rows))
        if end is None and len(sequence) <= self._tx:
            reason = f"only {len(sequence)} values, a window needs {self._tx + 1} (see --tx)"
            self._report.skipped.append(Skipped(piece.key, reason))
            return 0
        values.append(sequence)
        context.append(rows)
        report = self._report
        report.pieces += 1
        report.notes += encoded.sounding
        report.values += len(sequence) - 1
        report.folded += encoded.folded
        report.unknown += encoded.unknown
        if piece.remarks:
            report.remarks[piece.key] = list(piece.remarks)
        self.keys.append(piece.key)
        self.groups.append(piece.group)
        self.sizes.append(len(sequence))
        row = {
            "key": piece.key,
            "group": piece.group,
            "notes": encoded.sounding,
            "bars": piece.changes.bars,
            "tempo_bpm": round(piece.tempo_bpm, 3),
            "changes": piece.changes.to_json(),
            "about": dict(piece.about),
            "remarks": list(piece.remarks),
        }
        about.write(json.dumps(row, ensure_ascii=False) + "\n")
        return encoded.sounding

    def finish(self, split: SplitArray, sources: Sequence[Source]) -> None:
        np.save(self._folder / "split.npy", split)
        report = self._report
        info = {
            "format": FORMAT,
            "encoding": self._encoding.vocabulary.encoding,
            "vocabulary": self._encoding.vocabulary.to_json(),
            "Tx": self._tx,
            "hop": self._hop,
            "n_values": N_VALUES,
            "pieces": report.pieces,
            "notes": report.notes,
            "values": report.values,
            "split": {name: int(np.sum(split == i)) for i, name in enumerate(SPLITS)},
            "sources": [
                {
                    "name": source.name,
                    "items": len(source),
                    "sha256": source.sha256(),
                    "licence": source.licence,
                }
                for source in sources
            ],
            "folded_leaps": report.folded,
            "unknown_values": report.unknown,
            "skipped": [{"source": s.source, "reason": s.reason} for s in report.skipped],
        }
        if isinstance(self._encoding, GrammarEncoding):
            info["min_rest"] = self._encoding.min_rest
        text = json.dumps(info, indent=1, ensure_ascii=False)
        path = self._folder / "dataset.json"
        path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def _read(sources: Sequence[Source], report: Report, progress: Progress | None) -> Iterator[Piece]:
    total = sum(len(source) for source in sources)
    done = 0
    for source, prefix in zip(sources, _prefixes(sources), strict=True):
        for item in source:
            done += 1
            if progress:
                progress(done, total)
            if isinstance(item, Skipped):
                report.skipped.append(replace(item, source=prefix + item.source))
            else:
                yield replace(item, key=prefix + item.key)


def _prefixes(sources: Sequence[Source]) -> list[str]:
    """What goes before the keys of each source, so that two sources never share one."""
    if len(sources) == 1:
        return [""]
    seen: Counter[str] = Counter()
    prefixes = []
    for source in sources:
        seen[source.name] += 1
        again = f" ({seen[source.name]})" if seen[source.name] > 1 else ""
        prefixes.append(f"{source.name}{again}/")
    return prefixes


def _spooling(pieces: Iterable[Piece], spool: IO[bytes]) -> Iterator[Piece]:
    for piece in pieces:
        pickle.dump(piece, spool, protocol=pickle.HIGHEST_PROTOCOL)
        yield piece


def _spooled(spool: IO[bytes]) -> Iterator[Piece]:
    """Reads back what `_spooling` wrote: our own temporary file, never a user's."""
    spool.seek(0)
    while True:
        try:
            piece: Piece = pickle.load(spool)
        except EOFError:
            return
        yield piece


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


def _replace(made: Path, out: Path, before: Path) -> None:
    if out.exists():
        out.rename(before)
    try:
        made.rename(out)
    except OSError:
        if before.exists():
            before.rename(out)
        raise
    shutil.rmtree(before, ignore_errors=True)
