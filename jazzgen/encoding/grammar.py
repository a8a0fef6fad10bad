"""The grammar encoding: deepjazz's abstraction of a solo, one value per note.

A value is `category,length` or `category,length,<upper,lower>`:

- category: what the note is over its chord: `C` chord tone, `S` scale tone, `A` approach tone (a
  semitone from a chord tone), `X` any other; `R` is a rest (see `grammar_harmony`);
- length in beats: a multiple of 1/4 or 1/3, three decimals;
- the leap from the note before, as bounds a minor third above and below it. The first note of a
  bar has none.

The idea is that of Keller & Morrison, "A Grammatical Approach to Automatic Improvisation" (SMC
2007), learned from solos by Gillick, Tang & Keller, "Learning Jazz Grammars" (SMC 2009), and given
to an LSTM in deepjazz (Ji-Sung Kim, 2016).

What is lost: pitches (a decoder draws new ones that fit the changes), micro-timing, and where
notes stand. A value holds a note's length and not the time to the next, so that decoded notes
follow each other end to end; of the silences only those of at least `min_rest` are spelled. The
default, a bar, spells an excerpt as deepjazz did, without a rest in it; a beat (24) or half a beat
(12) keeps more of the breath and of the place in the bar, for more values.

Categories and bar starts are judged where the notes really stand (moved to the grid), whereas
decoded notes stand closer together. Lengths and rests always survive encode → decode → encode.
Categories do as well, unless a dropped silence moved a note under another chord over which its
category is empty, such as a chord tone where there is no chord.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.base import EVENT, START_PITCH, Encoded
from jazzgen.encoding.grammar_decoding import PITCH_RANGE, GrammarDecoder, Harmony, parse_token
from jazzgen.encoding.grammar_harmony import REST, leap_bounds
from jazzgen.encoding.grammar_rhythm import BAR, grid_lengths, rests_before, split_rest, to_grid
from jazzgen.encoding.vocabulary import END, N_VALUES, UNKNOWN, Vocabulary
from jazzgen.errors import DatasetError
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

NAME: Final = "grammar"
"""Name of the encoding."""

DEFAULT_MIN_REST: Final = BAR
"""Ticks of the shortest silence that is spelled unless told otherwise."""


class Spelled(NamedTuple):
    """One value of a solo.

    Attributes:
        symbol: such as `C,0.250,<P4,m-2>`.
        tick: where it starts in the solo.
        pitch: the note it spells; -1 for a rest.
    """

    symbol: str
    tick: int
    pitch: int


def spell(notes: Notes, changes: Changes, min_rest: int = DEFAULT_MIN_REST) -> Iterator[Spelled]:
    """Spells a monophonic solo over its changes, value by value.

    Args:
        notes: the solo.
        changes: the chords and bar lines it is played over.
        min_rest: ticks, at least 1; shorter silences are dropped.
    """
    harmony = Harmony(changes)
    judged = to_grid(notes.onset)
    bars = np.searchsorted(changes.bar_lines, judged, side="right").tolist()
    rows = zip(
        notes.onset.tolist(),
        grid_lengths(notes.length).tolist(),
        notes.pitch.tolist(),
        rests_before(notes, min_rest).tolist(),
        judged.tolist(),
        bars,
        strict=True,
    )
    ends = (notes.onset + notes.length).tolist()
    end, bar_before, pitch_before = 0, -1, -1
    for i, (onset, length, pitch, rest, at, bar) in enumerate(rows):
        for part in split_rest(rest):
            yield Spelled(f"{REST},{_beats(part)}", min(end, onset), -1)
            end += part
        symbol = f"{harmony.at(at)[pitch % 12]},{_beats(length)}"
        if bar == bar_before:
            symbol += f",{leap_bounds(pitch_before, pitch)}"
        yield Spelled(symbol, onset, pitch)
        end, bar_before, pitch_before = ends[i], bar, pitch


def _beats(ticks: int) -> str:
    return f"{ticks / TICKS_PER_BEAT:.3f}"


def build_vocabulary(counts: Mapping[str, int]) -> Vocabulary:
    """Chooses the values of a corpus.

    Args:
        counts: how often each symbol occurs.

    Returns:
        Symbols in sorted order, the special ones last. Up to 77 distinct symbols: all, and
        `<END>`. Exactly 78: all, with no room for an end (the case of deepjazz's own excerpt).
        More: the 76 most frequent, of equals those that sort first, `<END>` and `<UNK>`, which
        stands for all the others. The order of `counts` does not matter.
    """
    symbols = sorted(counts)
    if len(symbols) < N_VALUES:
        special: tuple[str, ...] = (END,)
    elif len(symbols) == N_VALUES:
        special = ()
    else:
        special = (END, UNKNOWN)
        symbols.sort(key=lambda symbol: -counts[symbol])
        symbols = sorted(symbols[: N_VALUES - len(special)])
    return Vocabulary(encoding=NAME, symbols=(*symbols, *special))


class GrammarEncoding:
    """Solos as categories, lengths and bounds; see the module.

    Args:
        vocabulary: the values, as made by `build_vocabulary`.
        min_rest: ticks, at least 1: the shortest silence that is spelled as a rest.
        pitch_range: lowest and highest MIDI pitch a decoder draws, at least an octave apart.

    Raises:
        ValueError: when an argument is out of range or `vocabulary` holds a symbol that is not of
            the grammar.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        min_rest: int = DEFAULT_MIN_REST,
        pitch_range: tuple[int, int] = PITCH_RANGE,
    ) -> None:
        check_min_rest(min_rest)
        low, high = pitch_range
        if not (low >= 0 and low + 12 <= high <= 127):
            raise ValueError(f"pitch range {low}-{high} is not an octave or more within 0-127")
        self.vocabulary = vocabulary
        self.min_rest = min_rest
        self.pitch_range = pitch_range
        special = (END, UNKNOWN)
        self._tokens = [None if s in special else parse_token(s) for s in vocabulary.symbols]
        self._index = {symbol: i for i, symbol in enumerate(vocabulary.symbols)}

    @classmethod
    def from_pieces(
        cls, pieces: Iterable[Piece], min_rest: int = DEFAULT_MIN_REST
    ) -> "GrammarEncoding":
        """The encoding whose vocabulary comes from `pieces`, which are read once, one by one."""
        check_min_rest(min_rest)
        counts: Counter[str] = Counter()
        for piece in pieces:
            counts.update(s.symbol for s in spell(piece.notes, piece.changes, min_rest))
        return cls(build_vocabulary(counts), min_rest)

    def encode(self, piece: Piece) -> Encoded:
        """Spells a solo.

        Raises:
            DatasetError: when the solo needs a symbol that the vocabulary lacks and there is no
                `<UNK>` to stand for it.
        """
        values: list[int] = []
        ticks: list[int] = []
        reference = [START_PITCH]
        unknown = 0
        for symbol, tick, pitch in spell(piece.notes, piece.changes, self.min_rest):
            value = self._index.get(symbol)
            if value is None:
                value = self.vocabulary.unknown
                unknown += 1
            if value is None:
                raise DatasetError(
                    f"{piece.key}: {symbol} is not among the {len(self._index)} values of this "
                    "vocabulary, and it has none for unknown ones"
                )
            values.append(value)
            ticks.append(tick)
            reference.append(reference[-1] if pitch < 0 else pitch)
        ticks.append(piece.notes.end)
        return Encoded(
            values=np.array(values, dtype=np.uint8),
            ticks=np.array(ticks, dtype=np.int32),
            reference=np.array(reference, dtype=np.uint8),
            phase=np.full(len(ticks), EVENT, dtype=np.uint8),
            sounding=len(piece.notes),
            unknown=unknown,
        )

    def decoder(
        self,
        changes: Changes,
        *,
        rng: np.random.Generator,
        start_pitch: int = START_PITCH,
    ) -> GrammarDecoder:
        """A decoder at tick 0 of `changes` that draws pitches with `rng`."""
        return GrammarDecoder(
            self.vocabulary,
            self._tokens,
            changes,
            rng=rng,
            start_pitch=start_pitch,
            pitch_range=self.pitch_range,
        )


def check_min_rest(min_rest: int) -> None:
    """Raises ValueError unless `min_rest` is at least 1 tick."""
    if min_rest < 1:
        raise ValueError(f"a rest of {min_rest} ticks cannot be spelled; the shortest is 1")
