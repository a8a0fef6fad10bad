"""Which pieces are learned from: by groups, or as a table says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.encoding.split import (
    OTHER,
    TRAIN,
    VALIDATION,
    read_split_table,
    split_by_group,
    split_by_table,
)
from jazzgen.errors import CorpusError

PIECES = st.lists(
    st.tuples(st.integers(0, 12).map(str), st.integers(1, 500)), min_size=1, max_size=40
)


@given(PIECES, st.floats(0, 0.9), st.integers(0, 5))
def test_a_group_is_on_one_side(pieces, fraction, seed):
    groups, weights = zip(*pieces, strict=True)
    split = split_by_group(groups, weights, fraction, seed)
    sides = {}
    for group, side in zip(groups, split.tolist(), strict=True):
        assert side in (TRAIN, VALIDATION)
        assert sides.setdefault(group, side) == side
    assert TRAIN in sides.values()  # something is left to learn from
    if fraction == 0 or len(sides) == 1:
        assert VALIDATION not in sides.values()
    else:
        assert VALIDATION in sides.values()


@given(PIECES, st.floats(0, 0.9), st.randoms(use_true_random=False))
def test_order_of_the_pieces_makes_no_difference(pieces, fraction, random):
    def sides(rows):
        groups, weights = zip(*rows, strict=True)
        split = split_by_group(groups, weights, fraction)
        return dict(zip(groups, split.tolist(), strict=True))

    shuffled = random.sample(pieces, len(pieces))
    assert sides(pieces) == sides(shuffled)


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.25, 0.5, 0.8])
def test_about_the_fraction_of_the_weight_is_held_out(fraction):
    weights = np.random.default_rng(0).integers(50, 150, 400)
    split = split_by_group([f"g{i}" for i in range(400)], weights.tolist(), fraction)
    assert split.dtype == np.uint8
    held_out = weights[split == VALIDATION].sum() / weights.sum()
    assert held_out == pytest.approx(fraction, abs=0.01)


def test_stable_between_runs_and_other_with_another_seed():
    groups = [f"player {i % 30} / tune {i}" for i in range(30)]
    first = split_by_group(groups, [1] * 30, 0.2)
    assert np.flatnonzero(first).tolist() == [3, 8, 13, 15, 20, 21]  # by SHA-256: on any machine
    assert not np.array_equal(first, split_by_group(groups, [1] * 30, 0.2, seed=1))


class TestTable:
    def read(self, tmp_path, content):
        path = tmp_path / "split.csv"
        path.write_bytes(content)
        return read_split_table(path)

    def test_sides(self, tmp_path):
        table = self.read(tmp_path, b"melid,split\n2,train\n 3 , Validation \n\n4,other\n5,test\n")
        assert table == {"2": TRAIN, "3": VALIDATION, "4": OTHER, "5": OTHER}
        split = split_by_table(["5", "3", "2", "unnamed"], table)
        assert split.tolist() == [OTHER, VALIDATION, TRAIN, OTHER]
        assert split.dtype == np.uint8

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"melid,split\n2\n", "each row must be"),
            (b"", "names no piece"),
            (b"melid,split\n", "names no piece"),
            (b"\xff\xfe\x00", "cannot read the split"),
        ],
    )
    def test_what_is_no_table(self, tmp_path, content, reason):
        with pytest.raises(CorpusError, match=reason):
            self.read(tmp_path, content)

    def test_no_file(self, tmp_path):
        with pytest.raises(CorpusError, match="cannot read the split"):
            read_split_table(tmp_path / "none.csv")

    def test_a_table_of_other_pieces(self):
        with pytest.raises(CorpusError, match=r"none of the 2 pieces.*'a\.mid'.*'7'"):
            split_by_table(["a.mid", "b.mid"], {"7": TRAIN})
        with pytest.raises(CorpusError, match="for training"):
            split_by_table(["7"], {"7": VALIDATION})
