"""The set-up script, on copies of the few files that it reads; and the lock files it installs."""

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CLASSIFIERS = PROJECT["classifiers"]
LOCKS = ("runtime", "dev")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project folder with the script in it, and all that the script reads."""
    for name in ("scripts/setup.py", "requirements/dev.txt", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def ready(copy: Path) -> Path:
    """A project folder that is set up, as far as the script can see."""
    names = _names(copy)
    names["BIN"].mkdir(parents=True)
    names["PYTHON"].touch()
    names["STAMP"].write_text(names["fingerprint"]())
    return copy


def _names(copy: Path) -> dict[str, Any]:
    return runpy.run_path(str(copy / "scripts" / "setup.py"))


def _is_ready(copy: Path) -> bool:
    is_ready: bool = _names(copy)["is_ready"]()
    return is_ready


def _run(copy: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """The script as a process, after a line of Python that changes what it sees."""
    script = str(copy / "scripts" / "setup.py")
    code = f"import runpy, sys\n{before}\nrunpy.run_path({script!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("version", ["(3, 9, 18)", "(3, 10, 13)", "(3, 14, 0)"])
def test_another_python_is_told_in_one_line_what_to_run(copy: Path, version: str) -> None:
    done = _run(copy, "demo", before=f"sys.version_info = {version}")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert "make demo PYTHON=python3.12" in done.stderr
    assert not (copy / ".venv").exists()


def test_an_old_python_can_read_the_script_that_sends_it_away() -> None:
    ast.parse((ROOT / "scripts" / "setup.py").read_text(), feature_version=(3, 7))


def test_script_package_classifiers_and_public_ci_name_the_same_pythons() -> None:
    supported = _names(ROOT)["SUPPORTED"]
    admitted = SpecifierSet(PROJECT["requires-python"])
    assert supported == tuple((3, minor) for minor in range(30) if f"3.{minor}" in admitted)
    names = [f"{major}.{minor}" for major, minor in supported]
    classifiers = [text.removeprefix("Programming Language :: Python :: ") for text in CLASSIFIERS]
    assert [name for name in classifiers if re.match(r"3\.\d+$", name)] == names
    matrix = f"python: {names}".replace("'", '"')
    assert matrix in (ROOT / ".github" / "workflows" / "ci.yml").read_text()


def test_a_folder_without_an_environment_is_not_ready(copy: Path) -> None:
    assert not _is_ready(copy)


def test_what_is_set_up_is_not_set_up_again(ready: Path) -> None:
    done = _run(ready)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_setup_that_was_interrupted_is_done_again(ready: Path) -> None:
    _names(ready)["STAMP"].write_text("unfinished")
    assert not _is_ready(ready)


def test_another_lock_makes_the_environment_anew(ready: Path) -> None:
    with (ready / "requirements" / "dev.txt").open("a") as lock:
        lock.write("six==1.17.0\n")
    assert not _is_ready(ready)


def test_another_project_table_makes_the_environment_anew(ready: Path) -> None:
    file = ready / "pyproject.toml"
    file.write_text(file.read_text().replace("headstart.cli:entry", "headstart.cli:other"))
    assert not _is_ready(ready)


def test_the_settings_of_a_tool_leave_the_environment_as_it_is(ready: Path) -> None:
    file = ready / "pyproject.toml"
    file.write_text(file.read_text().replace("line-length = 100", "line-length = 99"))
    assert _is_ready(ready)


def test_an_environment_that_was_moved_is_made_anew(ready: Path, tmp_path: Path) -> None:
    moved = ready.rename(tmp_path.with_name("moved"))
    assert not _is_ready(moved)


def test_an_environment_whose_python_is_gone_is_made_anew(ready: Path) -> None:
    _names(ready)["PYTHON"].unlink()
    assert not _is_ready(ready)


def test_an_environment_that_somebody_else_made_is_left_alone(copy: Path) -> None:
    mine = copy / ".venv" / "pyvenv.cfg"
    mine.parent.mkdir()
    mine.write_text("home = /usr/bin\n")
    done = _run(copy, "test")
    assert done.returncode == 1
    assert "was not made by this script" in done.stderr
    assert mine.read_text() == "home = /usr/bin\n"


def test_a_python_with_neither_venv_nor_pip_is_told_what_to_install(copy: Path) -> None:
    hide = "import importlib.util as u; u.find_spec = lambda name: None"
    done = _run(copy, before=hide)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "apt install python3-venv" in done.stderr


def test_a_word_that_is_no_command_sets_nothing_up(copy: Path) -> None:
    done = _run(copy, "deom")
    assert done.returncode == 1
    assert "[demo|test" in done.stderr
    assert not (copy / ".venv").exists()


@pytest.mark.skipif(os.name == "nt", reason="the commands are shell scripts here")
@pytest.mark.parametrize(
    ("words", "called"),
    [
        (["demo"], ["headstart demo", "headstart demo --table"]),
        (["demo", "--size", "64"], ["headstart demo --size 64"]),
        (
            ["test", "-x"],
            [
                "python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder "
                "--max-worker-restart=0 -x"
            ],
        ),
    ],
)
def test_a_word_runs_its_commands_one_after_another(
    ready: Path, words: list[str], called: list[str]
) -> None:
    for name in ("headstart", "python"):
        file = ready / ".venv" / "bin" / name
        file.unlink(missing_ok=True)
        file.write_text(f'#!/bin/sh\necho "{name} $*"\n')
        file.chmod(0o755)
    done = _run(ready, *words)
    assert (done.returncode, done.stdout.splitlines()) == (0, called)


@pytest.mark.skipif(os.name == "nt", reason="the command is a shell script here")
def test_what_it_starts_keeps_the_bytecode_of_what_it_imports(ready: Path) -> None:
    headstart = ready / ".venv" / "bin" / "headstart"
    headstart.write_text('#!/bin/sh\necho "${PYTHONDONTWRITEBYTECODE-kept}"\n')
    headstart.chmod(0o755)
    done = _run(
        ready, "demo", "--quiet", before="import os; os.environ['PYTHONDONTWRITEBYTECODE'] = '1'"
    )
    assert done.stdout == "kept\n"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_every_package_with_its_hashes_and_names_no_place(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    lines = re.sub(r"\\\n", "", re.sub(r"#.*", "", text)).split("\n")
    for line in filter(str.strip, lines):
        assert re.match(r"\S+==\S+ (; .+? )? *(--hash=sha256:[0-9a-f]{64}\s*)+$", line), line
    assert "://" not in text


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_holds_what_the_project_asks_for(name: str) -> None:
    pins = _pins(name)
    wanted = list(PROJECT["dependencies"])
    if name == "dev":
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
        wanted += PROJECT["optional-dependencies"]["tensorflow"] + groups["dev"]
    for requirement in map(Requirement, wanted):
        assert pins.get(requirement.name.lower(), "nothing") in requirement.specifier


def test_both_lock_files_pin_the_same_versions() -> None:
    assert _pins("runtime").items() <= _pins("dev").items()


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z][\w.-]*)==(\S+)", text, re.MULTILINE))
