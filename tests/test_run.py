"""A run folder: where it may be made, what is left of it when the work fails, and what it holds."""

import os
from pathlib import Path

import pytest

from headstart.bundle.classifier import Classifier
from headstart.errors import ModelError, OutputError
from headstart.run import Run, new_folder


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photos; the test works in the folder around it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    return Path("photos")


def make(source: Path, out: str | None = None, force: bool = False) -> Path:
    with new_folder(source, out, force=force) as folder:
        (folder / "options.json").write_text("{}")
    return folder


def test_a_run_gets_the_next_free_name_after_its_source(source):
    assert [make(source) for _ in range(3)] == [Path(f"runs/photos-{n}") for n in (1, 2, 3)]
    assert make(Path("photos.zip")) == Path("runs/photos-4")


def test_a_folder_named_is_made_with_those_above_it(source):
    assert make(source, "a/b/c") == Path("a/b/c")
    assert Path("a/b/c/options.json").is_file()


def test_nothing_is_left_of_a_folder_made_for_work_that_failed(source):
    Path("a").mkdir()

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), new_folder(source, "a/b/c", force=False) as folder:
        fail(folder)
    assert sorted(os.listdir()) == ["a", "photos"]
    assert os.listdir("a") == []


def test_a_run_that_was_there_stays_when_the_work_fails_before_it_writes(source):
    make(source, "run")
    with pytest.raises(KeyboardInterrupt), new_folder(source, "run", force=True):
        raise KeyboardInterrupt
    assert os.listdir("run") == ["options.json"]


def test_an_empty_folder_may_be_given_and_is_empty_again_when_the_work_fails(source):
    Path("run").mkdir()

    def fail(folder: Path) -> None:
        (folder / "options.json").touch()
        (folder / ".half").mkdir()
        (folder / ".half" / "model.bin").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), new_folder(source, "run", force=False) as folder:
        fail(folder)
    assert os.listdir("run") == []
    assert make(source, "run") == Path("run")


def test_a_run_is_replaced_only_with_force(source):
    make(source, "run")
    with pytest.raises(OutputError, match=r"run: holds a run already\. .* --force\."):
        make(source, "run")
    assert make(source, "run", force=True) == Path("run")


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_something_else_is_never_written_into(source, force):
    Path("thesis").mkdir()
    Path("thesis/chapter.txt").touch()
    with pytest.raises(OutputError, match="no run of headstart's"):
        make(source, "thesis", force)
    with pytest.raises(OutputError, match=r"chapter\.txt: is a file"):
        make(source, "thesis/chapter.txt", force)


@pytest.mark.parametrize("out", ["photos", "photos/run", "photos/../photos/x", "./photos/a/b"])
def test_fault_28_a_folder_inside_the_photos_is_refused(source, out):
    with pytest.raises(OutputError, match="lies inside the photos that are trained on"):
        make(source, out)
    assert os.listdir("photos") == []


def test_fault_28_so_is_one_that_a_link_leads_into_the_photos(source):
    Path("elsewhere").symlink_to(source)
    with pytest.raises(OutputError, match="inside the photos"):
        make(source, "elsewhere/run")


def test_fault_28_the_default_too_where_the_photos_are_here(source, monkeypatch):
    monkeypatch.chdir(source)
    with pytest.raises(OutputError, match=r"inside the photos .* with --out"):
        make(Path())


def test_fault_67_a_place_that_cannot_be_written_is_refused_before_the_work(
    open_folder, as_nobody, source
):
    open_folder.chmod(0o755)
    began = False
    with (
        as_nobody(),
        pytest.raises(OutputError, match=r"cannot be written to \(Permission denied\)\. Name"),
        new_folder(Path("photos"), open_folder / "a" / "b", force=False),
    ):
        began = True
    assert not began
    assert os.listdir(open_folder) == []


@pytest.mark.parametrize("below", ["", "run"])
def test_fault_67_so_is_a_place_that_cannot_even_be_looked_into(open_folder, as_nobody, below):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with as_nobody(), pytest.raises(OutputError, match="Permission denied"):
        make(Path("photos"), str(closed / below))


def test_fault_67_so_is_a_name_too_long(source):
    with pytest.raises(OutputError, match="too long"):
        make(source, "x" * 1000)


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


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("metrics.json", b'{"format": 1', "damaged metrics.json"),
        ("metrics.json", b'{"a": "\xff"}', "cannot be read"),
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
