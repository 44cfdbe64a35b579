import itertools
import threading
import time

import pytest

from headstart.parallel import side_by_side


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(workers):
    def work(n):
        time.sleep(0.002 * (n % 3))
        return n * n

    assert list(side_by_side(work, range(20), workers)) == [(n, n * n) for n in range(20)]


def test_no_items_give_no_results():
    assert list(side_by_side(str, [], 2)) == []


def test_items_are_worked_on_side_by_side():
    both = threading.Barrier(2)
    # Either waits for the other: one thread alone would never get past the barrier.
    assert len(list(side_by_side(lambda _: both.wait(timeout=10), range(8), 2))) == 8


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_than_twice_the_workers_are_held(workers):
    taken = 0
    begun = []
    results = side_by_side(lambda n: n, (begun.append(n) or n for n in range(50)), workers)
    for _ in results:
        assert len(begun) - taken <= 2 * workers
        taken += 1
    assert taken == len(begun) == 50


def test_an_endless_row_of_items_can_be_left_at_any_time():
    results = side_by_side(lambda n: n + 1, itertools.count(), 2)
    assert next(results) == (0, 1)
    assert next(results) == (1, 2)
    results.close()


def test_the_first_error_ends_it_and_what_waits_is_not_begun():
    begun = []

    def work(n):
        begun.append(n)
        if n == 3:
            raise KeyError("three")
        return n

    results = side_by_side(work, range(1000), 2)
    done = []
    with pytest.raises(KeyError, match="three"):
        done.extend(n for n, _ in results)
    assert len(begun) <= 3 + 2 * 2
    assert list(results) == []


def test_when_the_reader_leaves_what_is_under_way_is_finished_and_what_waits_not_begun():
    begun, finished = [], []
    leaving = threading.Event()

    def work(n):
        begun.append(n)
        if n > 0:
            leaving.wait(timeout=10)
        finished.append(n)

    results = side_by_side(work, range(1000), 2)
    next(results)
    while len(begun) < 3:  # 1 and 2 are under way, 3 waits
        time.sleep(0.001)
    timer = threading.Timer(0.05, leaving.set)
    timer.start()
    results.close()
    timer.join()
    assert sorted(begun) == sorted(finished) == [0, 1, 2]


def test_an_error_in_the_items_ends_it():
    def items():
        yield 1
        raise OSError("the disk is gone")

    results = side_by_side(str, items(), 2)
    with pytest.raises(OSError, match="the disk is gone"):
        list(results)
