"""A run folder: what it holds, and what is wrong with one that is damaged."""

from pathlib import Path

import pytest

from headstart.bundle.classifier import Classifier
from headstart.errors import ModelError
from headstart.evaluation.trust import MANY_CLASSES
from headstart.pipeline import train
from headstart.report.terminal import summary
from headstart.run import PREDICTED, Run

BENCH = str(Path(__file__).parents[1] / "bench")


def test_a_finished_run_gives_back_what_was_written(trained):
    run = Run.open(trained.folder)
    assert run.metrics["classes"] == [str(digit) for digit in range(10)]
    assert run.options["options"]["size"] == 32
    assert run.findings.keys() == {"format", "findings", "left_out", "ignored"}
    assert len(run.split) == 300
    assert len(run.predictions) == 88
    assert isinstance(run.bundle, Classifier)
    assert run.report() == Path(trained.folder, "report.html")


def test_a_run_shows_itself_as_its_page_in_a_notebook(trained):
    shown = trained.run._repr_html_()
    assert shown.startswith('<iframe srcdoc="')
    assert "<script" not in shown
    assert shown.count('"') == shown.split(">")[0].count('"')  # no quote of the page ends srcdoc


def test_a_folder_without_a_finished_run_is_refused(tmp_path):
    (tmp_path / "options.json").write_text("{}")
    with pytest.raises(ModelError, match=r"not the folder of a finished run.*metrics\.json"):
        Run.open(tmp_path)
    with pytest.raises(ModelError, match="not the folder of a finished run"):
        Run.open(tmp_path / "nowhere")


def test_a_run_is_found_again_after_a_change_of_folder(trained, monkeypatch, tmp_path):
    monkeypatch.chdir(trained.run.folder.parent)
    run = Run.open(trained.run.folder.name)
    monkeypatch.chdir(tmp_path)
    assert run.report().is_file()
    assert run.metrics == trained.run.metrics


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("metrics.json", b'{"format": 1', "damaged metrics.json"),
        ("metrics.json", b'{"a": "\xff"}', "cannot be read"),
        ("metrics.json", b"{}", r"damaged metrics\.json \(no baselines\)"),
        ("metrics.json", b"[]", "damaged metrics.json"),
        ("findings.json", None, "has no findings.json"),
        ("options.json", None, "has no options.json"),
        ("split.csv", None, "has no split.csv"),
        ("predictions.csv", b"sample\n\xff", "cannot be read"),
    ],
)
def test_a_damaged_run_is_an_error_that_names_the_file(tmp_path, name, content, words):
    (tmp_path / "metrics.json").write_text("{}")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=words):
        getattr(Run.open(tmp_path), name.split(".")[0])


def test_fault_20_a_run_of_many_classes_stays_readable(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(tmp_path / "cache"))
    from textures import put_textures

    put_textures(tmp_path / "textures", MANY_CLASSES + 1, 4)
    run = train(tmp_path / "textures", tmp_path / "run", size=32, unfreeze="none")
    assert {tuple(row) for row in run.predictions} == {PREDICTED}
    assert len(run.predictions) == 2 * (MANY_CLASSES + 1)
    for row in run.predictions:
        right = row["label"] == row["predicted"]
        assert float(row["p_label"]) <= float(row["p_predicted"])
        assert not right or row["p_label"] == row["p_predicted"]
    assert len(summary(run.metrics).splitlines()) < 40
    assert run.report().stat().st_size < 2_000_000
    assert len(run.metrics["test"]["confusion_matrix"]) == MANY_CLASSES + 1
