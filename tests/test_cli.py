"""The command line as a whole: exit codes, what goes to which stream, how errors read."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from metrics_schema import faults
from photos import put_digits

from headstart import judging
from headstart.cli import app

COMMANDS = [name for name in app if not name.startswith("-")]


@pytest.fixture
def photo(trained) -> str:
    return str(min((trained.source / "0").iterdir()))


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(call, arguments):
    found = call(*arguments)
    assert (found.code, found.err) == (0, "")
    assert all(f" {name} " in found.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_json(call, name):
    found = call(name, "--help")
    assert (found.code, found.err) == (0, "")
    assert f"headstart {name}" in found.out
    assert "--json" in found.out


def test_the_version_is_that_of_the_package(call):
    assert call("--version") == (0, version("headstart") + "\n", "")


SOUND = {
    "train": ["train", "{source}", "--out", "{new}", "--size", "32", "--unfreeze", "none"],
    "evaluate": ["evaluate", "{run}", "{few}"],
    "predict": ["predict", "{run}", "{photo}"],
    "classify": ["classify", "{photo}", "--sheet", "{new}.png"],
    "split": ["split", "{source}"],
    "check": ["check", "{source}"],
    "augment": ["augment", "{photo}", "--out", "{new}.png"],
    "inspect": ["inspect", "{run}"],
    "export": ["export", "{run}", "--to", "json", "--out", "{new}.json"],
    "report": ["report", "{copy}"],
    "compare": ["compare", "{run}", "{copy}"],
    "relabel": ["relabel", "{run}", "{fixes}", "--out", "{new}"],
    "backbones": ["backbones"],
    "doctor": ["doctor"],
    "cache": ["cache", "info"],
}
"""A call of each command that works; `demo` and `tutorial` have tests of their own."""


def filled(arguments, trained, tmp_path, photo):
    places = {
        "source": trained.source,
        "run": trained.folder,
        "photo": photo,
        "new": tmp_path / "new",
        "copy": tmp_path / "copy",
        "few": tmp_path / "few",
        "fixes": tmp_path / "fixes.csv",
    }
    if "{fixes}" in arguments:
        first = trained.run.split[0]["sample"]
        (tmp_path / "fixes.csv").write_text(f"sample,decision\n{first},keep\n")
    if "{few}" in arguments:
        put_digits(tmp_path / "few", range(600, 620))
    if "{copy}" in arguments:
        shutil.copytree(trained.run.folder, tmp_path / "copy")
    return [argument.format(**places) for argument in arguments]


def test_every_command_but_two_is_called_below():
    assert {*SOUND, "demo", "tutorial"} == set(COMMANDS)


@pytest.mark.parametrize("name", SOUND)
def test_json_is_one_document_on_standard_output_and_nothing_else(
    call, trained, same_cache, tmp_path, photo, name
):
    found = call(*filled(SOUND[name], trained, tmp_path, photo), "--json")
    assert found.code == 0
    document = json.loads(found.out)
    assert isinstance(document, dict)
    assert found.err == ""
    if name in ("train", "evaluate"):
        document.pop("run", None)
        assert faults(document) == []


@pytest.mark.parametrize(
    "name",  # of train: below
    ["evaluate", "check", "split", "augment", "report", "inspect", "backbones", "doctor", "cache"],
)
def test_quiet_prints_nothing(call, trained, same_cache, tmp_path, photo, name):
    found = call(*filled(SOUND[name], trained, tmp_path, photo), "--quiet")
    assert found == (0, "", "")


def test_a_run_is_told_in_lines_that_fit_a_terminal(call, trained, same_cache, tmp_path):
    found = call(
        "train", trained.source, "--out", tmp_path / "run", "--size", "32", "--unfreeze", "none"
    )
    assert (found.code, found.err) == (0, "")
    *lines, last = found.out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "of 44 test photos, never seen before, were named correctly" in found.out
    assert last == f"Report: {tmp_path / 'run' / 'report.html'}"


def test_options_on_the_command_line_are_those_of_python(call, trained, same_cache, tmp_path):
    options = {
        "--size": "32",
        "--per-class": "10,3,4",
        "--resize": "pad",
        "--class-weight": "balanced",
        "--precision": "float32",
        "--seed": "5",
        "--ignore": "9",
        "--unfreeze": "none",
    }
    flat = [word for pair in options.items() for word in pair]
    found = call("train", trained.source, "--out", tmp_path / "run", *flat, "--quiet")
    assert found == (0, "", "")
    kept = json.loads((tmp_path / "run" / "options.json").read_text())["options"]
    assert {
        f"--{name.replace('_', '-')}": str(value[0] if value and isinstance(value, list) else value)
        for name, value in kept.items()
    }.items() >= options.items()
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["classes"] == list(
        "012345678"
    )


BAD = [
    (["trian", "x"], 'Did you mean "train"?'),
    (["train"], "SOURCE"),
    (["train", "{source}", "--sizee", "32"], "Did you mean --size?"),
    (["train", "{source}", "--size", "16"], "greater than or equal to 32"),
    (["train", "{source}", "--size", "big"], "valid integer"),
    (["train", "{source}", "--resize", "squish"], "'squash', 'crop' or 'pad'"),
    (["train", "{source}", "--validation", "0.9", "--test", "0.9"], "nothing to train on"),
    (["train", "{source}", "--per-class", "1,2"], "TRAIN,VALIDATION,TEST"),
    (["train", "{source}", "--backbone", "mobilnet-v2"], "Did you mean mobilenet-v2"),
    (["train", "{source}", "--size", "32", "--split", "{new}"], "cannot be read (No such file"),
    (["train", "{source}", "--label-pattern", "("], "--label-pattern"),
    (["train", "{new}"], "does not exist"),
    (["train", "{source}", "--out", "{source}/run"], "lies inside the photos"),
    (["train", "{source}", "--out", "{run}"], "holds a run already"),
    (["train", "{photo}"], "neither a folder nor a zip file"),
    (["train", "{source}/0"], "no class folders"),
    (["evaluate", "{run}", "{new}"], "does not exist"),
    (["evaluate", "{new}", "{source}"], "no such file or folder"),
    (["predict", "{run}", "{new}"], "no photo is there"),
    (["predict", "{photo}", "{photo}"], "is not a bundle"),
    (["split", "{new}"], "does not exist"),
    (["inspect", "{new}"], "no such file or folder"),
    (["report", "{source}"], "not the folder of a finished run"),
    (["cache", "inof"], 'Did you mean "info"?'),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda value: str(value)[:60])
def test_a_bad_call_is_one_line_on_standard_error_and_exit_code_2(
    call, trained, tmp_path, photo, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    found = call(*filled(arguments, trained, tmp_path, photo), "--json")
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("headstart: ")
    assert words in found.err
    assert "Traceback" not in found.err
    assert list(tmp_path.iterdir()) == []


def test_fault_16_a_source_without_classes_shows_the_layout_wanted(call, tmp_path):
    put_digits(tmp_path / "flat", range(3), "{number}.png")
    found = call("train", tmp_path / "flat", "--out", tmp_path / "run")
    assert found.code == 2
    assert "cat/   1.jpg" in found.err


def test_a_fault_of_ours_is_exit_code_1_with_what_to_report(call, trained, monkeypatch):
    def fail(*_arguments, **_options):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(judging, "list_photos", fail)
    found = call("evaluate", trained.folder, trained.source)
    assert (found.code, found.out) == (1, "")
    assert "ZeroDivisionError: a fault" in found.err
    assert found.err.endswith("Please report it with the lines above.\n")


def test_the_page_of_a_run_is_written_again(call, trained, tmp_path):
    shutil.copytree(trained.run.folder, tmp_path / "run")
    page = tmp_path / "run" / "report.html"
    page.unlink()
    found = call("report", tmp_path / "run")
    assert found.code == 0
    assert page.is_file()
    assert found.out.endswith(f"Report: {page}\n")
    document = json.loads(call("report", tmp_path / "run", "--json").out)
    assert document["report"] == str(page)


def test_figures_on_other_photos_are_told_with_what_was_left_out(call, trained, tmp_path):
    put_digits(tmp_path / "photos", range(600, 630))
    Path(tmp_path, "photos", "3", "page.png").write_text("<html>")
    found = call("evaluate", trained.folder, tmp_path / "photos")
    assert found.code == 0
    assert "of 30 photos were named correctly" in " ".join(found.out.split())
    assert found.err.startswith("1 file left out, such as 3/page.png: not an image")
