"""Some items of a source, encoded together: what one process does of preprocessing at a time."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jazzgen.corpus.piece import DivisibleSource, Piece, Skipped
from jazzgen.encoding.base import EVENT, START_PITCH, Encoded
from jazzgen.encoding.context import N_SLOTS, ContextArray, ContextMaker
from jazzgen.encoding.grammar import spell
from jazzgen.encoding.interval import END, encode_notes
from jazzgen.encoding.manner import Manner

BOUNDARY: Final = -1
"""Stands for `<END>` among the numbers of a chunk's symbols."""

_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(slots=True)
class Chunk:
    """Encoded items in the order of their source.

    Attributes:
        items: how many items of the source they are.
        values: the sequences of all pieces end to end, each `<END> v1 … vn <END>`: values of the
            interval encoding, uint8; or numbers in `symbols`, int32, the end as `BOUNDARY`.
        context: int16 `(len(values), N_SLOTS)`.
        sizes: values of each piece, ends included.
        notes: sounding notes of each piece.
        pieces: a line for each piece, as in `pieces.jsonl`.
        index: a JSON line for each piece: key, group, remarks.
        symbols: those of the grammar that occur, in order of their first use.
        folded: leaps folded by octaves.
        skipped: what was left out.
        digests: 32 bytes for each item of a divisible source; see `DivisibleSource.digests`.
    """

    items: int
    values: npt.NDArray[np.uint8] | npt.NDArray[np.int32]
    context: ContextArray
    sizes: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)
    pieces: bytes = b""
    index: bytes = b""
    symbols: list[str] = field(default_factory=list)
    folded: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    digests: bytes = b""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How pieces are spelled.

    Attributes:
        min_rest: shortest silence, in ticks, that the grammar spells as a rest; None: the
            interval encoding.
        prefix: what goes before every key.
    """

    min_rest: int | None
    prefix: str


@dataclass(frozen=True, slots=True)
class Task:
    """A part of a divisible source to encode; can be sent to another process."""

    source: DivisibleSource
    spelling: Spelling


def run(task: Task) -> Chunk:
    """Encodes a part of a source."""
    chunk = encode(task.source, task.spelling)
    chunk.digests = task.source.digests()
    return chunk


def left_out(task: Task, reason: str) -> Chunk:
    """The chunk of a part that cannot be read."""
    chunk = encode([Skipped(key, reason) for key in task.source.item_keys()], task.spelling)
    chunk.digests = task.source.digests()
    return chunk


def encode(items: Iterable[Piece | Skipped], spelling: Spelling) -> Chunk:
    """Encodes pieces."""
    symbols: dict[str, int] = {}
    dtype: npt.DTypeLike = np.uint8
    if spelling.min_rest is None:
        end = END
        spelled: Callable[[Piece], Encoded] = _in_intervals
    else:
        end, dtype = BOUNDARY, np.int32
        min_rest = spelling.min_rest

        def spelled(piece: Piece) -> Encoded:
            return _in_grammar(piece, min_rest, symbols)

    chunk = Chunk(0, np.empty(0, dtype), np.empty((0, N_SLOTS), np.int16))
    values: list[npt.NDArray[Any]] = [chunk.values]
    context: list[ContextArray] = [chunk.context]
    lines: list[str] = []
    index: list[str] = []
    edge = np.array([end], dtype)
    for item in items:
        chunk.items += 1
        if isinstance(item, Skipped):
            chunk.skipped.append(replace(item, source=spelling.prefix + item.source))
            continue
        encoded = spelled(item)
        rows = ContextMaker(item.changes, item.tempo_bpm, Manner.of(item.about)).rows(
            encoded.ticks, encoded.reference, encoded.phase
        )
        values += (edge, encoded.values, edge)
        context += (rows[:1], rows)
        chunk.sizes.append(len(encoded.values) + 2)
        chunk.notes.append(encoded.sounding)
        chunk.folded += encoded.folded
        key = spelling.prefix + item.key
        row = {
            "key": key,
            "group": item.group,
            "notes": encoded.sounding,
            "bars": item.changes.bars,
            "tempo_bpm": round(item.tempo_bpm, 3),
            "changes": item.changes.to_json(),
            "about": dict(item.about),
            "remarks": list(item.remarks),
        }
        lines.append(_json(row) + "\n")
        index.append(json.dumps([key, item.group, item.remarks]) + "\n")
    chunk.values = np.concatenate(values)
    chunk.context = np.concatenate(context)
    # A lone surrogate, from a file name that is not UTF-8, becomes its JSON escape.
    chunk.pieces = "".join(lines).encode("utf-8", "backslashreplace")
    chunk.index = "".join(index).encode("ascii")
    chunk.symbols = list(symbols)
    return chunk


def _in_intervals(piece: Piece) -> Encoded:
    return encode_notes(piece.notes)


def _in_grammar(piece: Piece, min_rest: int, symbols: dict[str, int]) -> Encoded:
    """Spells a piece in numbers of symbols, int32, to which new ones are added."""
    values: list[int] = []
    ticks: list[int] = []
    reference = [START_PITCH]
    for symbol, tick, pitch in spell(piece.notes, piece.changes, min_rest):
        values.append(symbols.setdefault(symbol, len(symbols)))
        ticks.append(tick)
        reference.append(reference[-1] if pitch < 0 else pitch)
    ticks.append(piece.notes.end)
    return Encoded(
        values=np.array(values, dtype=np.int32),
        ticks=np.array(ticks, dtype=np.int32),
        reference=np.array(reference, dtype=np.uint8),
        phase=np.full(len(ticks), EVENT, dtype=np.uint8),
        sounding=len(piece.notes),
    )
