"""The result in the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from test_learning import training

from headstart.evaluation.trust import scores
from headstart.report.terminal import confusion_table, summary
from headstart.report.words import leaked


def metrics(classes: Sequence[str], n: int = 3, seed: int = 0) -> dict[str, Any]:
    """Figures of a classifier that is mostly right, n test samples of each class."""
    random = np.random.default_rng(seed)
    k = len(classes)

    def judged(labels: np.ndarray[Any, Any]) -> dict[str, Any]:
        likely = random.random((len(labels), k))
        likely[np.arange(len(labels)), labels] += 0.5
        return scores(labels, likely / likely.sum(axis=1, keepdims=True), classes)

    sets = {name: judged(np.repeat(np.arange(k), n)) for name in ("train", "validation", "test")}
    return {
        "kind": "training",
        "task": "image",
        "classes": list(classes),
        **sets,
        "cross_validation": None,
        "baselines": {"majority": 1 / k},
        "selected_on": "validation",
    }


WORDY = ["ein sehr langer Name einer Klasse " + str(i) for i in range(20)]
ASIAN = ["日本語の名前はとても長い" + str(i) for i in range(12)]


@pytest.mark.parametrize(
    "classes",
    [["cat", "dog"], list("0123456789"), WORDY, ASIAN, [f"species {i}" for i in range(1000)]],
    ids=["2", "10", "20 wordy", "12 asian", "1000"],
)
def test_no_line_is_wider_than_80_cells(classes: list[str]) -> None:
    text = summary(metrics(classes, n=2))
    assert max(map(cell_len, text.splitlines())) <= 80


def test_the_result_says_headline_matrix_classes_and_where_the_page_is() -> None:
    document = metrics(["cat", "dog"], n=20)
    matrix = document["test"]["confusion_matrix"]
    assert matrix[0][0] > 9 > matrix[0][1] > 0
    lines = summary(document, Path("runs/cats-1/report.html")).splitlines()
    assert "test photos, never seen before" in lines[0]
    assert f"cat   {matrix[0][0]}    {matrix[0][1]}" in lines
    assert any(line.startswith("dog") and line.endswith(" 20") for line in lines)
    assert lines[-1] == "Report: runs/cats-1/report.html"


def test_the_figure_without_photos_that_leaked_is_told() -> None:
    document = metrics(["cat", "dog"], n=20)
    document["leaks"] = {"samples": 5, "without": document["validation"]}
    text = " ".join(summary(document).split())
    assert "never seen before" not in text
    assert leaked(document).startswith("5 photos of these are copies")
    assert leaked(document) in text


def test_a_document_of_evaluate_is_told_without_training_figures() -> None:
    whole = metrics(["cat", "dog"], n=20)
    document = {name: whole[name] for name in ("task", "classes", "test", "baselines")}
    text = summary({**document, "kind": "evaluation", "trained_on": 0})
    assert "of 40 photos were named correctly" in text
    assert "Training" not in text
    assert "Confusion matrix of the test photos" in text


def test_the_judged_set_has_its_intervals_and_an_old_run_goes_without() -> None:
    document = metrics(["cat", "dog"], n=20)
    low, high = document["test"]["loss_interval"]
    text = " ".join(summary(document).split())
    assert f"95% intervals of the test photos: log loss {low:.3f} to {high:.3f}, macro F1" in text
    for name in [name for name in document["test"] if name.endswith("_interval")]:
        if name != "accuracy_interval":
            del document["test"][name]
    assert "95% intervals of" not in summary(document)


def test_precision_and_recall_stand_with_their_intervals() -> None:
    labels = np.repeat([0, 1], 50)
    classes = ["cat", "dog"]
    document = metrics(classes) | {"test": scores(labels, np.eye(2)[labels], classes)}
    line = next(row for row in summary(document).splitlines() if row.endswith("1.000      50"))
    assert line.split() == ["cat", "1.000", "0.93–1.00", "1.000", "0.93–1.00", "1.000", "50"]


def test_a_training_by_gradient_is_told_in_a_few_lines() -> None:
    candidates = {"head": {"accuracy": 0.8, "loss": 0.6}, "tail": {"accuracy": 0.9, "loss": 0.4}}
    document = metrics(["cat", "dog"], n=20) | {"training": training(candidates=candidates)}
    parts = summary(document).split("\n\n")
    assert parts[2].startswith("The head alone was right on 80.0% of the validation photos")
    assert " ".join(parts[2].split()).endswith(
        "Training ran for 4 epochs, as planned; the last weights were kept."
    )
    assert len(parts[2].splitlines()) <= 5
    assert max(map(cell_len, parts[2].splitlines())) <= 80
    without = summary(document | {"training": None}).split("\n\n")
    assert without == parts[:2] + parts[3:]


def test_the_table_holds_the_counts_under_the_names() -> None:
    assert confusion_table([[49, 1], [0, 1250]], ["cat", "dog"]).splitlines() == [
        "     cat    dog",
        "cat   49      1",
        "dog    ·  1,250",
    ]


def test_long_names_are_numbered_above_the_columns() -> None:
    table = confusion_table(np.eye(20, dtype=int).tolist(), WORDY)
    assert table is not None
    assert table.splitlines()[0].split() == [str(i) for i in range(1, 21)]
    assert table.splitlines()[20].startswith("20 ein s…e 19")


def test_a_matrix_that_does_not_fit_gives_way_to_the_pairs() -> None:
    document = metrics(WORDY, n=4)
    document["test"]["confusion_matrix"][0] = [1000] * 20
    text = summary(document)
    assert "Most often confused among the test photos" in text
    assert "Confusion matrix" not in text


def test_a_thousand_classes_are_told_by_their_pairs() -> None:
    text = summary(metrics([f"species {i}" for i in range(1000)], n=1))
    assert "Most often confused among the test photos" in text
    assert len(text.splitlines()) < 40


def test_a_class_without_test_photos_is_not_scored() -> None:
    classes = ["cat", "dog", "emu"]
    document = metrics(classes)
    labels = np.array([0, 0, 1, 1])
    document["test"] = scores(labels, np.eye(3)[labels], classes)
    (line,) = (line for line in summary(document).splitlines() if "not scored" in line)
    assert line.split() == ["emu", *"–––––", "not", "scored"]


def test_fault_23_control_characters_in_names_do_not_reach_the_terminal() -> None:
    text = summary(metrics(["\x1b[31mred", "a\nb"]), Path("runs/\x1b[2J/report.html"))
    assert "\x1b" not in text
    assert "\\u001b[31mred" in text
    assert "a\\nb" in text
