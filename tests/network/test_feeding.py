"""What is made ahead comes in order, never more than asked for, and stops when it is left."""

import threading
from contextlib import closing

import pytest

from jazzgen.network.feeding import prefetched


def test_everything_comes_in_order():
    assert list(prefetched(range(100))) == list(range(100))
    assert list(prefetched([])) == []
    assert list(prefetched([None, 0, False])) == [None, 0, False]


def test_it_is_made_in_another_thread_and_no_further_than_asked_for():
    made, makers, third = [], set(), threading.Event()

    def source():
        for i in range(10):
            made.append(i)
            makers.add(threading.get_ident())
            if i == 2:
                third.set()
            yield i

    with closing(prefetched(source(), ahead=2)) as coming:
        assert next(coming) == 0
        assert third.wait(10)  # while the first is worked on, two more are made
    assert made == [0, 1, 2]
    assert makers != {threading.get_ident()}


def test_what_goes_wrong_is_raised_where_it_is_due():
    def source():
        yield 1
        raise ValueError("no more")

    coming = prefetched(source())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="no more"):
        next(coming)


def test_no_thread_is_left_behind():
    before = threading.active_count()
    with closing(prefetched(iter(range(10**9)))) as coming:
        next(coming)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
