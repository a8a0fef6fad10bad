"""Nats per note, worked by hand with engines whose probabilities are known."""

import math

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.context import N_SLOTS
from jazzgen.encoding.interval import END, FIRST_LENGTH, MAX_LEAP, REST
from jazzgen.encoding.preprocess import preprocess
from jazzgen.evaluation.likelihood import as_heard, likelihood, surprises
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes

CHANGES = Changes.build([(0, parse_chord("Dm7")), (96, parse_chord("G7"))], range(0, 400, 96))


class Corpus:
    """Pieces as a source."""

    name, licence = "corpus", ""

    def __init__(self, *pieces):
        self._pieces = pieces

    def sha256(self):
        return "0" * 64

    def __len__(self):
        return len(self._pieces)

    def __iter__(self):
        yield from self._pieces


def piece(key, *rows):
    return Piece(key, key, Notes.of(rows), CHANGES)


class Fixed:
    """The same probabilities at every step, whatever is fed; counts steps in its state."""

    def __init__(self, **shares):
        self.row = np.zeros(78, dtype=np.float32)
        for name, share in shares.items():
            self.row[int(name.removeprefix("v"))] = share

    def start(self, rows=1):
        return [np.zeros((rows, 1), dtype=np.float32)]

    def step(self, values, context, state):
        return np.tile(self.row, (len(values), 1)), [state[0] + 1]


@pytest.fixture
def dataset(tmp_path):
    # 62 (+2 from 60), an eighth; 62 (+0), an eighth, an eighth's rest. Then one note.
    two = piece("two", (0, 12, 62), (12, 12, 62), (36, 12, 64))
    one = piece("one", (0, 24, 64))
    data, _ = preprocess([Corpus(two, one)], tmp_path / "data", validation=0)
    return data


def test_by_hand(dataset):
    eighth, quarter = FIRST_LENGTH + 9, FIRST_LENGTH + 15
    assert dataset.sequence(0)[0].tolist() == [
        *(END, MAX_LEAP + 2, eighth, MAX_LEAP, eighth, REST, eighth, MAX_LEAP + 2, eighth, END)
    ]
    engine = Fixed(
        **{f"v{MAX_LEAP + 2}": 0.25, f"v{MAX_LEAP}": 0.125, f"v{REST}": 0.0625},
        **{f"v{eighth}": 0.5, f"v{quarter}": 0.03125, f"v{END}": 0.03125},
    )
    found = likelihood(engine, dataset, [0])
    ln2 = math.log(2)
    # Events: 2 + 3 + 4 + 2 + 5 (end) bits; four lengths of one bit each.
    assert found.pitch_nats.tolist() == pytest.approx([16 * ln2])
    assert found.length_nats.tolist() == pytest.approx([4 * ln2])
    assert found.nats_per_note == pytest.approx(20 / 3 * ln2)
    assert found.nats_per_note_pitch == pytest.approx(16 / 3 * ln2)
    assert found.nats_per_note_rhythm == pytest.approx(4 / 3 * ln2)
    # It would always guess an eighth: right for all lengths and for no event.
    assert (found.events.tolist(), found.event_hits.tolist()) == ([5], [0])
    assert (found.lengths.tolist(), found.length_hits.tolist()) == ([4], [4])
    assert found.interval_hits.tolist() == [0]


def test_hits_of_events(dataset):
    found = likelihood(Fixed(**{f"v{MAX_LEAP + 2}": 0.6, f"v{REST}": 0.4}), dataset, [0, 1])
    assert found.event_hits.tolist() == [2, 0]  # the first and the last note of the first piece
    assert found.interval_hits.tolist() == [2, 0]
    estimates = found.estimates()
    assert estimates["event_top1"].value == pytest.approx(2 / 7)
    assert estimates["interval_top1"].value == pytest.approx(2 / 4)
    assert estimates["length_top1"].value == 0
    # Impossible values cost much, not infinitely much.
    assert 50 < estimates["nats_per_note"].value < 1000


def test_order_and_company_do_not_matter(dataset):
    engine = Fixed(**{f"v{i}": 1 / 78 for i in range(78)})
    both, back = likelihood(engine, dataset, [0, 1]), likelihood(engine, dataset, [1, 0])
    assert both.by_piece.tolist() == back.by_piece.tolist()[::-1]
    assert both.notes.tolist() == [3, 1]
    assert both.nats_per_note == pytest.approx((9 + 3) * math.log(78) / 4)
    alone = [likelihood(engine, dataset, [i]).nats_per_note for i in (0, 1)]
    assert both.by_piece == pytest.approx(alone)


def test_the_interval_of_one_piece_is_unknown(dataset):
    engine = Fixed(**{f"v{i}": 1 / 78 for i in range(78)})
    one, two = (likelihood(engine, dataset, p).estimates()["nats_per_note"] for p in ([0], [0, 1]))
    assert not one.has_interval
    assert two.has_interval
    assert two.low <= two.value <= two.high


def test_progress(dataset):
    seen = []
    engine = Fixed(**{f"v{i}": 1 / 78 for i in range(78)})
    likelihood(engine, dataset, [0, 1], progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)


def test_as_heard(dataset):
    context = dataset.sequence(0)[1]
    assert context.shape[1] == N_SLOTS
    assert np.array_equal(as_heard(context, chords=True, manner=True), context)
    silent = as_heard(context, chords=False, manner=False)
    from jazzgen.encoding.context import ContextMaker
    from jazzgen.encoding.interval import encode_notes

    encoded = encode_notes(next(dataset.solos([0])).notes)
    rows = ContextMaker(CHANGES.without_chords(), 120).rows(
        encoded.ticks, encoded.reference, encoded.phase
    )
    assert np.array_equal(silent[1:], rows)


def test_surprises_tell_what_was_guessed(dataset):
    [found] = surprises(Fixed(**{f"v{REST}": 0.75, f"v{END}": 0.25}), [dataset.sequence(1)])
    assert found.guess.tolist() == [REST] * 3
    assert found.guess_probability.tolist() == [0.75] * 3
    assert found.is_length.tolist() == [False, True, False]
    assert found.is_note.tolist() == [True, False, False]
    assert found.nats[2] == pytest.approx(math.log(4))
