"""Shares, shades and pairs of a confusion matrix."""

import numpy as np

from headstart.report.matrix import Confusion, confusions, row_shares, shades


def test_each_row_with_samples_sums_to_one_and_an_empty_one_is_unknown() -> None:
    shares = row_shares([[3, 1, 0], [0, 0, 0], [0, 2, 2]])
    assert shares[0].tolist() == [0.75, 0.25, 0]
    assert np.isnan(shares[1]).all()
    assert shares[2].sum() == 1


def test_one_mistake_among_a_thousand_has_a_colour_and_none_has_not() -> None:
    colour = shades([[1000, 1], [0, 999]])
    assert colour[0, 0] == 1
    assert colour[0, 1] > 0.1
    assert colour[1, 0] == 0
    assert shades([[np.nan, np.nan]]).tolist() == [[0, 0]]


def test_the_most_frequent_confusion_comes_first_then_the_larger_share() -> None:
    matrix = [[8, 2, 0], [5, 5, 0], [0, 2, 3]]
    assert confusions(matrix, ["ant", "bee", "cat"], 2) == [
        Confusion("bee", "ant", 5, 0.5),
        Confusion("cat", "bee", 2, 0.4),
    ]
    assert confusions([[8, 0], [0, 5]], ["ant", "bee"], 2) == []
