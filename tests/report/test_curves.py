"""The curves of a training, before they are drawn."""

import math
from pathlib import Path

import pytest
from test_learning import history, training

from headstart.errors import ModelError
from headstart.report import curves
from headstart.run import write_history


def points(line: curves.Line) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.path.split())]


def test_the_epochs_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = history([0.9, 0.4], [0.6, 0.5])
    write_history(tmp_path, rows)
    assert curves.read(tmp_path / "history.csv") == rows


def test_what_was_not_measured_is_absent_and_never_written_as_nan(tmp_path: Path) -> None:
    (row,) = history([0.5], [math.nan], val_accuracy=math.nan)
    write_history(tmp_path, [row])
    assert (tmp_path / "history.csv").read_text().splitlines()[1] == "1,0.5,,0.97,,0.001,2.5"
    measured = {name: value for name, value in row.items() if not name.startswith("val_")}
    assert curves.read(tmp_path / "history.csv") == [measured]


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"loss,accuracy,learning_rate,seconds\n",
        b"loss,accuracy,learning_rate,seconds\n0.5,0.5,0.1\n",
        b"loss,accuracy,learning_rate,seconds\n0.5,often,0.1,1\n",
        b"loss,accuracy,learning_rate,seconds\nnan,0.5,0.1,1\n",
        b"loss,accuracy,learning_rate,seconds\n0.5,0.5,0.1,1,1\n",
        b"loss,accuracy,learning_rate,seconds\n\xff,0.5,0.1,1\n",
    ],
)
def test_a_damaged_history_is_an_error_that_names_the_file(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "history.csv").write_bytes(content)
    with pytest.raises(ModelError, match=r"has no history\.csv that can be read"):
        curves.read(tmp_path / "history.csv")


def test_all_points_lie_in_the_field_and_higher_figures_lie_higher() -> None:
    rows = history([0.9, 0.4, 0.1], [0.6, 0.5, 0.55])
    loss, _ = curves.charts(training(epochs=3, kept=2), rows)
    learned, unseen = (points(line) for line in loss.lines)
    assert [line.key for line in loss.lines] == ["training", "validation"]
    for line in (learned, unseen):
        assert [x for x, _ in line] == [curves.FRAME.left, 196, curves.FRAME.right]
        assert all(curves.FRAME.top <= y <= curves.FRAME.bottom for _, y in line)
    assert learned[0][1] < unseen[0][1] < learned[1][1]  # 0.9, 0.6, 0.4: y grows downwards
    assert loss.kept == 196
    assert loss.up[0] == (curves.FRAME.bottom, "0")
    assert loss.above is None


def test_the_axes_have_a_few_round_marks() -> None:
    rows = history([2.9] * 30, [1.1] * 30, accuracy=0.71, val_accuracy=0.82)
    loss, accuracy = curves.charts(training(epochs=30), rows)
    assert [text for _, text in loss.up] == ["0", "1", "2", "3"]
    assert [text for _, text in accuracy.up] == ["70%", "80%", "90%", "100%"]
    assert [text for _, text in loss.across] == ["1", "5", "10", "15", "20", "25", "30"]


@pytest.mark.parametrize("n", [2, 8, 9, 30, 31, 1000])
def test_few_epochs_or_many_are_numbered_and_never_crowded(n: int) -> None:
    loss, _ = curves.charts(training(epochs=n, kept=n), history([0.5] * n, [0.4] * n))
    assert 1 <= len(loss.across) <= 9
    assert loss.across[0][1] == "1"
    assert all(len(line.dots) == (n if n <= 30 else 0) for line in loss.lines)
    assert loss.kept == curves.FRAME.right


def test_an_accuracy_of_one_lies_on_the_upper_edge() -> None:
    for least in (0.0, 0.1, 0.55, 0.79, 0.9, 0.951, 1.0):
        rows = history([0.1, 0.1], [0.1, 0.1], accuracy=1.0, val_accuracy=least)
        accuracy = curves.charts(training(), rows)[1]
        learned, unseen = (points(line) for line in accuracy.lines)
        assert learned[0][1] == curves.FRAME.top
        assert curves.FRAME.top <= unseen[0][1] <= curves.FRAME.bottom
        assert (accuracy.above, accuracy.up[-1][1]) == (None, "100%")


def test_a_first_training_loss_that_dwarfs_the_rest_is_let_out_above() -> None:
    loss = curves.charts(training(), history([4.87, 0.3, 0.1], [0.26, 0.12, 0.04]))[0]
    assert [text for _, text in loss.up] == ["0", "0.1", "0.2", "0.3"]
    learned, unseen = loss.lines
    (x, y), second, _ = points(learned)
    assert loss.above is not None
    assert loss.above[1] == "4.87"
    assert y == curves.FRAME.top
    assert curves.FRAME.left < x <= second[0]
    assert (len(learned.dots), len(unseen.dots)) == (2, 3)
    assert "training from 4.870 to 0.100" in loss.summary


def test_one_epoch_makes_no_curve() -> None:
    assert curves.charts(training(epochs=1, kept=1), history([4.0], [0.4])) == []


def test_the_head_alone_is_drawn_where_its_figures_are_of_the_same_kind() -> None:
    candidates = {"head": {"accuracy": 0.9, "loss": 0.5}, "tail": {"accuracy": 0.8, "loss": 1}}
    rows = history([1.0, 0.5], [1.0, 1.0], accuracy=0.8, val_accuracy=0.8)
    loss, accuracy = curves.charts(training(candidates=candidates), rows)
    middle = (curves.FRAME.top + curves.FRAME.bottom) / 2
    assert (loss.head, accuracy.head) == (pytest.approx(middle), pytest.approx(middle))
    smoothed = training(candidates=candidates, recipe={"label_smoothing": 0.1})
    loss, accuracy = curves.charts(smoothed, rows)
    assert loss.head is None
    assert accuracy.head is not None
    assert curves.charts(training(), rows)[1].head is None


def test_without_validation_training_is_drawn_alone() -> None:
    rows = [{"loss": 0.9, "accuracy": 0.5}, {"loss": 0.4, "accuracy": 0.8}]
    for chart in curves.charts(training(epochs=2, kept=2), rows):
        assert [line.key for line in chart.lines] == ["training"]
        assert "validation" not in chart.summary


def test_the_summary_says_what_the_drawing_shows() -> None:
    rows = history([0.9, 0.4], [0.6, 0.5])
    assert curves.charts(training(kept=2), rows)[0].summary == (
        "Loss by epoch: training from 0.900 to 0.400, validation from 0.600 to 0.500; epoch 2 kept."
    )
    left = curves.charts(training(kept=2, used=False), rows)[0]
    assert left.summary.endswith("epoch 2 was the best.")
