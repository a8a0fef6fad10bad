"""Whatever way a dataset is fed, every value is learned from once, in order, with its context."""

import hashlib
import tracemalloc
from collections import Counter

import numpy as np
import pytest

from jazzgen.encoding.context import SLOTS
from jazzgen.network.batches import Windows, stream_batches, whole_pieces, window_batches


class Rows:
    """Follows the rows of batches and puts together what each of them plays."""

    def __init__(self):
        self.finished = []
        self._open = {}

    def take(self, batch, span):
        width = batch.inputs.shape[1]
        for row in range(width):
            counted = np.flatnonzero(batch.counts[:, row])
            carried = bool(batch.carry[row, 0])
            if not carried:
                self._close(row)
            if not len(counted):
                assert not carried
                assert np.all(batch.inputs[:, row] == -1)
                continue
            first, last = counted[0], counted[-1]
            assert np.all(batch.counts[first : last + 1, row] == 1)  # without a gap
            assert np.all(np.delete(batch.inputs[:, row], counted) == -1)
            if carried:
                assert first == 0
                assert row in self._open
                assert self._open[row]["reaches_end"]  # the state comes straight from its last step
            else:
                self._open[row] = {"inputs": [], "targets": [], "context": []}
                assert len(counted) < span or first == 0
            piece = self._open[row]
            piece["reaches_end"] = last == len(batch.counts) - 1
            piece["inputs"] += batch.inputs[counted, row].tolist()
            piece["targets"] += batch.targets[counted, row].tolist()
            piece["context"] += batch.context[counted, row].tolist()
        for row in [r for r in self._open if r >= width]:
            self._close(row)

    def close(self):
        for row in list(self._open):
            self._close(row)
        return self.finished

    def _close(self, row):
        if row in self._open:
            self.finished.append(self._open.pop(row))


def expected_pieces(dataset, pieces):
    found = []
    for piece in pieces:
        values, context = dataset.sequence(piece)
        found.append((values[:-1].tolist(), values[1:].tolist(), context[1:].tolist()))
    return found


def as_played(finished):
    return [(piece["inputs"], piece["targets"], piece["context"]) for piece in finished]


@pytest.mark.parametrize("span", [1, 4, 16, 500])
@pytest.mark.parametrize("batch", [1, 3, 20])
def test_a_stream_plays_every_piece_once_from_beginning_to_end(dataset, batch, span):
    pieces = dataset.pieces(None).tolist()
    rows = Rows()
    for made in stream_batches(pieces, dataset, batch, span, np.random.default_rng(batch)):
        assert made.inputs.shape == (span, batch)
        rows.take(made, span)
    assert sorted(as_played(rows.close())) == sorted(expected_pieces(dataset, pieces))


def test_a_stream_is_dealt_and_cut_anew_every_epoch(dataset):
    pieces = dataset.pieces("train").tolist()

    def epoch(seed):
        rng = np.random.default_rng(seed)
        return [m.inputs.tolist() for m in stream_batches(pieces, dataset, 2, 16, rng)]

    assert epoch(1) == epoch(1)
    assert epoch(1) != epoch(2)
    # Of one long piece, the first span ends somewhere else.
    longest = [int(np.argmax(np.diff(dataset.offsets)))]
    ends = {
        int(next(iter(stream_batches(longest, dataset, 1, 16, rng))).counts.sum())
        for rng in map(np.random.default_rng, range(40))
    }
    assert len(ends) > 10
    assert ends <= set(range(1, 17))


def test_a_stream_keeps_its_rows_busy(dataset):
    pieces = dataset.pieces(None).tolist()
    made = list(stream_batches(pieces, dataset, 3, 4, np.random.default_rng(0)))
    assert np.mean([m.counts.any(axis=0).mean() for m in made]) > 0.8


def test_a_stream_takes_the_named_pieces_only(dataset):
    pieces = dataset.pieces("validation").tolist()
    assert 0 < len(pieces) < len(dataset)
    rows = Rows()
    for made in stream_batches(pieces, dataset, 2, 8, np.random.default_rng(0)):
        rows.take(made, 8)
    assert sorted(as_played(rows.close())) == sorted(expected_pieces(dataset, pieces))


@pytest.mark.parametrize("span", [1, 7, 500])
def test_whole_pieces_measures_everything_once(dataset, span):
    pieces = dataset.pieces(None).tolist()
    rows, width = Rows(), len(pieces)
    for made in whole_pieces(pieces, dataset, span):
        assert made.inputs.shape[1] <= width  # rows are dropped from the end alone
        width = made.inputs.shape[1]
        rows.take(made, span)
    assert sorted(as_played(rows.close())) == sorted(expected_pieces(dataset, pieces))


def test_whole_pieces_of_none_is_none(dataset):
    assert not list(whole_pieces([], dataset, 5))
    assert not list(stream_batches([], dataset, 2, 5, np.random.default_rng(0)))


@pytest.mark.parametrize("batch", [1, 4, 1000])
def test_all_windows_each_once(dataset, batch):
    windows = dataset.windows("train")
    x, y = dataset.tensors("train")
    played = Counter()
    for made in window_batches(windows, dataset, batch, np.random.default_rng(0)):
        assert made.inputs.shape == (dataset.tx, batch)
        assert not made.carry.any()
        filled = made.counts.any(axis=0)
        assert np.all(made.counts[:, filled] == 1)
        assert np.all(made.inputs[:, ~filled] == -1)
        for row in np.flatnonzero(filled):
            played[
                tuple(made.inputs[:, row].tolist()),
                tuple(made.targets[:, row].tolist()),
                made.context[:, row].tobytes(),
            ] += 1
    expected = Counter(
        (
            tuple(x[i].argmax(axis=-1).tolist()),
            tuple(y[:, i].argmax(axis=-1).tolist()),
            dataset.context[windows[i, 1:]].tobytes(),
        )
        for i in range(len(windows))
    )
    assert played == expected


def test_windows_come_in_another_order_every_epoch(dataset):
    windows = dataset.windows("train")

    def epoch(seed):
        rng = np.random.default_rng(seed)
        return [m.inputs.tolist() for m in window_batches(windows, dataset, 4, rng)]

    assert epoch(1) == epoch(1)
    assert epoch(1) != epoch(2)


# Manner and places


def test_places_say_where_targets_stand(dataset):
    pieces = dataset.pieces("train").tolist()
    windows = dataset.windows("train")
    for batches in (
        whole_pieces(pieces, dataset, 7),
        stream_batches(pieces, dataset, 3, 8, np.random.default_rng(0)),
        window_batches(windows, dataset, 5, np.random.default_rng(0)),
    ):
        seen = []
        for batch in batches:
            counted = batch.counts > 0
            np.testing.assert_array_equal(
                dataset.values[batch.places[counted]], batch.targets[counted]
            )
            np.testing.assert_array_equal(
                dataset.context[batch.places[counted]], batch.context[counted]
            )
            seen += batch.places[counted].tolist()
        starts = set(dataset.offsets.tolist())
        spans = [range(dataset.offsets[p], dataset.offsets[p + 1]) for p in pieces]
        assert set(seen) == {at for span in spans for at in span} - starts


MANNER = [i for i, slot in enumerate(SLOTS) if slot.name in ("style", "instrument", "feel")]


@pytest.mark.parametrize("dropout", [0.0, 0.4, 1.0])
def test_manner_is_left_open_piece_by_piece(dataset, dropout):
    pieces = dataset.pieces("train").tolist()
    told = Manners(dataset)
    kept, rng = [], np.random.default_rng(1)
    for _ in range(30):
        by_piece = {}
        for batch in stream_batches(pieces, told, 3, 8, rng, manner_dropout=dropout):
            counted = batch.counts > 0
            piece = np.searchsorted(dataset.offsets, batch.places[counted], side="right") - 1
            for p, row in zip(piece, batch.context[counted][:, MANNER], strict=True):
                by_piece.setdefault(p, set()).add(tuple(row))
        for rows in by_piece.values():
            assert len(rows) == 1  # all of a piece alike
            (row,) = rows
            assert all(part in (0, full) for part, full in zip(row, (2, 3, 4), strict=True))
            kept.append(np.array(row) > 0)
    shares = np.mean(kept, axis=0)
    np.testing.assert_allclose(shares, 1 - dropout, atol=0.12)
    if dropout == 0.4:  # each part on its own
        assert len({tuple(row.tolist()) for row in kept}) == 8


class Manners:
    """A dataset that says style 2, instrument 3, feel 4 of everything."""

    def __init__(self, dataset):
        self.offsets, self.values = dataset.offsets, dataset.values
        self._dataset = dataset

    def sequence(self, piece):
        values, context = self._dataset.sequence(piece)
        context = context.copy()
        context[:, MANNER] = 2, 3, 4
        return values, context


# How many there are, that they stay the same, and what they take


def digest(batches):
    """Of everything in some batches."""
    told = hashlib.sha256()
    for made in batches:
        for array in (made.inputs, made.context, made.targets, made.counts, made.carry):
            told.update(np.ascontiguousarray(array).tobytes())
        told.update(made.places.tobytes())
    return told.hexdigest()[:16]


class Numbers:
    """Pieces of 1 to 46 values that count upwards."""

    offsets = np.cumsum([0, *range(1, 50, 5)])
    values = np.arange(offsets[-1]) % 78
    context = np.arange(offsets[-1] * len(SLOTS)).reshape(-1, len(SLOTS)) % 2

    def sequence(self, piece):
        span = slice(self.offsets[piece], self.offsets[piece + 1])
        return self.values[span], self.context[span]


def test_the_same_seed_gives_the_same_batches_as_ever():
    """Or a run that was begun with an older version would not be resumed but go astray."""
    data, rng = Numbers(), np.random.default_rng
    stream = stream_batches(range(10), data, 3, 8, rng(7), 3, 0.3)
    assert digest(stream) == "dbdd62462dfcebf6"
    assert digest(stream) == "dbdd62462dfcebf6"  # gone through again, they are the same
    rows = np.arange(0, 190, 3)[:, None] + np.arange(9)
    assert digest(window_batches(rows, data, 5, rng(7))) == "955285d0d90724fa"


@pytest.mark.parametrize(("batch", "span"), [(1, 1), (3, 16), (20, 500)])
def test_their_number_is_known_before(dataset, batch, span):
    pieces = dataset.pieces(None).tolist()
    made = stream_batches(pieces, dataset, batch, span, np.random.default_rng(0))
    assert len(made) == len(list(made)) > 0
    made = window_batches(dataset.windows(), dataset, batch, np.random.default_rng(0))
    assert len(made) == len(list(made)) > 0


@pytest.mark.parametrize("hop", [1, 3, 8, 50])
@pytest.mark.parametrize("side", ["train", "validation", "other"])
def test_windows_are_those_of_the_dataset(make_dataset, hop, side):
    data = make_dataset((14, 3, 40, 22, 9, 31, 1, 17, 26), validation=0.25, hop=hop)
    expected, windows = data.windows(side), Windows(data, side)
    assert len(windows) == len(expected)
    chosen = np.random.default_rng(0).permutation(len(expected))
    np.testing.assert_array_equal(windows[chosen], expected[chosen])


class Long:
    """As many pieces as asked for, out of the same few values."""

    tx, hop = 30, 15

    def __init__(self, pieces, length=600):
        self.offsets = np.arange(pieces + 1) * length
        self.values = np.broadcast_to(np.uint8(3), (pieces * length,))
        self.context = np.broadcast_to(np.int16(0), (pieces * length, len(SLOTS)))

    def pieces(self, side):
        return np.arange(len(self.offsets) - 1)

    def sequence(self, piece):
        return self.values[:600], self.context[:600]


@pytest.mark.parametrize("kind", ["stream", "windows"])
def test_an_epoch_takes_no_more_memory_over_more_pieces(kind):
    def peak(pieces):
        data, rng = Long(pieces), np.random.default_rng(0)
        tracemalloc.start()
        try:
            if kind == "stream":
                batches = stream_batches(range(pieces), data, 16, 96, rng, 3, 0.3)
            else:
                batches = window_batches(Windows(data), data, 64, rng)
            for _ in batches:
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(20), peak(400)
    values = 600 * 380 * (1 + 2 * len(SLOTS))  # bytes of values and context that came on top
    assert many - few < values / 40
