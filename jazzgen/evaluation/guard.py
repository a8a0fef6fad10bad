"""The guard after training: does what a network plays fall into repeating or copying?

A network that goes on with a few pieces for too long loses what it knew: it hangs on one note,
plays bars over and over, or plays its pieces back. Nats per note need not show it, so the guard
lets it play over the beginnings of its training pieces, where it would most likely recite them,
and looks at what comes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.manner import Manner
from jazzgen.evaluation.line import Line
from jazzgen.evaluation.metrics import played_bars
from jazzgen.evaluation.originality import CorpusIndex
from jazzgen.generation.improvise import improvise_all, in_order
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.solo import Request, Solo
from jazzgen.music.changes import Changes
from jazzgen.music.notes import IntArray, Notes
from jazzgen.network.model_folder import StoredModel

SOLOS: Final = 8
BARS: Final = 16
"""Of each solo, and of the excerpts of the training pieces that it is compared with."""

TYPICAL_RUN: Final = 12
"""Notes of a copied run that are nothing unusual: players share runs of 8 to 12 with others."""

MAX_COPIED: Final = 10
"""What `generate --max-copied` is recommended, where a network copies."""

_MORE: Final = 0.1
"""Share, of notes or of bars, by which one and a half times what the pieces do may be exceeded."""

_LONG_HANG: Final = 12
"""Notes in a row on one pitch that are let pass whatever the training pieces do. Else twice what
they do: of few solos, the longest is a matter of chance."""

_MOST_PIECES: Final = 200
_MOST_NOTES: Final = 300_000
"""Of large corpora so much is looked at: the guard takes seconds, whatever was learned from."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How much solos repeat themselves, and a corpus.

    Attributes:
        notes: all notes looked at.
        repeated_notes: share of notes on the pitch of the note before, 0 to 1.
        longest_hang: notes in a row on one pitch, at most.
        repeated_bars: share of bars, of those with two notes or more, that have the notes and the
            onsets of an earlier bar of the same solo, 0 to 1.
        longest_copied: notes of the longest copied run, intervals and rhythm alike; of training
            pieces, of what stands in the pieces of other groups.
        copied: share of notes in copied runs of more than `TYPICAL_RUN` notes, 0 to 1.
    """

    notes: int
    repeated_notes: float
    longest_hang: int
    repeated_bars: float
    longest_copied: int
    copied: float


@dataclass(frozen=True, slots=True)
class Guard:
    """What the guard saw.

    Attributes:
        played: the model's solos.
        real: the training pieces.
    """

    played: Habits
    real: Habits

    @property
    def collapsed(self) -> bool:
        """Whether it repeats itself much more than its training pieces do."""
        played, real = self.played, self.real
        return (
            not played.notes
            or played.repeated_notes > _bound(real.repeated_notes)
            or played.repeated_bars > _bound(real.repeated_bars)
            or played.longest_hang > max(_LONG_HANG, 2 * real.longest_hang)
        )

    @property
    def copies(self) -> bool:
        """Whether it copies its training pieces much more than they share with each other."""
        return self.played.copied > _bound(self.real.copied)

    @property
    def lines(self) -> tuple[str, str]:
        """One line on repeating and one on copying: `all right`, or a warning and what to do."""
        played, real = self.played, self.real
        repeating = (
            f"{played.repeated_notes:.0%} of its notes repeat the one before (training pieces "
            f"{real.repeated_notes:.0%}), at most {played.longest_hang} in a row "
            f"({real.longest_hang}); {played.repeated_bars:.0%} of its bars repeat an earlier one "
            f"({real.repeated_bars:.0%})"
        )
        copying = (
            f"longest run from the training pieces {played.longest_copied} notes; "
            f"{played.copied:.0%} of its notes in runs of more than {TYPICAL_RUN} (they share with "
            f"each other {real.copied:.0%})"
        )
        advice = "fewer --epochs, a lower --learning-rate or more pieces help"
        return (
            f"warning: it gets stuck: {repeating}; {advice}"
            if self.collapsed
            else f"repeats itself no more than it should: {repeating}",
            f"warning: it plays its training pieces back: {copying}; {advice}, and `jazzgen "
            f"generate --max-copied {MAX_COPIED}` keeps it from it"
            if self.copies
            else f"copies no more than it should: {copying}",
        )

    def to_json(self) -> dict[str, Any]:
        """Both sides' figures and the two verdicts."""
        return {
            "collapsed": self.collapsed,
            "copies": self.copies,
            "played": asdict(self.played),
            "real": asdict(self.real),
        }


def guard(model: StoredModel, dataset: Dataset, *, seed: int = 0) -> Guard | None:
    """Lets a model play over the changes of training pieces and compares it with them.

    Args:
        model: just trained.
        dataset: what it was trained on.
        seed: of the solos and of which pieces.

    Returns:
        None where nothing can be said: in the grammar, and without training pieces.
    """
    pieces = dataset.pieces("train")
    if dataset.vocabulary.encoding != "interval" or not len(pieces):
        return None
    pieces = np.random.default_rng(seed).permutation(pieces)
    ends = np.cumsum(dataset.notes[pieces])
    known = pieces[: int(np.searchsorted(ends, _MOST_NOTES)) + 1]
    index = CorpusIndex.from_dataset(dataset, known.tolist())
    # Played are pieces that are in the index, looked at ones too.
    solos = list(_played(model, dataset, known.tolist(), seed))
    copied = [index.profile(Line.from_notes(solo.notes, solo.changes)) for solo in solos]
    played = _habits([(solo.notes, solo.changes) for solo in solos], copied)
    excerpts = (
        excerpt
        for piece in dataset.solos(known[:_MOST_PIECES].tolist())
        for excerpt in _excerpts(piece.notes, piece.changes)
    )
    return Guard(played, _habits(excerpts, index.profiles()))


def _played(
    model: StoredModel, dataset: Dataset, pieces: Sequence[int], seed: int
) -> Iterable[Solo]:
    chosen = [pieces[k % len(pieces)] for k in range(SOLOS)]
    requests = (
        Request(
            piece.changes.repeated(bars=BARS), seed + k, piece.tempo_bpm, Manner.of(piece.about)
        )
        for k, piece in enumerate(dataset.solos(chosen))
    )
    return in_order(improvise_all(model, requests, sampling=Sampling(ending=False)))


def _excerpts(notes: Notes, changes: Changes) -> Iterable[tuple[Notes, Changes]]:
    """Every `BARS` bars, ticks counted from the start of the piece; what is left over, too."""
    lines = changes.bar_lines
    for first in range(0, changes.bars, BARS):
        start, end = int(lines[first]), int(lines[min(first + BARS, changes.bars)])
        yield notes[(notes.onset >= start) & (notes.onset < end)], changes


def _habits(solos: Iterable[tuple[Notes, Changes]], copied: Sequence[IntArray]) -> Habits:
    """Figures of solos.

    Args:
        solos: notes and the bars they lie in.
        copied: of each solo or of others, as `CorpusIndex.profile` gives it.
    """
    notes = again = hang = bars = bars_again = 0
    for line, changes in solos:
        same = np.diff(line.pitch) == 0
        notes += len(line)
        again += int(same.sum())
        hang = max(hang, _longest(same) + 1 if len(line) else 0)
        own, own_again = _bars(line, changes)
        bars, bars_again = bars + own, bars_again + own_again
    covered = sum(int(_covered(profile).sum()) for profile in copied)
    looked_up = sum(map(len, copied))
    return Habits(
        notes=notes,
        repeated_notes=again / max(1, notes),
        longest_hang=hang,
        repeated_bars=bars_again / max(1, bars),
        longest_copied=max((int(profile.max(initial=0)) for profile in copied), default=0),
        copied=covered / max(1, looked_up),
    )


def _longest(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _bars(notes: Notes, changes: Changes) -> tuple[int, int]:
    """Bars with two notes or more, and how many of them repeat an earlier one."""
    number, inside = played_bars(notes, changes)
    if not len(number):
        return 0, 0
    onset, pitch = notes.onset[inside], notes.pitch[inside]
    lines = changes.bar_lines[np.searchsorted(changes.bar_lines, onset, side="right") - 1]
    rows = np.stack((onset - lines, pitch), axis=1)
    each = np.split(rows, np.flatnonzero(np.diff(number)) + 1)
    full = [bar.tobytes() for bar in each if len(bar) > 1]
    return len(full), len(full) - len(set(full))


def _covered(profile: IntArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which notes of a solo stand in a copied run of more than `TYPICAL_RUN` notes."""
    change = np.zeros(len(profile) + 1, dtype=np.int64)
    long = np.flatnonzero(profile > TYPICAL_RUN)
    np.add.at(change, long - profile[long] + 1, 1)
    np.add.at(change, long + 1, -1)
    return np.cumsum(change[:-1]) > 0


def _bound(real: float) -> float:
    return 1.5 * real + _MORE
