"""What is done with a finished run: judge it by other photos, write its page again."""

import shutil

import pytest
from metrics_schema import faults
from photos import put_colours, put_digits

from headstart.errors import ModelError, OptionError, OutputError, SourceError
from headstart.events import Event, Notice
from headstart.judging import evaluate
from headstart.options import Layout
from headstart.pipeline import report
from headstart.run import Run


@pytest.fixture(scope="module")
def unseen(tmp_path_factory):
    """Digits that the run was not trained on."""
    return put_digits(tmp_path_factory.mktemp("unseen"), range(600, 660))


@pytest.fixture(scope="module")
def few(trained, tmp_path_factory):
    """Two classes of the photos of the run."""
    folder = tmp_path_factory.mktemp("few")
    for digit in "01":
        shutil.copytree(trained.source / digit, folder / digit)
    return folder


def test_photos_of_a_single_class_can_be_judged(trained, unseen, tmp_path):
    shutil.copytree(unseen / "3", tmp_path / "threes" / "3")
    found = evaluate(trained.folder, tmp_path / "threes")
    assert faults(found) == []
    assert found["test"]["per_class"]["3"]["support"] == found["samples"]["test"] > 1
    assert found["test"]["accuracy"] == found["test"]["per_class"]["3"]["recall"]
    assert found["baselines"] == {"majority": 1.0}


def test_other_photos_give_figures_like_those_of_a_run(trained, unseen):
    heard: list[Event] = []
    found = evaluate(trained.folder, unseen, listen=heard.append)
    assert faults(found) == []
    assert found["samples"] == {"test": 60}
    assert found["trained_on"] == 0
    assert found["test"]["accuracy"] > 0.6
    assert found["baselines"]["majority"] == pytest.approx(0.1, abs=0.05)
    assert heard == []


def test_the_test_photos_get_the_figures_of_the_run(trained, tmp_path):
    for row in trained.run.split:
        if row["split"] == "test":
            (tmp_path / row["label"]).mkdir(exist_ok=True)
            shutil.copy(trained.source / row["sample"], tmp_path / row["label"])
    found = evaluate(trained.folder, tmp_path)
    ours = trained.run.metrics["test"]
    assert found["test"]["confusion_matrix"] == ours["confusion_matrix"]
    assert found["test"]["loss"] == pytest.approx(ours["loss"], abs=1e-3)


@pytest.mark.parametrize("model", ["", "model.headstart"])
def test_photos_that_it_was_trained_on_are_counted_and_said(trained, few, model):
    heard: list[Event] = []
    found = evaluate(trained.run.folder / model, few, listen=heard.append)
    sides = [row["split"] for row in trained.run.split if row["label"] in "01"]
    assert found["trained_on"] == sides.count("train") < len(sides)
    (notice,) = heard
    assert notice.text.startswith(f"{sides.count('train')} of these photos were trained on: the")


def test_of_a_bundle_away_from_its_run_that_is_not_known(trained, few, tmp_path):
    shutil.copy(trained.run.folder / "model.headstart", tmp_path)
    (tmp_path / "split.csv").write_text("of another run")
    found = evaluate(tmp_path / "model.headstart", few, out=tmp_path / "judged")
    assert (found["trained_on"], found["trained_on_known"]) == (0, False)
    assert faults(found) == []
    page = (tmp_path / "judged" / "report.html").read_text()
    assert "Whether it was trained on some of them is not known" in page


def test_a_folder_with_a_page_is_made_where_one_is_asked_for(trained, unseen, few, tmp_path):
    out = tmp_path / "judged"
    found = evaluate(trained.run.folder, unseen, out=out)
    again = Run.open(out)
    assert again.metrics == found
    assert len(again.predictions) == 60
    before = again.report().read_text(encoding="utf-8")
    assert "It was finished before; here it was judged." in before
    assert f"headstart evaluate {trained.run.folder} {unseen}" in before
    assert "As its run folder tells, it was trained on none of them." in before
    report(out)
    assert again.report().read_text(encoding="utf-8") == before
    with pytest.raises(OutputError, match="--force"):
        evaluate(trained.run.folder, few, out=out)
    evaluate(trained.run.folder, few, out=out, force=True)
    page = Run.open(out).report().read_text(encoding="utf-8")
    assert "of these photos were trained on" in page
    with pytest.raises(OutputError, match="holds the classifier that is judged"):
        evaluate(trained.run.folder, unseen, out=trained.run.folder, force=True)


def test_a_label_pattern_reads_other_layouts(trained, tmp_path):
    put_digits(tmp_path, range(600, 660), "{label}_{number}.png")
    found = evaluate(trained.folder, tmp_path, Layout(label_pattern=r"(?P<label>\d)_"))
    assert found["samples"] == {"test": 60}


def test_labels_that_are_none_of_the_classes_are_an_error(trained, unseen, tmp_path):
    shutil.copytree(unseen / "3", tmp_path / "3")
    put_colours(tmp_path, "ten", 2)
    with pytest.raises(SourceError, match=r"does not know: ten\. It knows 0, 1, 2"):
        evaluate(trained.folder, tmp_path)


def test_photos_that_cannot_be_read_are_counted_and_named(trained, unseen, tmp_path):
    for digit in "34":
        shutil.copytree(unseen / digit, tmp_path / digit)
    (tmp_path / "3" / "page.png").write_text("<html>")
    heard: list[Event] = []
    found = evaluate(trained.folder, tmp_path, listen=heard.append)
    assert faults(found) == []
    assert found["left_out"] == 1
    assert found["left_out_files"][0]["name"] == "3/page.png"
    assert found["left_out_files"][0]["reason"].startswith("not an image")
    assert Notice("1 file left out, such as 3/page.png: not an image") not in heard
    assert heard[0].text.startswith("1 file left out, such as 3/page.png: not an image")


def test_where_no_photo_can_be_read_nothing_is_judged(trained, tmp_path):
    for digit in "34":
        (tmp_path / digit).mkdir()
        (tmp_path / digit / "page.png").write_text("<html>")
    with pytest.raises(SourceError, match="No photo in it can be read"):
        evaluate(trained.folder, tmp_path)


@pytest.fixture
def copied(trained, tmp_path) -> Run:
    """The run, with a source that may be moved away."""
    shutil.copytree(trained.source, tmp_path / "digits")
    shutil.copytree(trained.run.folder, tmp_path / "run")
    options = tmp_path / "run" / "options.json"
    text = options.read_text().replace(str(trained.source), str(tmp_path / "digits"))
    options.write_text(text)
    return Run(tmp_path / "run")


def test_the_page_is_written_again_as_it_was(copied):
    before = copied.report().read_bytes()
    copied.report().unlink()
    (copied.folder / "confusion-matrix.png").unlink()
    (copied.folder / "MODEL_CARD.md").unlink()
    assert report(copied.folder) == copied.report()
    assert (copied.folder / "confusion-matrix.png").is_file()
    assert (copied.folder / "MODEL_CARD.md").is_file()
    assert abs(len(copied.report().read_bytes()) - len(before)) < 0.1 * len(before)
    assert copied.report().read_text().count("data:image/jpeg") > 10


def test_the_page_is_written_without_photos_that_have_moved_away(copied, tmp_path):
    (tmp_path / "digits").rename(tmp_path / "elsewhere")
    page = report(copied.folder).read_text()
    assert "data:image/jpeg" not in page
    assert "of 44 test photos" in page


def test_a_photo_that_has_changed_since_is_not_shown(copied, tmp_path):
    for path in (tmp_path / "digits").rglob("*.png"):
        path.write_bytes(path.read_bytes() + b" ")
    assert "data:image/jpeg" not in report(copied.folder).read_text()


def test_options_that_no_headstart_knows_are_an_error(copied):
    options = copied.folder / "options.json"
    options.write_text(options.read_text().replace('"resize"', '"resise"'))
    with pytest.raises(OptionError, match="no option 'resise'; did you mean 'resize'"):
        report(copied.folder)


def test_a_folder_that_holds_no_run_has_no_page(tmp_path):
    with pytest.raises(ModelError, match="not the folder of a finished run"):
        report(tmp_path)
