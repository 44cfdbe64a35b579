"""The worst mistakes of a run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.errors import ModelError
from headstart.report.mistakes import worst
from headstart.report.predictions import Prediction, read


def test_the_surest_mistakes_of_one_split_come_first(digits_run: Callable) -> None:
    run = digits_run()
    numbers = np.array([int(label) for label in run.labels])
    called = run.probabilities.argmax(axis=1)
    wrong = {
        run.names[i]
        for i in range(len(numbers))
        if called[i] != numbers[i] and run.splits[i] == "test"
    }
    found = worst(read(run.folder / "predictions.csv", "test"), 3)
    assert found.wrong == len(wrong) > 3
    sureness = {name: run.probabilities[i].max() for i, name in enumerate(run.names)}
    expected = sorted(wrong, key=lambda name: -sureness[name])[:3]
    assert [row.sample for row in found.shown] == expected


def test_where_none_is_wrong_the_least_sure_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(
        "sample,split,label,predicted,p_label,p_predicted,p:cat,p:dog\n"
        "a.jpg,test,cat,cat,0.900000,0.900000,0.900000,0.100000\n"
        "b.jpg,test,dog,dog,0.600000,0.600000,0.400000,0.600000\n"
        "c.jpg,validation,cat,dog,0.100000,0.900000,0.100000,0.900000\n"
    )
    assert worst(read(path, "test"), 1) == (0, [Prediction("b.jpg", "dog", "dog", 0.6, 0.6)])


def test_a_class_may_be_called_as_a_column_is_and_many_classes_have_no_columns(
    tmp_path: Path,
) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(
        "sample,split,label,predicted,p_label,p_predicted\n"
        "a.jpg,test,p_label,sample,0.200000,0.800000\n"
    )
    assert worst(read(path, "test"), 9).shown == [
        Prediction("a.jpg", "p_label", "sample", 0.2, 0.8)
    ]


def test_a_split_without_predictions_has_nothing_to_show(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("sample,split,label,predicted,p_label,p_predicted,p:cat,p:dog\n")
    assert worst(read(path, "test"), 9) == (0, [])


def test_a_run_without_predictions_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no predictions\.csv"):
        worst(read(tmp_path / "predictions.csv", "test"), 9)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column 'split'"),
        (b"sample,split,label,guess\na.jpg,test,cat,dog\n", "no column 'predicted'"),
        (b"sample,split,label,predicted,p_label,p_predicted\na.jpg,test,cat\n", "index"),
        (b"sample,split,label,predicted,p_label,p_predicted\na,test,b,c,much,0.9\n", "much"),
        (b"sample,split,label,predicted,p_label,p_predicted\n\xff\n", "utf-8"),
    ],
)
def test_damaged_predictions_are_an_error_that_names_the_file(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "predictions.csv").write_bytes(content)
    with pytest.raises(ModelError, match=rf"predictions\.csv that cannot be read \(.*{words}"):
        worst(read(tmp_path / "predictions.csv", "test"), 9)


def test_fault_46_names_come_back_without_what_keeps_a_spreadsheet_from_running_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(
        "sample,split,label,predicted,p_label,p_predicted\n"
        "'-rf.jpg,test,'=1+1,-1,0.200000,0.800000\n"
    )
    assert worst(read(path, "test"), 9).shown == [Prediction("-rf.jpg", "=1+1", "-1", 0.2, 0.8)]
