"""How samples are drawn: by shares, by numbers, into folds."""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headstart.data.duplicates import identical
from headstart.data.split import SIDES, folds, per_class, stratified
from headstart.errors import OptionError
from headstart.store.files import sha256_of_file

any_time = settings(deadline=None, max_examples=40)
shares = st.floats(0, 0.6)
seeds = st.integers(0, 2**32 - 1)


def key(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


@dataclass(frozen=True)
class Samples:
    labels: list[str]
    clusters: np.ndarray
    keys: list[str]

    def in_order(self, order: list[int]) -> "Samples":
        """The same samples as they would be found in another order: clusters renumbered."""
        numbers: dict[int, int] = {}
        clusters = [numbers.setdefault(self.clusters[i], len(numbers)) for i in order]
        return Samples(
            [self.labels[i] for i in order],
            np.array(clusters, np.int64),
            [self.keys[i] for i in order],
        )

    def cluster_sizes(self, label: str) -> list[int]:
        own = self.clusters[np.array(self.labels) == label]
        return list(Counter(own.tolist()).values())


def single(counts: dict[str, int]) -> Samples:
    """Classes of so many samples, none like another."""
    labels = [label for label, n in counts.items() for _ in range(n)]
    keys = [key(f"{label}{i}") for label, n in counts.items() for i in range(n)]
    return Samples(labels, np.arange(len(labels)), keys)


@st.composite
def samples(draw, mixed: bool = True) -> Samples:
    """Up to 40 clusters of up to 5 samples: copies of one photo, or photos that are alike.

    Where `mixed`, the samples of a cluster may stand in several classes.
    """
    label = st.sampled_from(("cat", "dog", "eel", "10"))
    labels, clusters, keys = [], [], []
    for number in range(draw(st.integers(1, 40))):
        copies = draw(st.booleans())
        first = draw(label)
        for j in range(draw(st.sampled_from((1, 1, 1, 2, 3, 5)))):
            labels.append(draw(label) if mixed else first)
            clusters.append(number)
            keys.append(key(f"{number}" if copies else f"{number}.{j}"))
    return Samples(labels, np.array(clusters, np.int64), keys)


def split(s: Samples, validation: float = 0.15, test: float = 0.15, seed: int = 0) -> list[str]:
    return stratified(s.labels, s.clusters, s.keys, validation=validation, test=test, seed=seed)


def counted(s: Samples, sides: list[str]) -> dict[str, tuple[int, ...]]:
    """Class → samples in train, validation, test."""
    found = Counter(zip(s.labels, sides, strict=True))
    return {label: tuple(found[label, side] for side in SIDES) for label in dict.fromkeys(s.labels)}


@any_time
@given(samples(), shares, shares, seeds)
def test_every_sample_has_a_side_and_clusters_are_kept_whole(s, validation, test, seed):
    sides = split(s, validation, test, seed)
    assert len(sides) == len(s.labels)
    assert set(sides) <= set(SIDES)
    assert len(set(zip(s.clusters.tolist(), sides, strict=True))) == len(set(s.clusters.tolist()))


@any_time
@given(samples(mixed=False), st.floats(0.01, 0.4), st.floats(0.01, 0.4), seeds)
def test_each_class_is_shared_out_to_within_one_cluster(s, validation, test, seed):
    for label, (train, n_validation, n_test) in counted(
        s, split(s, validation, test, seed)
    ).items():
        sizes = s.cluster_sizes(label)
        n = sum(sizes)
        assert train >= 1
        wanted_test = min(max(1, round(test * n)), n - 1)
        wanted_validation = max(1, round(validation * n))
        assert n_test <= wanted_test
        assert n_validation <= wanted_validation
        if max(sizes) == 1:
            assert n_test == wanted_test
            assert n_validation == min(wanted_validation, n - 1 - n_test)
        elif n > wanted_test + wanted_validation + max(sizes):
            assert n_test > wanted_test - max(sizes)
            assert n_validation > wanted_validation - max(sizes)


@any_time
@given(samples(), shares, shares, seeds, st.randoms(use_true_random=False))
def test_the_split_does_not_depend_on_the_order_or_the_names_of_the_files(
    s, validation, test, seed, chance
):
    order = list(range(len(s.labels)))
    chance.shuffle(order)
    sides = split(s, validation, test, seed)
    assert split(s.in_order(order), validation, test, seed) == [sides[i] for i in order]


@any_time
@given(st.integers(1, 200), st.integers(1, 20), shares, shares, seeds)
def test_new_samples_move_few_others_and_none_of_other_classes(n, new, validation, test, seed):
    assume(validation + test < 1)
    before = single({"cat": n, "dog": 50})
    after = single({"cat": n + new, "dog": 50})
    old = dict(zip(before.keys, split(before, validation, test, seed), strict=True))
    now = dict(zip(after.keys, split(after, validation, test, seed), strict=True))
    moved = [k for k, side in old.items() if now[k] != side]
    assert len(moved) <= 4 * new
    assert all(now[k] == old[k] for k in before.keys[n:])


def test_ten_new_samples_among_a_thousand_move_at_most_ten():
    before, after = single({"cat": 1000}), single({"cat": 1010})
    moved = [a != b for a, b in zip(split(before), split(after)[:1000], strict=True)]
    assert sum(moved) <= 10


def test_another_seed_gives_another_split_and_the_same_seed_the_same():
    s = single({"cat": 100, "dog": 100})
    assert split(s, seed=1) == split(s, seed=1)
    assert split(s, seed=1) != split(s, seed=2)


@pytest.mark.parametrize(
    ("n", "sides"),
    [
        (1, (1, 0, 0)),
        (2, (1, 0, 1)),
        (3, (1, 1, 1)),
        (7, (5, 1, 1)),
        (20, (14, 3, 3)),
        (1000, (700, 150, 150)),
    ],
)
def test_a_small_class_goes_to_training_first_then_to_the_test(n, sides):
    s = single({"cat": n})
    assert counted(s, split(s)) == {"cat": sides}


@pytest.mark.parametrize(
    ("shares", "sides"), [((0, 0), (10, 0, 0)), ((0.2, 0), (8, 2, 0)), ((0, 0.2), (8, 0, 2))]
)
def test_a_share_of_nothing_gives_nothing(shares, sides):
    s = single({"cat": 10})
    assert counted(s, split(s, *shares)) == {"cat": sides}


def test_fault_15_copies_in_two_classes_stay_on_one_side():
    pairs = Samples(["cat", "dog"] * 30, np.arange(60) // 2, [key(i // 2) for i in range(60)])
    sides = split(pairs)
    assert sides[::2] == sides[1::2]
    assert set(sides) == set(SIDES)


@any_time
@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 30), min_size=1),
    st.integers(1, 20),
    st.integers(0, 10),
    st.integers(0, 10),
    st.sampled_from((None, *SIDES)),
    seeds,
)
def test_each_class_gives_exactly_the_numbers_that_were_asked_for(
    spare, train, validation, test, rest, seed
):
    fixed = dict(zip(SIDES, (train, validation, test), strict=True))
    counts = ",".join("rest" if side == rest else str(fixed[side]) for side in SIDES)
    needed = sum(n for side, n in fixed.items() if side != rest)
    s = single({label: needed + (rest is not None) + n for label, n in spare.items()})
    for label, got in counted(s, per_class(s.labels, s.clusters, s.keys, counts, seed)).items():
        expected = fixed | ({rest: 1 + spare[label]} if rest else {})
        assert got == tuple(expected.values())


@any_time
@given(samples(), st.sampled_from(("3,2,1", "rest,1,1", "1,rest,1", "2,2,rest")), seeds)
def test_numbers_by_class_keep_clusters_whole_or_are_refused(s, counts, seed):
    try:
        sides = per_class(s.labels, s.clusters, s.keys, counts, seed)
    except OptionError:
        return
    assert len(set(zip(s.clusters.tolist(), sides, strict=True))) == len(set(s.clusters.tolist()))
    assert ("unused" in sides) <= ("rest" not in counts)


def test_numbers_by_class_do_not_depend_on_the_order_of_the_files():
    s = single({"cat": 50, "dog": 60})
    order = list(range(110))
    random.Random(0).shuffle(order)
    sides = per_class(s.labels, s.clusters, s.keys, "20,5,5", 0)
    shuffled = s.in_order(order)
    assert per_class(shuffled.labels, shuffled.clusters, shuffled.keys, "20,5,5", 0) == [
        sides[i] for i in order
    ]


def test_classes_too_small_for_the_numbers_are_all_named_with_what_they_have():
    s = single({"cat": 9, "dog": 10, "eel": 2})
    with pytest.raises(OptionError) as caught:
        per_class(s.labels, s.clusters, s.keys, "5,3,2", 0)
    assert str(caught.value) == (
        "--per-class asks for more than there is: cat has 9 of 10; eel has 2 of 10. "
        "Lower the numbers, or use `rest` for one of them."
    )
    with pytest.raises(OptionError, match="eel has 2 of 3"):
        per_class(s.labels, s.clusters, s.keys, "rest,1,1", 0)


def test_copies_that_cannot_be_shared_out_as_asked_are_refused_not_left_short():
    pairs = Samples(["cat"] * 6, np.arange(6) // 2, [key(i // 2) for i in range(6)])
    with pytest.raises(OptionError, match="cat has copies that must stay together"):
        per_class(pairs.labels, pairs.clusters, pairs.keys, "1,1,1", 0)
    sides = per_class(pairs.labels, pairs.clusters, pairs.keys, "2,2,2", 0)
    assert Counter(sides) == dict.fromkeys(SIDES, 2)


@pytest.mark.parametrize("seed", range(6))
def test_copies_go_where_there_is_room_for_them(seed):
    three = Samples(["cat"] * 3, np.array([0, 1, 1]), [key(0), key(1), key(1)])
    sides = per_class(three.labels, three.clusters, three.keys, "2,1,0", seed)
    assert sides == ["validation", "train", "train"]


def test_the_tutorials_split_of_real_photos_has_the_tutorials_numbers(shared):
    photos = sorted((shared / "data" / "cats-dogs").glob("*.jpg"))
    labels = [photo.name[:3] for photo in photos]
    keys = [sha256_of_file(photo) for photo in photos]
    s = Samples(labels, identical(keys), keys)
    sides = per_class(labels, s.clusters, keys, "500,100,50", 0)
    assert counted(s, sides) == {"cat": (500, 100, 50), "dog": (500, 100, 50)}


@any_time
@given(samples(mixed=False), st.integers(2, 6), seeds)
def test_folds_keep_clusters_whole_and_never_judge_a_class_that_was_not_trained(s, k, seed):
    fold = folds(s.labels, s.clusters, s.keys, k, seed)
    assert fold.dtype == np.int64
    assert len(set(zip(s.clusters.tolist(), fold.tolist(), strict=True))) == len(set(s.clusters))
    labels = np.array(s.labels)
    for label in set(s.labels):
        mine = fold[labels == label]
        if len(s.cluster_sizes(label)) == 1:
            assert set(mine.tolist()) == {-1}
        else:
            assert set(mine.tolist()) <= set(range(k))
            assert len(set(mine.tolist())) >= 2


@any_time
@given(st.integers(2, 60), st.integers(2, 60), st.integers(2, 6), seeds)
def test_folds_are_stratified_and_of_even_size(cats, dogs, k, seed):
    s = single({"cat": cats, "dog": dogs})
    fold = folds(s.labels, s.clusters, s.keys, k, seed)
    for part in (fold, fold[:cats], fold[cats:]):
        sizes = np.bincount(part, minlength=k)
        assert sizes.max() - sizes.min() <= 1


def test_folds_do_not_depend_on_the_order_of_the_files():
    s = single({"cat": 50, "dog": 61})
    order = list(range(111))
    random.Random(0).shuffle(order)
    shuffled = s.in_order(order)
    fold = folds(s.labels, s.clusters, s.keys, 5, 0)
    again = folds(shuffled.labels, shuffled.clusters, shuffled.keys, 5, 0)
    np.testing.assert_array_equal(again, fold[order])
