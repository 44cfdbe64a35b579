"""Where it was least sure, and which classes are most alike."""

import numpy as np
import pytest

from headstart.report.alike import least_sure, most_alike
from headstart.report.predictions import Prediction

CLASSES = ["cat", "dog", "emu"]


def predicted(labels: str, shares: list[list[float]]) -> list[Prediction]:
    """What a network said of samples 0, 1, …, whose classes are told by their first letters."""
    full = {name[0]: name for name in CLASSES}
    return [
        Prediction(
            str(i), full[label], CLASSES[int(np.argmax(row))], row["cde".index(label)], max(row)
        )
        for i, (label, row) in enumerate(zip(labels, shares, strict=True))
    ]


SHARES = [[0.9, 0.08, 0.02], [0.5, 0.48, 0.02], [0.4, 0.1, 0.5], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1]]
ROWS = predicted("ccded", SHARES)
MATRIX = np.array(SHARES, np.float32)


def test_the_smallest_margin_is_the_least_sure_not_the_smallest_probability() -> None:
    found = least_sure(ROWS, MATRIX, CLASSES, 3)
    assert [each.row.sample for each in found] == ["1", "2", "4"]
    assert [each.second for each in found] == ["dog", "cat", "cat"]
    assert [each.p_second for each in found] == pytest.approx([0.48, 0.4, 0.3])
    flat = predicted("cc", [[0.5, 0.49, 0.01], [0.4, 0.3, 0.3]])
    shares = np.array([[0.5, 0.49, 0.01], [0.4, 0.3, 0.3]], np.float32)
    assert least_sure(flat, shares, CLASSES, 1)[0].row.sample == "0"


def test_two_classes_as_probable_as_each_other_are_both_named() -> None:
    (found,) = least_sure(
        predicted("d", [[0.5, 0.5, 0]]), np.array([[0.5, 0.5, 0]], np.float32), CLASSES, 9
    )
    assert (found.row.predicted, found.second) == ("cat", "dog")


def test_of_very_many_classes_what_was_answered_decides() -> None:
    found = least_sure(ROWS, None, CLASSES, 2)
    assert [(each.row.sample, each.second) for each in found] == [("1", ""), ("2", "")]


def test_how_alike_two_classes_are_counts_both_directions_whatever_their_sizes() -> None:
    first, second, third = most_alike(ROWS, MATRIX, CLASSES, 9)
    # Of two cats none was called dog, and dog got 0.08 and 0.48; of two dogs none was called
    # cat, and cat got 0.4 and 0.3.
    by_pair = {
        frozenset(half.true for half in pair.halves): pair for pair in (first, second, third)
    }
    assert by_pair[frozenset({"cat", "dog"})].alike == pytest.approx((0.28 + 0.35) / 4)
    # Of two dogs one was called emu, which got 0.5 and 0.1; of one emu none, and dog got 0.2.
    assert by_pair[frozenset({"dog", "emu"})].alike == pytest.approx((0.5 + 0.3 + 0.2) / 4)
    assert {half.true for half in first.halves} == {"dog", "emu"}
    assert first.alike > second.alike > third.alike
    dog, emu = first.halves
    assert (dog.n, dog.times, emu.n, emu.times) == (2, 1, 1, 0)
    assert (dog.mean, emu.mean) == pytest.approx((0.3, 0.2))
    assert dog.nearest == ROWS[2]
    assert (dog.p_other, emu.p_other) == pytest.approx((0.5, 0.2))


def test_the_order_of_the_classes_does_not_matter() -> None:
    turned = most_alike(ROWS, MATRIX[:, ::-1], CLASSES[::-1], 9)
    found = most_alike(ROWS, MATRIX, CLASSES, 9)
    assert [pair.alike for pair in turned] == pytest.approx([pair.alike for pair in found])
    assert [{half.true for half in p.halves} for p in turned] == [
        {half.true for half in p.halves} for p in found
    ]


def test_without_probabilities_the_confusions_alone_tell() -> None:
    (pair,) = most_alike(ROWS, None, CLASSES, 9)
    assert pair.alike == pytest.approx(0.5 / 2)
    dog, emu = pair.halves
    assert (dog.mean, dog.nearest, emu.nearest) == (None, ROWS[2], None)


def test_a_class_without_samples_is_judged_by_the_other_direction() -> None:
    shares = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]]
    pairs = most_alike(predicted("cd", shares), np.array(shares, np.float32), CLASSES, 9)
    (of_emu,) = (p for p in pairs if {h.true for h in p.halves} == {"cat", "emu"})
    assert of_emu.alike == pytest.approx(0.1 / 2)
    assert of_emu.halves[1].nearest is None


def test_two_classes_or_none_judged_have_no_pairs() -> None:
    assert most_alike([], None, CLASSES, 9) == []
    assert most_alike(ROWS[:2], MATRIX[:2, :2], CLASSES[:2], 9) == []
