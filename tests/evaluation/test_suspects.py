"""Wrong labels are found, right ones left alone."""

import numpy as np
import pytest

from headstart.evaluation.suspects import _claimed, suspects


def blobs(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n samples of k classes that hardly overlap, float32 (n, 30), and their labels."""
    chance = np.random.default_rng(seed)
    labels = np.arange(n) % k
    middles = chance.normal(size=(k, 30)) * 1.5
    return (middles[labels] + chance.normal(size=(n, 30))).astype(np.float32), labels


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_flipped_labels_are_found(k: int, seed: int) -> None:
    features, true = blobs(1000, k, seed)
    chance = np.random.default_rng(seed + 50)
    flipped = chance.permutation(1000)[:50]
    given = true.copy()
    given[flipped] = (given[flipped] + chance.integers(1, k, 50)) % k
    fold = chance.permutation(1000) % 5
    found = suspects(features, given, np.arange(1000), fold, k)
    hits = set(found.samples.tolist()) & set(flipped.tolist())
    assert len(hits) >= 45
    assert len(hits) >= 0.9 * len(found.samples)
    which = np.isin(found.samples, flipped)
    assert (found.likely[which] == true[found.samples[which]]).all()
    doubt = found.p_label - found.p_likely
    assert (np.diff(doubt) >= 0).all()


def test_right_labels_are_left_alone() -> None:
    features, labels = blobs(600, 3, 7)
    found = suspects(features, labels, np.arange(600), np.arange(600) // 3 % 5, 3)
    assert len(found.samples) <= 6


def test_samples_that_cannot_be_held_out_are_no_suspects() -> None:
    features, labels = blobs(300, 2, 1)
    given = labels.copy()
    given[:4] = 1 - given[:4]
    fold = np.arange(300) // 2 % 5
    fold[:2] = -1
    found = suspects(features, given, np.arange(300), fold, 2)
    assert set(found.samples.tolist()) >= {2, 3}
    assert not {0, 1} & set(found.samples.tolist())


def test_a_class_claims_what_it_is_surer_of_than_of_its_own() -> None:
    # Mean of class 0 among its own: 0.7; of class 1: 0.6. The third sample, labelled 0, reaches
    # the mean of class 1; the fourth, labelled 1, reaches that of neither.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7], [0.5, 0.5], [0.3, 0.7]])
    assert _claimed(np.array([0, 0, 0, 1, 1]), probabilities).tolist() == [0, 0, 1, 1, 1]
