import json

import pytest

from headstart.backbone import child
from headstart.errors import ModelError


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Makes a module of the given lines that a child can run."""

    def write(lines):
        body = "from headstart.backbone import child\nfrom headstart.errors import *\n" + lines
        (tmp_path / "work_for_a_child.py").write_text(body)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return "work_for_a_child"

    return write


def test_the_answer_is_not_disturbed_by_what_is_printed(module):
    name = module("""
def double(request):
    print("noise")
    return {"number": 2 * request["number"], "name": request["name"]}
child.serve(double)
""")
    odd = "caf\udce9\n"  # a file name that is not UTF-8, as Python has it
    assert child.run(name, {"number": 21, "name": odd}) == {"number": 42, "name": odd}


def test_an_error_arrives_as_the_error_that_was_raised(module):
    name = module("""
def refuse(request):
    raise ModelError("does not fit.", where="a.h5", mend="Give another.")
child.serve(refuse)
""")
    with pytest.raises(ModelError, match=r"^a\.h5: does not fit\. Give another\.$"):
        child.run(name, {})


def test_a_crash_says_what_the_child_printed(module):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        child.run(module("1 / 0"), {})


def test_a_module_in_the_working_folder_does_not_come_first(module, tmp_path, monkeypatch):
    name = module("child.serve(lambda request: request)")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path / "here")

    assert child.run(name, {"a": json.loads("1")}) == {"a": 1}
