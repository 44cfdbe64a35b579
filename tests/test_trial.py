"""The tutorial's clinical trial: the people, and the demo on them."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headstart import trial
from headstart.run import Run


def test_the_people_are_those_of_the_tutorial(tmp_path: Path) -> None:
    files = trial.write(tmp_path)
    numbers = ((50, 1000), (10, 200), (5, 100))
    for path, (exceptions, regular) in zip(files, numbers, strict=True):
        header, *lines = path.read_text().splitlines()
        assert header == "age,side_effects"
        rows = [(int(age), name) for age, name in (line.split(",") for line in lines)]
        assert Counter((age >= 65, name) for age, name in rows) == {
            (False, "had_side_effects"): exceptions,
            (True, "no_side_effects"): exceptions,
            (False, "no_side_effects"): regular,
            (True, "had_side_effects"): regular,
        }
        ages = {age for age, _ in rows}
        assert ages <= set(range(13, 101))
        assert {13, 64, 65, 100} <= ages or path != files.train
        names = [name for _, name in rows]
        assert names != sorted(names)  # whoever takes the last tenth takes both classes


def test_they_are_the_same_every_time_and_others_with_another_seed(tmp_path: Path) -> None:
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    texts = [
        [path.read_text() for path in trial.write(folder, seed)]
        for folder, seed in ((first, 0), (again, 0), (other, 1))
    ]
    assert texts[0] == texts[1]
    assert set(texts[0]) & set(texts[2]) == set()


def test_the_demo_on_a_table_shows_the_tutorials_network_and_its_matrix(
    keras: Any, call: Any, tmp_path: Path
) -> None:
    found = call("demo", "--table", "--out", tmp_path / "run")
    assert found.code == 0
    assert "Confusion matrix of the test rows" in found.out
    run = Run.open(tmp_path / "run")
    metrics = run.metrics
    assert metrics["samples"] == {"train": 2100, "validation": 0, "test": 420}
    assert (metrics["parameters"], metrics["hidden"]) == (642, [16, 32])
    recipe = metrics["training"]["recipe"]
    assert (recipe["epochs"], recipe["batch_size"], recipe["learning_rate"]) == (30, 10, 1e-4)
    assert 0.92 <= metrics["test"]["accuracy"] <= 400 / 420
    assert "had_side_effects" in run.report().read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
def test_an_interrupted_demo_goes_on_as_it_says(keras: Any, call: Any, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "headstart", "demo", "--table", "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith("epoch 2 "):
                child.send_signal(signal.SIGINT)
    assert child.returncode == 130
    assert "with --resume goes on" in line
    found = call("demo", "--table", "--out", out, "--resume", "--json")
    assert (found.code, json.loads(found.out)["training"]["epochs"]) == (0, 30)
