"""data/periods.py: the oldest train, the newest test."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headstart.data.periods import divided
from headstart.errors import SourceError

ORDER = {"train": 0, "validation": 1, "test": 2}


@given(
    st.lists(st.integers(0, 40), min_size=3, max_size=200),
    st.floats(0, 0.45),
    st.floats(0, 0.45),
)
def test_no_side_is_empty_nor_older_than_the_one_before(
    times: list[int], validation: float, test: float
) -> None:
    wanted = 1 + (validation > 0) + (test > 0)
    assume(len({*times}) >= wanted)
    found = divided(np.array(times), validation=validation, test=test)
    assert len({*found}) == wanted
    pairs = sorted(zip(times, (ORDER[side] for side in found), strict=True))
    assert [side for _, side in pairs] == sorted(side for _, side in pairs)
    assert len({*pairs}) == len({*times})  # rows of one time are on one side


def test_shares_are_met_where_times_differ() -> None:
    found = divided(np.arange(1000)[::-1], validation=0.15, test=0.15)
    assert Counter(found) == {"train": 700, "validation": 150, "test": 150}
    assert found[0] == "test"
    assert found[-1] == "train"


def test_where_many_are_of_one_time_the_nearest_cut_is_taken() -> None:
    times = np.repeat([2021, 2022, 2023, 2024], [500, 240, 110, 150])
    found = divided(times, validation=0.15, test=0.15)
    assert Counter(found) == {"train": 740, "validation": 110, "test": 150}


def test_too_few_times_are_an_error() -> None:
    with pytest.raises(SourceError, match="There are 2 different times in all: too few to part"):
        divided(np.array([1, 1, 2]), validation=0.15, test=0.15)
    with pytest.raises(SourceError, match="There is one time in all"):
        divided(np.array([1, 1]), validation=0, test=0.15)
    assert divided(np.array([1, 1, 2]), validation=0, test=0.3) == ["train", "train", "test"]
