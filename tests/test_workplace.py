"""Where a run is made: what a reader sees meanwhile, who may have a folder, what may go."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.errors import OptionError, OutputError
from headstart.workplace import Workplace, new_run

OPTIONS = json.dumps({"format": 1, "source": "photos", "options": {}})


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photos; the test works in the folder around it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    return Path("photos")


def make(
    source: Path,
    out: str | None = None,
    mark: str = "",
    before_the_end: Callable[[Workplace], None] = lambda place: None,
    **how: bool,
) -> str:
    """A finished run, by its path from here."""
    with new_run(source, out, **how) as place:
        write(place, mark)
        before_the_end(place)
    return os.path.relpath(place.run)


def write(place: Workplace, mark: str = "") -> None:
    (place.folder / "options.json").write_text(OPTIONS)
    (place.folder / "metrics.json").write_text(mark)


def cut_off(source: Path, out: str | None = None, epoch: int = 1, **how: bool) -> None:
    """A training that is interrupted after it has written a checkpoint."""

    def fail(place: Workplace) -> None:
        (place.folder / "metrics.json").unlink()
        (place.folder / "checkpoint").mkdir(exist_ok=True)
        (place.folder / "checkpoint" / "last.safetensors").write_text(str(epoch))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(source, out, before_the_end=fail, **how)


def interrupt(_place: Workplace) -> None:
    raise KeyboardInterrupt


def mark_of(run: str) -> str:
    return Path(run, "metrics.json").read_text()


def in_another_process(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process that has run `code` up to its last line, which says `print(flush=True)`."""
    script = f"import sys, time\nfrom pathlib import Path\n{code}"
    child = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


BEGIN = """
from headstart.workplace import new_run
with new_run(Path("photos"), sys.argv[1], force=True) as place:
    (place.folder / "options.json").touch()
    for name in sys.argv[2:]:
        (place.folder / name).parent.mkdir()
        (place.folder / name).touch()
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_run_gets_the_next_free_name_after_its_source(source):
    assert [make(source) for _ in range(3)] == [f"runs/photos-{n}" for n in (1, 2, 3)]
    assert make(Path("photos.zip")) == "runs/photos-4"


def test_a_dot_in_the_name_of_a_folder_is_no_suffix(source):
    Path("photos.2024").mkdir()
    assert make(Path("photos.2024")) == "runs/photos.2024-1"


def test_a_folder_named_is_made_with_those_above_it(source):
    assert make(source, "a/b/c") == "a/b/c"
    assert Path("a/b/c/options.json").is_file()
    assert os.listdir("a/b") == ["c"]


def test_a_run_appears_only_when_it_is_finished(source):
    with new_run(source, "run") as place:
        write(place)
        assert not Path("run").exists()
    assert sorted(os.listdir("run")) == ["metrics.json", "options.json"]
    assert sorted(os.listdir()) == ["photos", "run"]


def test_a_run_that_is_replaced_can_be_read_until_the_new_one_is_finished(source):
    make(source, "run", "old")
    with new_run(source, "run", force=True) as place:
        write(place, "new")
        assert mark_of("run") == "old"
    assert mark_of("run") == "new"
    assert sorted(os.listdir()) == ["photos", "run"]


def test_a_run_that_was_to_be_replaced_stays_when_the_work_fails(source):
    make(source, "run", "old")
    with pytest.raises(KeyboardInterrupt):
        make(source, "run", "new", interrupt, force=True)
    assert mark_of("run") == "old"
    assert sorted(os.listdir()) == ["photos", "run"]


def test_nothing_is_left_of_work_that_failed(source):
    Path("a").mkdir()
    with pytest.raises(KeyboardInterrupt):
        make(source, "a/b/c", before_the_end=interrupt)
    assert sorted(os.listdir()) == ["a", "photos"]
    assert os.listdir("a") == []


def test_an_empty_folder_may_be_given_and_is_there_again_when_the_work_fails(source):
    Path("run").mkdir()
    with pytest.raises(KeyboardInterrupt):
        make(source, "run", before_the_end=interrupt)
    assert os.listdir("run") == []
    assert make(source, "run") == "run"
    assert sorted(os.listdir()) == ["photos", "run"]


def test_a_run_is_replaced_only_with_force(source):
    make(source, "run")
    with pytest.raises(OutputError, match=r"run: holds a run already\. .* --force\."):
        make(source, "run")
    assert make(source, "run", force=True) == "run"


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_something_else_is_never_written_into(source, force):
    Path("thesis").mkdir()
    Path("thesis/chapter.txt").touch()
    with pytest.raises(OutputError, match="no run of headstart's"):
        make(source, "thesis", force=force)
    with pytest.raises(OutputError, match=r"chapter\.txt: is a file"):
        make(source, "thesis/chapter.txt", force=force)
    with pytest.raises(OutputError, match=r"Not a directory|File exists"):
        make(source, "thesis/chapter.txt/run", force=force)
    assert os.listdir("thesis") == ["chapter.txt"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"name": "my-app", "options": {}}', "\xff"])
def test_a_folder_with_options_of_another_program_is_none_of_ours(source, content):
    Path("app").mkdir()
    Path("app/options.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(OutputError, match="no run of headstart's"):
        make(source, "app", force=True)
    assert os.listdir("app") == ["options.json"]


@pytest.mark.parametrize("name", ["notes.txt", ".git", "predictions.xlsx"])
def test_a_run_to_which_the_user_has_added_a_file_is_not_replaced(source, name):
    make(source, "run", "old")
    Path("run", name).touch()
    with pytest.raises(OutputError, match=rf"run: holds '{name}', which is no file of a run"):
        make(source, "run", force=True)
    assert Path("run", name).exists()
    assert mark_of("run") == "old"


def test_what_file_managers_leave_in_a_run_goes_with_it(source):
    make(source, "run")
    Path("run/.DS_Store").touch()
    assert make(source, "run", force=True) == "run"


def test_a_file_added_while_the_new_run_is_made_is_not_lost_nor_is_the_new_run(source):
    make(source, "run", "old")

    def add(_place: Workplace) -> None:
        Path("run/notes.txt").touch()

    with pytest.raises(OutputError, match=r"notes\.txt.*The finished run is in .*/\.run\.part\."):
        make(source, "run", "new", add, force=True)
    assert Path("run/notes.txt").exists()
    assert (mark_of("run"), mark_of(".run.part")) == ("old", "new")


def test_a_folder_that_is_filled_meanwhile_is_not_touched(source):

    def fill(_place: Workplace) -> None:
        Path("run").mkdir()
        Path("run/theirs.txt").touch()

    with pytest.raises(OutputError, match=r"run: cannot take its place .*not empty.* is in"):
        make(source, "run", "new", fill)
    assert os.listdir("run") == ["theirs.txt"]
    assert mark_of(".run.part") == "new"


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


def test_a_link_to_a_folder_stays_a_link(source):
    Path("elsewhere").mkdir()
    Path("run").symlink_to("elsewhere")
    assert make(source, "run") == "elsewhere"
    assert Path("run").is_symlink()
    assert Path("run/metrics.json").exists()


def test_the_folder_that_one_stands_in_is_refused_for_it_would_vanish(source, monkeypatch):
    Path("here").mkdir()
    monkeypatch.chdir("here")
    with pytest.raises(OutputError, match="the folder that you are in"):
        make(Path("../photos"), ".")
    assert os.listdir("..") == ["here", "photos"] or os.listdir("..") == ["photos", "here"]


def test_fault_67_a_place_that_cannot_be_written_is_refused_before_the_work(
    open_folder, as_nobody, source
):
    open_folder.chmod(0o755)
    began = False
    with (
        as_nobody(),
        pytest.raises(OutputError, match=r"cannot be written to \(Permission denied\)\. Name"),
        new_run(Path("photos"), open_folder / "a" / "b"),
    ):
        began = True
    assert not began
    assert os.listdir(open_folder) == []


@pytest.mark.parametrize("below", ["", "run"])
def test_fault_67_so_is_a_place_that_cannot_even_be_looked_into(
    open_folder, as_nobody, source, below
):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with as_nobody(), pytest.raises(OutputError, match="Permission denied"):
        make(Path("photos"), str(closed / below))
    assert os.listdir(open_folder) == ["closed"]


def test_fault_67_so_is_an_empty_folder_that_cannot_be_replaced(open_folder, as_nobody, source):
    open_folder.chmod(0o1777)  # as /tmp is: nobody moves away what belongs to another user
    (open_folder / "run").mkdir(mode=0o777)
    with as_nobody(), pytest.raises(OutputError, match=r"denied|not permitted"):
        make(Path("photos"), str(open_folder / "run"))
    assert os.listdir(open_folder) == ["run"]


def test_fault_67_so_is_a_name_too_long(source):
    with pytest.raises(OutputError, match="too long"):
        make(source, "x" * 1000)


def test_fault_68_a_run_that_was_finished_when_the_power_went_is_there_afterwards(source):
    Path(".run.part/checkpoint").mkdir(parents=True)
    write(Workplace(Path("run").absolute()), "finished")
    with pytest.raises(OutputError, match="holds a run already"):
        make(source, "run")
    assert mark_of("run") == "finished"
    assert os.listdir("run").count("checkpoint") == 0


def test_fault_68_so_is_the_old_one_where_the_new_one_was_not(source):
    make(source, "run", "old")
    os.rename("run", ".run.old")
    with pytest.raises(OutputError, match="holds a run already"):
        make(source, "run")
    assert mark_of("run") == "old"


def test_fault_68_what_a_killed_process_left_of_the_change_goes(source):
    make(source, "run", "new")
    make(source, ".run.old", "old")
    os.unlink(".run.old/options.json")
    make(source, "run", "newest", force=True)
    assert sorted(os.listdir()) == ["photos", "run"]


def test_a_hidden_folder_of_the_users_is_never_cleared(source):
    Path(".run.part").mkdir()
    Path(".run.part/film.mkv").touch()
    with pytest.raises(OutputError, match=r"\.run\.part: holds 'film\.mkv'"):
        make(source, "run", force=True)
    assert os.listdir(".run.part") == ["film.mkv"]


def test_fault_69_a_second_run_on_one_folder_is_an_error_that_names_the_process(source):
    child = in_another_process(BEGIN, "run")
    try:
        for how in {}, {"force": True}, {"resume": True}:
            with pytest.raises(OutputError, match=rf"run: is being made by process {child.pid} on"):
                make(source, "run", **how)
        assert Path(".run.part/options.json").exists()
        assert make(source, "other") == "other"
    finally:
        child.kill()
        child.communicate()


def test_fault_69_a_stale_lock_is_cleared_with_what_its_process_left(source):
    child = in_another_process(BEGIN, "run")
    child.kill()
    child.communicate()
    assert Path(".run.lock").read_text().startswith(f"process {child.pid} on ")
    assert make(source, "run", "new") == "run"
    assert sorted(os.listdir()) == ["photos", "run"]
    assert sorted(os.listdir("run")) == ["metrics.json", "options.json"]


def test_fault_69_two_threads_of_one_process_are_two_runs(source):
    with (
        new_run(source, "run"),
        pytest.raises(OutputError, match=f"by process {os.getpid()} on"),
        new_run(source, "run"),
    ):
        pass


RACE = """
from headstart.workplace import new_run
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    with new_run(Path("photos"), None) as place:
        run = {"format": 1, "source": sys.argv[1], "options": {}}
        (place.folder / "options.json").write_text(json.dumps(run))
    print(place.run.name)
for _ in range(20):  # and those that fail take the folders away that others are just making
    try:
        with new_run(Path("photos"), "a/b/run") as place:
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    except Exception as error:
        assert "is being made by" in str(error), error  # who holds it may not have said so yet
"""


def test_fault_69_runs_that_race_for_the_next_name_get_one_each(source):
    children = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import json, sys\nfrom pathlib import Path\n{RACE}",
                str(number),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    names: list[str] = []
    for number, child in enumerate(children):
        out, told = child.communicate(timeout=60)
        assert (child.returncode, told) == (0, "")
        for name in out.split():
            run = json.loads(Path("runs", name, "options.json").read_text())
            assert run["source"] == str(number)
            names.append(name)
    assert sorted(names) == sorted(f"photos-{n}" for n in range(1, 61))
    assert sorted(os.listdir("runs")) == sorted(names)
    assert not list(Path().rglob(".*"))


def test_a_training_that_is_cut_off_waits_with_its_checkpoint(source):
    cut_off(source, "run")
    assert sorted(os.listdir()) == [".run.part", "photos"]
    with pytest.raises(OutputError, match=r"run: holds an unfinished .*--resume .* --force begins"):
        make(source, "run")
    with new_run(source, "run", resume=True) as place:
        assert (place.folder / "checkpoint" / "last.safetensors").read_text() == "1"
        write(place, "done")
    assert sorted(os.listdir()) == ["photos", "run"]
    assert sorted(os.listdir("run")) == ["metrics.json", "options.json"]


def test_a_training_may_be_cut_off_again_and_again(source):
    cut_off(source, "run")
    cut_off(source, "run", epoch=2, resume=True)
    with new_run(source, "run", resume=True) as place:
        assert (place.folder / "checkpoint" / "last.safetensors").read_text() == "2"


def test_fault_65_a_training_that_was_killed_can_go_on(source):
    child = in_another_process(BEGIN, "run", "checkpoint/last.safetensors")
    child.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    child.communicate()
    with new_run(source, "run", resume=True) as place:
        assert place.unfinished
        assert (place.folder / "options.json").exists()


def test_force_begins_an_unfinished_training_again(source):
    cut_off(source, "run")
    with new_run(source, "run", force=True) as place:
        assert os.listdir(place.folder) == []


def test_a_replacement_that_was_cut_off_needs_no_force_to_go_on(source):
    make(source, "run", "old")
    cut_off(source, "run", force=True)
    assert mark_of("run") == "old"
    make(source, "run", "new", resume=True)
    assert mark_of("run") == "new"


def test_a_finished_run_cannot_go_on(source):
    make(source, "run", "old")
    with pytest.raises(OutputError, match="is finished"):
        make(source, "run", resume=True)
    make(source)
    with pytest.raises(OutputError, match="photos-1: is finished"):
        make(source, resume=True)
    assert mark_of("run") == "old"


def test_where_nothing_was_begun_resume_begins(source):
    assert make(source, "run", resume=True) == "run"
    assert make(source, resume=True) == "runs/photos-1"


def test_resume_without_a_folder_takes_the_newest_that_is_unfinished(source):
    for number in (1, 2, 10, 11):
        name = f"runs/photos-{number}"
        make(source, name) if number in (1, 11) else cut_off(source, name, epoch=number)
    assert make(source) == "runs/photos-3"  # what is unfinished keeps its name
    cut_off(source, "runs/others-12")
    assert make(source, resume=True) == "runs/photos-10"
    assert make(source, resume=True) == "runs/photos-2"


def test_to_go_on_and_to_begin_again_exclude_each_other(source):
    with pytest.raises(OptionError, match="--resume goes on and --force begins again"):
        make(source, "run", resume=True, force=True)
    assert os.listdir() == ["photos"]
