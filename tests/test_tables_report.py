"""What a run on rows tells beside its figures: baselines, columns, some rows as they are taken."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from barriers import barriers
from metrics_schema import faults
from parsed import Page
from sklearn import datasets

from headstart.data import columns, mapping, table
from headstart.judging import evaluate
from headstart.pipeline import train
from headstart.report import drivers, worth
from headstart.report.terminal import summary
from headstart.run import Run

pytestmark = pytest.mark.usefixtures("keras")


def put_walks(path: Path, n: int = 500) -> Path:
    """Whether a walk is taken: by the weather and the hour, hardly by the dog's name."""
    random = np.random.default_rng(0)
    sky = random.choice(["blue", "grey", "wet"], n)
    hour = random.integers(0, 24, n)
    taken = (sky != "wet") & (hour > 6) | (random.random(n) < 0.05)
    frame = pl.DataFrame(
        {
            "sky": [None if i % 29 == 0 else s for i, s in enumerate(sky.tolist())],
            "hour": [None if i % 31 == 0 else h for i, h in enumerate(hour.tolist())],
            "day": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(n)],
            "=dog": random.choice(["Rex", "<b>Ace</b>"], n),
            "walk": np.where(taken, "yes", "no"),
        }
    )
    frame.write_csv(path)
    return path


@pytest.fixture(scope="module")
def walks(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("walks")
    return train(put_walks(folder / "walks.csv"), folder / "run", target="walk")


def test_baselines_are_judged_by_the_same_rows_and_compared(walks: Run) -> None:
    metrics = walks.metrics
    assert metrics["classes"] == ["no", "yes"]  # as the file says, not false and true
    assert faults(metrics) == []
    n = metrics["samples"]["test"]
    for name in ("logistic_regression", "gradient_boosting"):
        found = metrics["comparisons"][name]
        assert metrics["baselines"][name] == found["accuracy"] > 0.75
        apart = metrics["test"]["accuracy"] - found["accuracy"]
        assert found["difference"] == pytest.approx(apart)
        assert round(found["accuracy"] * n, 6) % 1 == 0
        low, high = found["difference_interval"]
        assert low <= found["difference"] <= high
        assert (found["p"] < 0.01) <= (not low <= 0 <= high)


def test_gradient_boosting_is_scikit_learns_on_the_same_split(walks: Run) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    frame = table.read(walks.folder.parent / "walks.csv").frame
    matrix = mapping.matrix(walks.bundle.manifest.table.columns, frame)
    by_row = {int(row["sample"].split()[1]): row for row in walks.split}
    sides, labels = (np.array([by_row[i][k] for i in sorted(by_row)]) for k in ("split", "label"))
    trees = HistGradientBoostingClassifier(random_state=0)
    trees.fit(matrix[sides == "train"], labels[sides == "train"])
    score = trees.score(matrix[sides == "test"], labels[sides == "test"])
    assert walks.metrics["baselines"]["gradient_boosting"] == pytest.approx(score)


def test_few_rows_are_compared_fold_by_fold(tmp_path: Path) -> None:
    found = datasets.load_iris()
    named = {f"c{i}": found.data[:, i] for i in range(4)}
    pl.DataFrame({**named, "kind": [f"k{t}" for t in found.target]}).write_csv(tmp_path / "i.csv")
    run = train(tmp_path / "i.csv", tmp_path / "run", target="kind")
    assert run.metrics["cross_validation"]["accuracy"] > 0.9
    for name in ("logistic_regression", "gradient_boosting"):
        assert run.metrics["baselines"][name] > 0.9
    told = run.columns
    assert (told["set"], told["rows"]) == ("cross_validation", 150)
    assert told["columns"][0]["name"] in ("c2", "c3")  # the petals


def test_columns_are_ranked_with_intervals_and_the_best_are_followed(walks: Run) -> None:
    told = walks.columns
    ranked = [column["name"] for column in told["columns"]]
    assert set(ranked[:2]) == {"sky", "hour"}
    for column in told["columns"]:
        low, high = column["interval"]
        assert low <= column["accuracy_drop"] <= high
    assert told["columns"][0]["interval"][0] > 0.1
    by_name = {found["name"]: found for found in told["dependence"]}
    assert len(by_name) == 3
    sky = dict(zip(by_name["sky"]["at"], by_name["sky"]["probabilities"], strict=True))
    assert list(sky)[-1] is None
    assert sky["wet"][1] < 0.3 < 0.5 < sky["blue"][1]
    np.testing.assert_allclose(np.sum(by_name["hour"]["probabilities"], axis=1), 1, atol=1e-6)


def test_ten_rows_stand_there_raw_and_as_the_network_takes_them(walks: Run) -> None:
    samples = walks.columns["samples"]
    frame = table.read(walks.folder.parent / "walks.csv").frame
    record = walks.bundle.manifest.table.columns
    matrix = mapping.matrix(record, frame)
    places = {column.name: place for column, place in columns.places(record)}
    assert len(samples["rows"]) == 10
    for row in samples["rows"]:
        i = int(row["sample"].split()[1]) - 2
        for column, cell, numbers in zip(
            samples["columns"], row["cells"], row["numbers"], strict=True
        ):
            raw = frame[column["name"]][i]
            assert cell == (raw if raw is None or isinstance(raw, int | str) else str(raw))
            np.testing.assert_array_equal(numbers, matrix[i, places[column["name"]]])
            assert len(column["numbers"]) == len(numbers)


def test_the_page_tells_all_of_it_and_escapes_what_is_the_users(walks: Run) -> None:
    page = walks.report().read_text()
    for head in ("Is a network worth it?", "Which columns matter", "How sure it is"):
        assert head in page
    assert "10 rows, as the network receives them" in page
    assert "<b>Ace</b>" not in page
    assert "&lt;b&gt;Ace" in page
    assert worth.worth(walks.metrics) in summary(walks.metrics).replace("\n", " ")


def test_other_rows_make_a_page_of_their_own(walks: Run, tmp_path: Path) -> None:
    put_walks(tmp_path / "more.csv", 120)
    found = evaluate(walks.folder, tmp_path / "more.csv", out=tmp_path / "page")
    assert faults(found) == []
    run = Run.open(tmp_path / "page")
    assert run.columns["set"] == "test"
    assert json.loads((run.folder / "metrics.json").read_text())["kind"] == "evaluation"
    page = run.report().read_text()
    assert "Which columns matter" in page
    assert "Is a network worth it?" not in page
    assert "120 rows of 2 classes" in page


def test_a_file_to_judge_by_is_read_as_the_training_read_its_own(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    hot = random.random(260) < 0.5
    seen = [f"{1 + i % 28:02}/{(1 if sick else 7) + i % 6:02}/2024" for i, sick in enumerate(hot)]
    words = np.where(hot, "TRUE", random.choice(["FALSE", "maybe"], 260))
    named = {"seen": seen, "word": words, "x": random.random(260)}
    frame = pl.DataFrame({**named, "y": np.where(hot, "yes", "no")})
    frame.write_csv(tmp_path / "all.csv")
    run = train(tmp_path / "all.csv", tmp_path / "run", target="y", epochs=20)
    # All of these could be months before days, and true or false.
    ambiguous = frame.filter(
        pl.col("seen").str.slice(0, 2).cast(int) <= 12, pl.col("word") != "maybe"
    )
    ambiguous.write_csv(tmp_path / "some.csv")
    whole = evaluate(run.folder, tmp_path / "all.csv")
    found = evaluate(run.folder, tmp_path / "some.csv")
    assert whole["test"]["accuracy"] == 1.0
    assert found["test"]["accuracy"] == 1.0
    assert found["trained_on"] > 0


def test_columns_that_hardly_vary_or_are_empty_when_judged_end_nothing(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(0, 1, 240)
    nearly = np.zeros(240)
    nearly[:2] = 1.5
    day = [f"2024-01-{1 + i % 28:02}" for i in range(240)]
    frame = pl.DataFrame({"x": x, "nearly": nearly, "day": day, "y": np.where(x > 0, "a", "b")})
    frame.write_csv(tmp_path / "rows.csv")
    run = train(tmp_path / "rows.csv", tmp_path / "run", target="y", epochs=2)
    assert run.report().is_file()
    empty = frame.with_columns(day=pl.lit(None, pl.String), nearly=pl.lit(None, pl.Float64))
    empty.write_csv(tmp_path / "empty.csv")
    evaluate(run.folder, tmp_path / "empty.csv", out=tmp_path / "page")
    assert (tmp_path / "page" / "report.html").is_file()


def test_in_a_cross_validation_no_fold_has_seen_what_it_is_judged_by(tmp_path: Path) -> None:
    from headstart.columnar import fit_dense, parts
    from headstart.data.columns import Number
    from headstart.options import TrainOptions
    from headstart.tabular import divided, list_rows

    random = np.random.default_rng(0)
    x = random.normal(0, 1, 90)
    pl.DataFrame({"x": x, "y": np.where(x > 0, "a", "b")}).write_csv(tmp_path / "rows.csv")
    options = TrainOptions(target="y", epochs=1)
    data = divided(list_rows(tmp_path / "rows.csv", options), options, lambda _: None)
    judged = parts(data, options)
    place = tmp_path / "last"
    outcome = fit_dense(data, judged, options, place=place, resume=False, listen=lambda _: None)
    values = data.samples.frame["x"].to_numpy()
    assert len(outcome.judges) == 5
    for judge in outcome.judges:
        (column,) = judge.data.columns
        assert isinstance(column, Number)
        assert column.center == pytest.approx(np.delete(values, judge.rows).mean())


def compared(difference: float, p: float) -> dict[str, Any]:
    edges = [difference - 0.02, difference + 0.02]
    return {
        "accuracy": 0.9 - difference,
        "accuracy_interval": [0.8, 0.95],
        "loss": 0.3,
        "difference": difference,
        "difference_interval": edges,
        "p": p,
    }


@pytest.mark.parametrize(
    ("logistic", "boosting", "said"),
    [
        (
            (0.1, 0.001),
            (0.0, 1.0),
            "Gradient boosting does as well here: for the accuracy",
        ),
        ((0.1, 0.001), (-0.05, 0.01), "Gradient boosting does better here than the network"),
        ((0.1, 0.001), (0.05, 0.01), "The network does better here than both: it is worth it."),
        ((0.0, 0.9), (0.0, 0.5), "Logistic regression and gradient boosting do as well here"),
        (
            (0.1, 0.001),
            (0.05, 0.5),
            "These rows are too few to tell the network from gradient",
        ),
    ],
)
def test_the_comparison_comes_to_one_sentence(
    logistic: tuple[float, float], boosting: tuple[float, float], said: str
) -> None:
    pairs = {"logistic_regression": logistic, "gradient_boosting": boosting}
    found = {name: compared(*pair) for name, pair in pairs.items()}
    metrics = {"task": "table", "comparisons": found}
    assert worth.worth(metrics).startswith(said)


def test_each_difference_is_told_with_its_interval_or_as_chance() -> None:
    pairs = {"logistic_regression": (-0.05, 0.01), "gradient_boosting": (0.004, 0.5)}
    metrics = {"comparisons": {name: compared(*pair) for name, pair in pairs.items()}}
    first, second = worth.rivals(metrics)
    assert "5.0 points more (95% interval 3.0 to 7.0): more than chance explains" in first.verdict
    assert "0.4 points less (95% interval −1.6 to 2.4): no more than chance" in second.verdict


@pytest.mark.parametrize(
    ("lows", "said"),
    [
        ((-0.01, -0.02), "Of no column is it clear that it matters: "),
        ((0.02, 0.01), "Each column matters: "),
        ((0.02,), "“a” matters: more is lost without it than chance explains."),
        ((0.02, -0.01), "“a” matters: more is lost without it than chance explains. Of the"),
        ((0.03, 0.02, -0.01), "“a” and “b” matter: more is lost without each than "),
    ],
)
def test_which_columns_matter_is_one_sentence(lows: tuple[float, ...], said: str) -> None:
    told = [
        {"name": name, "accuracy_drop": low + 0.02, "interval": [low, low + 0.04]}
        for name, low in zip("abc", lows, strict=False)
    ]
    summary = drivers.ranking(told).summary
    assert summary.startswith(said)
    assert summary.endswith("is not clear.") == (said.startswith("“") and len(lows) > 1)


def test_a_column_of_few_values_is_a_table_and_others_a_curve_within_its_frame() -> None:
    many = {
        "name": "age",
        "kind": "number",
        "at": [*range(20, 81, 5), None],
        "probabilities": [[1 - i / 14, i / 14] for i in range(14)],
    }
    few = {"name": "on", "kind": "boolean", "at": [False, True], "probabilities": [[1, 0], [0, 1]]}
    curve, rows = drivers.followed([many, few], ["no", "yes"])
    assert [line.name for line in curve.lines] == ["yes"]
    points = [tuple(map(float, p.split(","))) for p in curve.lines[0].path.split()]
    frame = drivers.FRAME
    assert points[0] == (frame.left, frame.bottom)
    assert all(frame.left <= x <= frame.right for x, _ in points)
    assert [text for _, text in curve.across] == ["20", "40", "60", "80"]
    assert curve.missing == "Where it is missing: 93% “yes”."
    assert [(value, cells[0].text) for value, cells in rows.rows] == [("no", "0%"), ("yes", "100%")]


def test_where_it_was_least_sure_and_what_lies_behind_a_number_stand_on_the_page(
    walks: Run,
) -> None:
    page = Page(walks.report().read_text())
    assert barriers(page) == []
    counts = walks.metrics["test"]["confusion_matrix"]
    (section,) = page.all("section", id="cell-0-1")
    assert f"no, called yes: {counts[0][1]} row" in section.text
    wrong = [row for row in walks.predictions if (row["label"], row["predicted"]) == ("no", "yes")]
    judged = {row["sample"] for row in wrong if row["split"] == "test"}
    assert {item.all("bdi")[0].text for item in section.all("li")} <= judged
    (link,) = page.all("a", href="#cell-0-1")
    assert link.attributes["aria-label"].startswith("true no, called yes: ")
    (unsure,) = page.all("section", id="unsure")
    assert len(unsure.all("tbody")[0].all("tr")) == 12


def test_a_table_leaves_a_model_card_too(walks: Run) -> None:
    _, head, body = (walks.folder / "MODEL_CARD.md").read_text().split("---\n", 2)
    found = yaml.safe_load(head)
    assert found["pipeline_tag"] == "tabular-classification"
    (result,) = found["model-index"][0]["results"]
    assert result["dataset"]["type"] == "csv"
    assert result["metrics"][0]["value"] == pytest.approx(
        walks.metrics["test"]["accuracy"], abs=1e-6
    )
    assert "A classifier of rows into 2 classes of walk" in body
    assert 'hs.load("model.headstart").predict("rows.csv")' in body
    for rival in worth.rivals(walks.metrics):
        assert rival.verdict in body
    assert str(walks.folder.parent) not in body
