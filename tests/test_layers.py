"""Imports go one way only: a file of the house may use the files of the lines above it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "headstart"

ORDER = (
    "errors.py",
    "sets.py",
    "events.py",
    "clock.py",
    "augmentation.py",
    "options.py",
    "findings.py",
    "parallel.py",
    "process.py",
    "aside.py",
    "by_rows.py",
    "silence.py",
    "store/files.py",
    "store/lock.py",
    "store/cells.py",
    "store/arrays.py",
    "store/rows.py",
    "store/target.py",
    "store/room.py",
    "store/records.py",
    "data/labelled.py",
    "data/absent.py",
    "data/kinds.py",
    "data/walk.py",
    "data/archives.py",
    "data/layout.py",
    "data/columns.py",
    "data/numerals.py",
    "data/quotes.py",
    "data/delimited.py",
    "data/typed.py",
    "data/declared.py",
    "data/parquet_footer.py",
    "data/arrow_footer.py",
    "data/packed.py",
    "data/from_pandas.py",
    "data/table.py",
    "data/beside.py",
    "data/mapping.py",
    "data/listing.py",
    "data/roles.py",
    "data/samples.py",
    "data/headers.py",
    "data/exif.py",
    "data/pixels.py",
    "data/augment.py",
    "data/neighbours.py",
    "data/overlay.py",
    "data/near_copies.py",
    "data/decisions.py",
    "data/duplicates.py",
    "data/balance.py",
    "data/evenness.py",
    "data/equal_rows.py",
    "data/split_file.py",
    "data/grouped.py",
    "data/periods.py",
    "data/split.py",
    "backbone/quiet_keras.py",
    "backbone/quiet_openvino.py",
    "backbone/packaged.py",
    "backbone/lite0.py",
    "backbone/dense.py",
    "backbone/child.py",
    "backbone/hdf5.py",
    "backbone/catalog.py",
    "backbone/preprocessing.py",
    "backbone/scratch.py",
    "backbone/weights.py",
    "backbone/graphs.py",
    "backbone/networks.py",
    "backbone/fetch.py",
    "backbone/convert.py",
    "backbone/steps.py",
    "backbone/prefix.py",
    "backbone/accelerator.py",
    "backbone/engine.py",
    "backbone/imagenet.py",
    "backbone/choice.py",
    "features.py",
    "evaluation/metrics.py",
    "looks.py",
    "dataset.py",
    "photo_findings.py",
    "tabular.py",
    "row_findings.py",
    "training/checkpoint.py",
    "training/keeping.py",
    "training/blas.py",
    "training/lbfgs.py",
    "training/head.py",
    "training/folds.py",
    "training/examples.py",
    "training/heap.py",
    "training/batches.py",
    "training/rate.py",
    "training/whole.py",
    "training/loop.py",
    "training/plan.py",
    "training/budget.py",
    "training/networks.py",
    "training/tail.py",
    "fitting/rows.py",
    "fitting/engines.py",
    "fitting/sources.py",
    "fitting/trainee.py",
    "fitting/fit.py",
    "evaluation/bootstrap.py",
    "evaluation/trust.py",
    "evaluation/abstention.py",
    "evaluation/calibration.py",
    "evaluation/extrapolation.py",
    "evaluation/paired.py",
    "evaluation/rivals.py",
    "evaluation/importance.py",
    "evaluation/suspects.py",
    "evaluation/explain.py",
    "bundle/refusal.py",
    "bundle/strict_json.py",
    "bundle/stored_zip.py",
    "bundle/graph_check.py",
    "bundle/shape_check.py",
    "bundle/manifest.py",
    "bundle/tensor_check.py",
    "bundle/locate.py",
    "bundle/archive.py",
    "bundle/rebuild.py",
    "bundle/rows.py",
    "bundle/doubt.py",
    "bundle/pooled.py",
    "bundle/explainer.py",
    "bundle/answering.py",
    "bundle/classifier.py",
    "bundle/save.py",
    "bundle/export.py",
    "bundle/foreign.py",
    "bundle/evidence.py",
    "bundle/row_evidence.py",
    "bundle/package.py",
    "run.py",
    "workplace.py",
    "report/words.py",
    "report/text.py",
    "report/learning.py",
    "report/matrix.py",
    "report/matrix_picture.py",
    "report/figure.py",
    "report/plots.py",
    "report/sheet.py",
    "report/overlay.py",
    "report/guesses.py",
    "report/predictions.py",
    "report/mistakes.py",
    "report/probabilities.py",
    "report/alike.py",
    "report/confused.py",
    "report/galleries.py",
    "report/worth.py",
    "report/pixels_worth.py",
    "report/curves.py",
    "report/growth.py",
    "report/coverage.py",
    "report/reliability.py",
    "report/terminal.py",
    "report/contest.py",
    "report/views.py",
    "report/doubts.py",
    "report/drivers.py",
    "report/advice.py",
    "report/compiled.py",
    "report/html.py",
    "report/album.py",
    "report/heat.py",
    "report/page.py",
    "report/markdown.py",
    "report/card.py",
    "report/sections.py",
    "comparing.py",
    "outcome.py",
    "calibrated.py",
    "abstaining.py",
    "record/common.py",
    "frozen.py",
    "plain_pixels.py",
    "learning_curve.py",
    "tuning.py",
    "columnar.py",
    "baselines.py",
    "influence.py",
    "record/photos.py",
    "record/rows.py",
    "record/evaluation.py",
    "suspecting.py",
    "pipeline.py",
    "relabelling.py",
    "checking.py",
    "judging_rows.py",
    "judging.py",
    "estimators/images.py",
    "estimators/tables.py",
    "trial.py",
    "tutorial/lessons.py",
    "tutorial/steps.py",
    "tutorial/table.py",
    "tutorial/photos.py",
    "tutorial/course.py",
    "server/gate.py",
    "server/app.py",
    "scale/ray.py",
    "commands/sections.py",
    "commands/progress.py",
    "commands/output.py",
    "commands/inputs.py",
    "commands/train.py",
    "commands/demo.py",
    "commands/tutorial.py",
    "commands/evaluate.py",
    "commands/maps.py",
    "commands/rows_csv.py",
    "commands/predict.py",
    "commands/classify.py",
    "commands/check.py",
    "commands/relabel.py",
    "commands/split.py",
    "commands/augment.py",
    "commands/inspect.py",
    "commands/export.py",
    "commands/backbones.py",
    "commands/report.py",
    "commands/compare.py",
    "commands/doctor.py",
    "commands/cache.py",
    "__init__.py",
    "cli.py",
    "__main__.py",
)


def imports(file: Path, source: Path) -> Iterator[tuple[int, str]]:
    """Line and target, a path within `source`, of each import from headstart in a file.

    Imports inside functions and under `TYPE_CHECKING` count too.
    """
    for node in ast.walk(ast.parse(file.read_bytes())):
        match node:
            case ast.Import():
                modules = [alias.name for alias in node.names]
            case ast.ImportFrom(level=0, module=str(module)):
                modules = [f"{module}.{alias.name}" for alias in node.names]
            case ast.ImportFrom():
                yield node.lineno, "a relative import"
                continue
            case _:
                continue
        for module in modules:
            package, *parts = module.split(".")
            if package == "headstart":
                yield node.lineno, _file_of(parts, source)


def _file_of(parts: list[str], source: Path) -> str:
    """The file that `headstart.<parts>` names; the last part may be a name inside a module."""
    for path in (source.joinpath(*parts), source.joinpath(*parts[:-1])):
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file.relative_to(source).as_posix()
    return f"headstart.{'.'.join(parts)}, which is not there"


def faults(source: Path, order: tuple[str, ...]) -> list[str]:
    """Every import that goes the wrong way, and every file that has no place."""
    found = []
    for file in sorted(source.rglob("*.py")):
        name = file.relative_to(source).as_posix()
        if name not in order:
            if file.name != "__init__.py" or file.stat().st_size:
                found.append(f"{name} has no line in ORDER")
            continue
        above = order[: order.index(name)]
        found += [
            f"{name}:{line} imports {target}"
            for line, target in imports(file, source)
            if target not in above
        ]
    return found


def test_every_file_has_a_line_and_imports_only_files_of_lines_above() -> None:
    assert faults(SOURCE, ORDER) == []


def test_no_file_has_two_lines() -> None:
    assert len(set(ORDER)) == len(ORDER)


@pytest.mark.parametrize(
    "statement",
    [
        "import headstart.data.low",
        "from headstart.data import low",
        "from headstart.data.low import name",
        "from headstart import low",
        "from headstart import data",
        "import headstart",
        "from headstart.high import name",
        "from . import low",
        "from .data.low import name",
        "def f():\n    import headstart.data.low",
    ],
)
def test_an_import_that_goes_down_sideways_or_nowhere_is_found(
    statement: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "low.py").touch()
    (tmp_path / "data" / "__init__.py").touch()
    (tmp_path / "__init__.py").touch()
    (tmp_path / "high.py").write_text(statement)
    assert len(faults(tmp_path, ("high.py", "data/low.py"))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "import headstart.data.low",
        "from headstart.data import low",
        "from headstart.data.low import name",
        "import numpy",
        "from pathlib import Path",
    ],
)
def test_an_import_from_above_or_from_elsewhere_is_no_fault(statement: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "low.py").touch()
    (tmp_path / "high.py").write_text(statement)
    assert faults(tmp_path, ("data/low.py", "high.py")) == []


def test_a_file_without_a_line_is_found(tmp_path: Path) -> None:
    (tmp_path / "new.py").touch()
    assert faults(tmp_path, ()) == ["new.py has no line in ORDER"]
