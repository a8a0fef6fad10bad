"""The Weimar Jazz Database: transcribed solos in the SQLite file that its users download.

Source: Pfleiderer, Frieler, Abeßer, Zaddach, Burkhart (eds.), Inside the Jazzomat, Schott
Campus 2017. The tables used are `melody` (notes, each placed by bar, beat and tatum, the
subdivision of its beat), `beats` (one row a beat, with the chord where it changes) and
`solo_info`.

A beat of the database is a beat here (24 ticks), whatever unit it is written in.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np

from jazzgen.corpus.piece import Piece, Skipped, starting_at_first_bar
from jazzgen.errors import ChordError, CorpusError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import Chord, parse_chord
from jazzgen.music.notes import DEFAULT_VELOCITY, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

LICENCE: Final = (
    "Weimar Jazz Database (WJazzD), Jazzomat Research Project, University of Music Franz Liszt "
    "Weimar, under the Open Data Commons Open Database License 1.0; to be cited as Pfleiderer, "
    "Frieler, Abeßer, Zaddach, Burkhart (eds.), Inside the Jazzomat, Schott Campus 2017"
)

_TABLES = {
    "melody": {
        *("melid", "onset", "pitch", "duration", "bar", "beat", "tatum", "division", "beatdur"),
    },
    "beats": {"beatid", "melid", "onset", "bar", "beat", "chord"},
    "solo_info": {"melid", "performer", "title"},
}

_ABOUT = (
    *("performer", "title", "titleaddon", "instrument", "style", "tempoclass", "rhythmfeel"),
    *("key", "signature"),
)


class WJazzDSource:
    """All solos of a Weimar Jazz Database file, in the order of their numbers (`melid`)."""

    def __init__(self, path: Path) -> None:
        """Opens the database.

        Raises:
            CorpusError: when `path` is not an SQLite file with the tables of the database.
        """
        self.name = path.name
        self.licence = LICENCE
        self._path = path
        if not path.is_file():
            raise CorpusError(f"{path}: no such file")
        try:
            with self._connect() as db:
                for table, needed in _TABLES.items():
                    columns = {row[1] for row in db.execute(f"pragma table_info({table})")}
                    if missing := needed - columns:
                        raise CorpusError(
                            f"{path}: not the Weimar Jazz Database: table `{table}` "
                            + (f"lacks {', '.join(sorted(missing))}" if columns else "is missing")
                        )
                self._ids = [row[0] for row in db.execute("select melid from solo_info order by 1")]
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _connect(self) -> closing[sqlite3.Connection]:
        db = sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        return closing(db)

    def _unreadable(self, error: sqlite3.Error) -> CorpusError:
        return CorpusError(f"{self._path}: not a readable SQLite database ({error})")

    def sha256(self) -> str:
        """SHA-256 of the database file."""
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Piece | Skipped]:
        with self._connect() as db:
            try:
                _speed_up(db)
            except sqlite3.Error as error:
                raise self._unreadable(error) from error
            for melid in self._ids:
                try:
                    yield self._read(db, melid)
                except (sqlite3.Error, TypeError, ValueError, ArithmeticError) as error:
                    yield Skipped(source=f"solo {melid}", reason=f"damaged rows: {error}")

    def _read(self, db: sqlite3.Connection, melid: int) -> Piece | Skipped:
        info = db.execute("select * from solo_info where melid = ?", (melid,)).fetchone()
        about = {k: str(info[k]) for k in _ABOUT if k in info.keys() and info[k]}  # noqa: SIM118
        name = f"solo {melid}, {about.get('performer', '?')}, {about.get('title', '?')}"
        beats = db.execute(
            "select bar, beat, chord from beats where melid = ? order by beatid", (melid,)
        ).fetchall()
        rows = db.execute(
            "select * from melody where melid = ? order by onset", (melid,)
        ).fetchall()
        if not beats or not rows:
            return Skipped(source=name, reason="no beats" if rows else "no notes")

        beat_number = {(row["bar"], row["beat"]): i for i, row in enumerate(beats)}
        if missing := sum((row["bar"], row["beat"]) not in beat_number for row in rows):
            return Skipped(source=name, reason=f"{missing} notes on beats that `beats` lacks")
        onset = np.array([_onset(row, beat_number) for row in rows], dtype=np.int32)
        notes, merged = _monophonic(onset, rows, _seconds_per_beat(db, melid))

        chords: list[tuple[int, Chord]] = []
        for i, row in enumerate(beats):
            if row["chord"]:
                try:
                    chord = parse_chord(row["chord"])
                except ChordError as error:
                    return Skipped(source=name, reason=f"bar {row['bar']}: {error}")
                chords.append((i * TICKS_PER_BEAT, chord))
        bar_lines = [
            i * TICKS_PER_BEAT for i, row in enumerate(beats) if row["beat"] == 1 or i == 0
        ]
        bar_lines.append(len(beats) * TICKS_PER_BEAT)

        remarks = [f"left out on the tick of another note: {merged}"] if merged else []
        tempo = info["avgtempo"] if "avgtempo" in info.keys() else None  # noqa: SIM118
        return starting_at_first_bar(
            Piece(
                key=str(melid),
                group=f"{about.get('performer', '')} / {_tune(about.get('title', ''))}",
                notes=notes,
                changes=Changes.build(chords, bar_lines),
                tempo_bpm=float(tempo or 120.0),
                about=about,
                remarks=tuple(remarks),
            )
        )


def _speed_up(db: sqlite3.Connection) -> None:
    # The published file has no index on melid; scanning 200,000 rows for each of 456 solos is
    # slow, and the file is read only: index a copy of the columns in memory instead.
    for table in ("melody", "beats"):
        db.execute(f"create temp table _{table} as select * from main.{table}")
        db.execute(f"create index temp._{table}_melid on _{table}(melid)")
        db.execute(f"create temp view {table} as select * from _{table}")


def _onset(row: Mapping[str, Any], beat_number: dict[tuple[int, int], int]) -> int:
    if not 1 <= row["tatum"] <= row["division"]:
        raise ValueError(f"tatum {row['tatum']} of a beat of {row['division']}")
    within = round(TICKS_PER_BEAT * (row["tatum"] - 1) / row["division"])
    return beat_number[row["bar"], row["beat"]] * TICKS_PER_BEAT + int(within)


def _seconds_per_beat(db: sqlite3.Connection, melid: int) -> float | None:
    times = [r[0] for r in db.execute("select onset from beats where melid = ?", (melid,))]
    return float(np.median(np.diff(times))) if len(times) > 1 else None


def _monophonic(
    onset: np.ndarray[Any, np.dtype[np.int32]], rows: list[Any], beat_s: float | None
) -> tuple[Notes, int]:
    """Notes in ticks; of several on one tick the first is kept, and the rest are counted."""
    keep = np.append(True, np.diff(np.maximum.accumulate(onset)) > 0)
    keep &= onset == np.maximum.accumulate(onset)
    beat_durations = [row["beatdur"] or beat_s or 0.5 for row in rows]
    length = np.array(
        [
            round(TICKS_PER_BEAT * r["duration"] / b)
            for r, b in zip(rows, beat_durations, strict=True)
        ]
    )
    onset, length = onset[keep], length[keep]
    length = np.maximum(1, length)
    length[:-1] = np.minimum(length[:-1], np.diff(onset))
    pitch = np.array([round(row["pitch"]) for row in rows], dtype=np.int32)[keep]
    if outside := pitch[(pitch < 0) | (pitch > 127)].tolist():
        raise ValueError(f"pitch {outside[0]} (0-127 are possible)")
    notes = Notes(
        onset=onset,
        length=length.astype(np.int32),
        pitch=pitch,
        velocity=np.full(len(onset), DEFAULT_VELOCITY, dtype=np.int32),
    )
    return notes, int(np.count_nonzero(~keep))


def _tune(title: str) -> str:
    """The tune without what tells takes and versions apart: "Embraceable You (Alt. Take)"."""
    title = re.sub(r"\(.*?\)|\[.*?\]|\b(alt(ernate)?\.?|take)\b.*$", " ", title.lower())
    title = re.sub(r"[-#]\s*\d+\s*$", " ", title)
    return " ".join(re.sub(r"[^a-z0-9 ]", "", title).split())
