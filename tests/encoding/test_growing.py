"""Arrays that grow on disk."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzgen.encoding.growing import GrowingArray


@settings(max_examples=20)
@given(st.lists(st.integers(0, 50), max_size=10), st.sampled_from([(), (3,), (2, 2)]))
def test_blocks_come_back_as_one_array(tmp_path_factory, sizes, row_shape):
    path = tmp_path_factory.mktemp("growing") / "a.npy"
    rng = np.random.default_rng(0)
    blocks = [rng.integers(-99, 99, (size, *row_shape)) for size in sizes]
    with GrowingArray(path, np.int16, row_shape) as array:
        for block in blocks:
            array.append(block)
        assert len(array) == sum(sizes)
    expected = np.concatenate([np.empty((0, *row_shape), np.int64), *blocks])
    loaded = np.load(path)
    assert loaded.dtype == np.int16
    assert loaded.shape == (sum(sizes), *row_shape)
    assert np.array_equal(loaded, expected)


def test_can_be_memory_mapped(tmp_path):
    with GrowingArray(tmp_path / "a.npy", np.uint8) as array:
        array.append(np.arange(5))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert mapped.tolist() == [0, 1, 2, 3, 4]


def test_rows_of_another_shape_are_refused(tmp_path):
    with GrowingArray(tmp_path / "a.npy", np.uint8, (2,)) as array:
        array.append(np.ones((1, 2)))
        with pytest.raises(ValueError, match="rows of shape"):
            array.append(np.ones((1, 3)))
    assert np.load(tmp_path / "a.npy").shape == (1, 2)


def test_the_file_is_whole_after_an_error(tmp_path):
    def break_off():
        with GrowingArray(tmp_path / "a.npy", np.uint8) as array:
            array.append(np.arange(300))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert np.load(tmp_path / "a.npy").shape == (300,)


def test_memory_stays_flat(tmp_path):
    block = np.zeros((1 << 16, 4), np.uint8)
    tracemalloc.start()
    try:
        with GrowingArray(tmp_path / "a.npy", np.uint8, (4,)) as array:
            for _ in range(64):  # 16 MiB
                array.append(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20
    assert np.load(tmp_path / "a.npy", mmap_mode="r").shape == (64 << 16, 4)
