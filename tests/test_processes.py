"""The command as processes of its own: what it touches, how it is stopped, who else runs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from photos import put_digits
from safetensors import safe_open

from headstart.run import Run
from headstart.store.files import cache_root

RUN_AND_BESIDE = ("run", ".run.part", ".run.lock")  # the last two while it is made
WATCHED = """
import json, os, sys

allowed = tuple(os.path.realpath(folder) + os.sep for folder in sys.argv[1].split(os.pathsep))
seen = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
PATHS = {"os.mkdir": 1, "os.rmdir": 1, "os.remove": 1, "os.rename": 2, "os.link": 2,
         "os.symlink": 2, "os.truncate": 1, "os.utime": 1, "os.chmod": 1, "shutil.rmtree": 1}
OUTSIDE = ("socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo",
           "subprocess.Popen", "os.posix_spawn", "os.system", "os.exec", "os.fork")

def watch(event, arguments):
    paths = ()
    if event in PATHS and event != "os.truncate" and arguments[-1] not in (None, -1):
        return  # below an open folder, as rmtree goes about it: the root of that is watched
    if event == "open" and isinstance(arguments[0], (str, bytes)) and arguments[2] & WRITES:
        paths = arguments[:1]
    elif event in PATHS:
        paths = [path for path in arguments[:PATHS[event]] if isinstance(path, (str, bytes))]
    elif event in OUTSIDE:
        seen.append([event, repr(arguments)])
    for path in map(os.fsdecode, paths):
        real = os.path.realpath(path)
        if not (real + os.sep).startswith(allowed) and real != os.devnull:
            seen.append([event, real])

sys.addaudithook(watch)
from headstart.cli import entry
codes, calls = [], json.loads(sys.argv[2])
os._exit = codes.append  # as processes of their own, but for the end
for arguments in calls:
    sys.argv = ["headstart", *arguments]
    entry()
heavy = [name for name in ("tensorflow", "keras", "torch", "matplotlib") if name in sys.modules]
print(json.dumps({"codes": codes, "seen": seen, "heavy": heavy}))
"""


def test_training_and_predicting_write_nothing_elsewhere_call_nobody_and_import_nothing_heavy(
    tmp_path,
):
    source = put_digits(tmp_path / "digits", range(60))
    folders = {name: tmp_path / name for name in ("home", "temporary", "cache", "run", "here")}
    for name in ("home", "temporary", "here"):
        folders[name].mkdir()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "MPL", "KERAS", "TF_"))
    }
    environment |= {
        "HOME": str(folders["home"]),
        "USERPROFILE": str(folders["home"]),
        "TMPDIR": str(folders["temporary"]),
        "HEADSTART_CACHE_DIR": str(folders["cache"]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    few = ["--size", "32", "--test", "0.2"]
    calls = [
        ["train", str(source), "--out", str(folders["run"]), *few, "--quiet"],
        ["predict", str(folders["run"]), str(source / "0"), "--quiet", "--format", "csv"],
        ["report", str(folders["run"]), "--quiet"],
    ]
    before = {path: path.stat().st_mtime_ns for path in source.rglob("*")}
    child = subprocess.run(
        [
            *(sys.executable, "-W", "error", "-c", WATCHED),
            os.pathsep.join(str(tmp_path / name) for name in ("cache", *RUN_AND_BESIDE)),
            json.dumps(calls),
        ],
        env=environment,
        cwd=folders["here"],
        capture_output=True,
        text=True,
    )
    assert child.returncode == 0, child.stderr
    assert child.stderr == ""
    told = json.loads(child.stdout.splitlines()[-1])
    assert told == {"codes": [0, 0, 0], "seen": [], "heavy": []}
    for name in ("home", "temporary", "here"):
        assert list(folders[name].iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in source.rglob("*")} == before


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
def test_the_demo_if_interrupted_leaves_no_folder_and_goes_on_there_the_next_time(call, tmp_path):
    def kept() -> list[Path]:
        return list(cache_root().glob("features/*/*.rows"))

    out = tmp_path / "new" / "run"
    child = subprocess.Popen(
        [sys.executable, "-m", "headstart", "demo", "--out", out], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not kept():
        assert time.monotonic() < deadline
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=60)
    assert child.returncode == 130
    assert told.startswith("headstart: Interrupted. Features that were computed are kept")
    assert "Traceback" not in told
    assert not out.parent.exists()
    assert 256 <= rows_of(kept()) < 1797

    found = call("demo", "--out", out, "--json")
    assert (found.code, found.err) == (0, "")
    metrics = json.loads(found.out)
    assert sum(metrics["samples"].values()) == 1797
    assert metrics["test"]["accuracy"] > 0.95
    assert metrics["run"] == str(out)
    assert Run.open(out).report().is_file()
    assert rows_of(kept()) == 1797  # none of them twice

    again = call("demo", "--out", out)
    assert again.code == 2
    assert "--force" in again.err


def rows_of(segments: list[Path]) -> int:
    """How many rows lie in segments of the cache."""
    counts = []
    for path in segments:
        with safe_open(path, framework="numpy") as file:
            counts.append(file.get_slice("crc").get_shape()[0])
    return sum(counts)


def test_fault_70_two_runs_at_once_on_one_cache_work_and_agree(tmp_path):
    source = put_digits(tmp_path / "digits", range(120))
    children = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "headstart", "train", str(source)),
                *("--out", str(tmp_path / name), "--size", "32", "--test", "0.2", "--quiet"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    for child in children:
        _, told = child.communicate(timeout=240)
        assert (child.returncode, told) == (0, "")
    first, second = (Run.open(tmp_path / name) for name in "ab")
    for name in ("model.headstart", "predictions.csv", "split.csv"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise there")
def test_whoever_stops_reading_stops_the_command_in_peace(trained):
    child = subprocess.Popen(
        [sys.executable, "-m", "headstart", "predict", trained.folder, str(trained.source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child.stdout.close()
    told = child.stderr.read()
    child.stderr.close()
    assert (child.wait(timeout=60), told) == (0, "")


def test_what_was_answered_before_an_error_is_not_lost(command, trained, tmp_path):
    (tmp_path / "bad.jpg").touch()
    found = command(
        *("predict", trained.folder, tmp_path / "bad.jpg", "--json"), env={"PYTHONUNBUFFERED": ""}
    )
    assert found.returncode == 2
    assert found.stderr.startswith("headstart: No photo can be read")
    (answer,) = json.loads(found.stdout)["predictions"]
    assert "empty" in answer["error"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_fault_66_answers_that_nothing_takes_are_an_error_and_no_traceback(
    command, trained, unbuffered
):
    with open("/dev/full", "w") as full:
        found = command(
            *("predict", trained.folder, trained.source / "0", "--format", "csv"),
            env={"PYTHONUNBUFFERED": unbuffered},
            capture_output=False,
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert (found.returncode, found.stderr) == (
        2,
        "headstart: Standard output cannot be written to (No space left on device). "
        "Send it elsewhere, or free space there.\n",
    )


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
def test_an_interrupted_prediction_promises_nothing(trained):
    child = subprocess.Popen(
        [sys.executable, "-m", "headstart", "predict", trained.folder, "-", "--format", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    photos = sorted(map(str, trained.source.rglob("*.png")))[:256]
    child.stdin.write("".join(f"{photo}\n" for photo in photos))
    child.stdin.flush()
    assert "class" in json.loads(child.stdout.readline())
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=60)
    assert (child.returncode, told) == (130, "headstart: Interrupted.\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
def test_fault_23_a_terminal_that_cannot_show_a_name_gets_it_escaped(command, trained, tmp_path):
    photo = min((trained.source / "0").iterdir()).read_bytes()
    names = ["new\nline.png", "\N{PILE OF POO}.png", os.fsdecode(b"\xff.png"), "-rf.png"]
    for name in names:
        (tmp_path / name).write_bytes(photo)
    found = command(
        *("predict", trained.folder, "--format", "table", "."),
        cwd=tmp_path,
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert (found.returncode, found.stderr) == (0, "")
    shown = [line.split("  ")[0] for line in found.stdout.splitlines()]
    assert shown == ["./-rf.png", "./new\\nline.png", "./\\xff.png", "./\\U0001f4a9.png"]

    found = command(
        *("predict", trained.folder, "-rf.png", "-", "--json"),
        cwd=tmp_path,
        input="\N{PILE OF POO}.png\n",
        env={"PYTHONIOENCODING": "utf-8"},
    )
    told = [each["input"] for each in json.loads(found.stdout)["predictions"]]
    assert told == ["-rf.png", "\N{PILE OF POO}.png"]


def test_a_bad_call_from_outside_has_no_traceback(command, tmp_path):
    found = command("train", "nowhere", cwd=tmp_path)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == ("headstart: nowhere: does not exist. Check the spelling of its path.\n")
