"""data/grouped.py: groups of samples stay on one side."""

import hashlib
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.grouped import folds, stratified
from headstart.errors import SourceError


def keys(n: int) -> list[str]:
    return [hashlib.sha256(str(i).encode()).hexdigest() for i in range(n)]


def sides(labels: list[str], groups: list[int], seed: int = 0) -> list[str]:
    return stratified(
        labels, np.array(groups), keys(len(labels)), validation=0.15, test=0.15, seed=seed
    )


people = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=40, max_size=120
).filter(lambda rows: len({group for _, group in rows}) >= 12)


@settings(deadline=None, max_examples=60)
@given(people, st.integers(0, 5))
def test_no_group_is_parted_and_every_class_trains(rows: list[tuple[str, int]], seed: int) -> None:
    labels, groups = [label for label, _ in rows], [group for _, group in rows]
    found = sides(labels, groups, seed)
    on = defaultdict(set)
    for group, side in zip(groups, found, strict=True):
        on[group].add(side)
    assert max(map(len, on.values())) == 1
    assert {lab for lab, side in zip(labels, found, strict=True) if side == "train"} == {*labels}
    fold = folds(labels, np.array(groups), keys(len(rows)), 5, seed)
    assert all(len({*fold[np.array(groups) == group].tolist()}) == 1 for group in on)
    holders = defaultdict(set)
    for label, group in rows:
        holders[label].add(group)
    alone = {next(iter(found)) for found in holders.values() if len(found) == 1}
    assert {g for g, f in zip(groups, fold.tolist(), strict=True) if f < 0} == alone


def test_people_who_each_show_every_class_are_shared_out_to_the_sample() -> None:
    """As the sign digits are: each of 100 pupils shows each of ten digits once."""
    labels = [str(digit) for _ in range(100) for digit in range(10)]
    groups = [pupil for pupil in range(100) for _ in range(10)]
    found = sides(labels, groups)
    assert Counter(found) == {"train": 700, "validation": 150, "test": 150}
    by_class = Counter(zip(labels, found, strict=True))
    assert all(by_class[str(digit), "test"] == 15 for digit in range(10))
    assert sides(labels, groups, seed=1) != found
    fold = folds(labels, np.array(groups), keys(1000), 5, 0)
    assert np.bincount(fold).tolist() == [200] * 5


def test_groups_of_one_class_each_are_stratified_too() -> None:
    labels = [label for label in "ab" for _ in range(200)]
    groups = [i // 4 for i in range(400)]
    by_class = Counter(zip(labels, sides(labels, groups), strict=True))
    assert by_class["a", "test"] == by_class["b", "test"] == 28
    assert by_class["a", "validation"] == by_class["b", "validation"] == 32


def test_the_draw_does_not_hang_on_the_order_of_the_rows() -> None:
    labels, groups = list("abcd" * 30), [i // 6 for i in range(120)]
    found = dict(zip(keys(120), sides(labels, groups), strict=True))
    back = stratified(
        labels[::-1], np.array(groups[::-1]), keys(120)[::-1], validation=0.15, test=0.15, seed=0
    )
    assert dict(zip(keys(120)[::-1], back, strict=True)) == found


def test_a_few_large_groups_still_give_each_side_one() -> None:
    found = sides(["a", "b"] * 50 + ["a"], [0] * 50 + [1] * 50 + [2])
    assert {*found} == {"train", "validation", "test"}


def test_too_few_groups_are_an_error() -> None:
    with pytest.raises(SourceError, match="2 groups are too few to part"):
        sides(["a", "b"] * 50, [0] * 50 + [1] * 50)


def test_a_group_that_alone_has_a_class_is_only_trained_on() -> None:
    labels, groups = ["a", "b"] * 10 + ["c", "a"], [i // 2 for i in range(22)]
    fold = folds(labels, np.array(groups), keys(22), 5, 0)
    assert fold[20:].tolist() == [-1, -1]
    assert {*fold[:20].tolist()} == {0, 1, 2, 3, 4}
