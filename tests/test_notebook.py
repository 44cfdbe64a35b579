"""The tutorial's notebook: its form, and its cells run in their order on few photos.

A kernel of Jupyter's would bring some forty packages to run what `exec` runs.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"
NOTEBOOK = json.loads(PAGE.read_text(encoding="utf-8"))
CELLS = NOTEBOOK["cells"]
SMALL = {"per_class": "4,2,2", "size": 32, "photo_epochs": 2, "weights": None}


def text_of(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_it_is_a_notebook_of_format_4_5_without_outputs() -> None:
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert {"cells", "metadata", "nbformat", "nbformat_minor"} == NOTEBOOK.keys()
    for cell in CELLS:
        keys = {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            keys |= {"outputs", "execution_count"}
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
        assert cell.keys() == keys
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
        assert all(line.endswith("\n") for line in cell["source"][:-1])
    assert len({cell["id"] for cell in CELLS}) == len(CELLS)


@pytest.fixture(scope="module")
def done(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What stands after the last cell."""
    folder = tmp_path_factory.mktemp("notebook")
    names: dict[str, Any] = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(folder / "cache"))
        patch.chdir(folder)
        for cell in CELLS:
            if cell["cell_type"] == "code":
                exec(compile(text_of(cell), f"cell {cell['id']}", "exec"), names)
            if "parameters" in cell["metadata"].get("tags", ()):
                assert names.keys() >= SMALL.keys()
                names |= SMALL
    return names | {"folder": folder}


def test_its_table_comes_out_as_in_the_tutorial(done: dict[str, Any]) -> None:
    metrics = done["run"].metrics
    assert metrics["parameters"] == 642
    assert 0.92 < metrics["test"]["accuracy"] <= 400 / 420
    assert done["right"]["fitted once"] > done["right"]["fitted again"] + 0.08
    assert [each.metrics["samples"]["train"] for each in (done["share"], done["own"])] == [
        1890,
        2100,
    ]


def test_its_photos_are_trained_on_and_named(done: dict[str, Any]) -> None:
    for run in (done["small"], done["pretrained"]):
        assert run.metrics["samples"] == {"train": 40, "validation": 20, "test": 20}
    assert len(done["history"].history["val_accuracy"]) == 2
    assert (done["folder"] / "runs" / "notebook" / "views.png").is_file()
