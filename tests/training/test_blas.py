from contextlib import ExitStack

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from headstart.training.blas import one_thread


def threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info()}


def test_whoever_goes_last_gives_the_threads_back_whatever_the_order():
    with threadpool_limits(3):
        first, second = ExitStack(), ExitStack()
        first.enter_context(one_thread)
        second.enter_context(one_thread)
        assert threads() == {1}
        first.close()
        assert threads() == {1}
        second.close()
        assert threads() == {3}


def test_an_error_gives_them_back_too():
    with threadpool_limits(3):
        with pytest.raises(ZeroDivisionError), one_thread:
            raise ZeroDivisionError
        assert threads() == {3}
