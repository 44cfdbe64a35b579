"""What the page shows, before it is laid out."""

import numpy as np
import pytest

from headstart.evaluation.trust import scores
from headstart.report import views


def figures(labels: list[int], predicted: list[int], classes: list[str]) -> dict:
    return scores(np.array(labels), np.eye(len(classes))[predicted], classes)


def test_accuracies_lie_on_one_axis_that_starts_below_all_of_them() -> None:
    test = figures([0] * 8 + [1] * 8, [0] * 8 + [1] * 4 + [0] * 4, ["cat", "dog"])
    train = figures([0, 1] * 50, [0, 1] * 50, ["cat", "dog"])
    drawn = views.accuracies(
        {
            "classes": ["cat", "dog"],
            "train": train,
            "validation": None,
            "test": test,
            "cross_validation": None,
            "baselines": {"majority": 0.55},
        }
    )
    assert drawn.start == pytest.approx(0.4)
    assert drawn.baseline == pytest.approx(25)
    assert [mark.name for mark in drawn.marks] == ["training", "test"]
    learned, unseen = drawn.marks
    assert (learned.at, learned.high) == (100, 100)
    assert unseen.at == pytest.approx(100 * (0.75 - 0.4) / 0.6, abs=0.01)
    assert 0 < unseen.low < unseen.at < unseen.high < 100


def test_small_shares_are_neither_none_nor_all() -> None:
    shares = views.matrix([[999, 1], [0, 5]], ["cat", "dog"]).shares
    assert [[cell.text for cell in row] for row in shares] == [[">99%", "<1%"], ["0", "100%"]]
    assert shares[1][0].shade == 0


def test_many_classes_are_drawn_without_empty_cells() -> None:
    counts = np.diag([3] * 1000)
    counts[7, 9] = 1
    drawn = views.matrix(counts.tolist(), [str(i) for i in range(1000)])
    assert drawn.counts == []
    squares = {kind: path.count("M") for kind, _, path in drawn.paths}
    assert squares == {"wrong": 1, "right": 1000}
    assert [pair[:3] for pair in drawn.pairs] == [("7", "9", 1)]


def test_classes_without_samples_are_named_and_not_scored() -> None:
    table = views.by_class(
        figures([0, 0, 1], [0, 1, 1], ["cat", "dog", "emu"]), ["cat", "dog", "emu"]
    )
    assert [row.name for row in table.rows] == ["cat", "dog"]
    assert table.rows[0].recall == 0.5
    assert table.rows[0].low < 0.5 < table.rows[0].high
    assert table.not_scored == ["emu"]
    assert table.worst == []


def test_of_many_classes_the_ten_worst_come_first() -> None:
    classes = [f"{i:02}" for i in range(30)]
    labels = list(range(30)) * 2
    predicted = [*range(30), *range(29), 0]
    table = views.by_class(figures(labels, predicted, classes), classes)
    assert [row.name for row in table.rows] == classes
    assert len(table.worst) == 10
    assert table.worst[0].name == "29"


def test_samples_are_spread_over_each_class_and_side() -> None:
    split = [
        {"sample": f"{side}/{i:02}", "label": "cat", "split": side}
        for side, n in (("train", 40), ("test", 2), ("unused", 9))
        for i in range(n)
    ]
    shown = views.sample_photos(split, ["cat", *(str(i) for i in range(11))])
    label, sides = shown.classes[0]
    assert label == "cat"
    assert [(side.name, side.photos) for side in sides] == [("training", 40), ("test", 2)]
    assert sides[0].shown == ["train/00", "train/10", "train/20", "train/30"]
    assert sides[1].shown == ["test/00", "test/01"]
    assert shown.more == 2
    assert len(shown.names()) == 6


def test_files_left_out_are_grouped_by_reason_the_commonest_first() -> None:
    left_out = [{"name": f"{i}.jpg", "reason": "cut short"} for i in range(700)]
    left_out.insert(3, {"name": "page.jpg", "reason": "not an image"})
    groups = views.reasons(left_out)
    assert [(group.reason, group.files, group.more) for group in groups] == [
        ("cut short", 700, 200),
        ("not an image", 1, 0),
    ]
    assert groups[0].samples[0] == ("0.jpg",)
