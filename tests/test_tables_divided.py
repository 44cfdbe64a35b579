"""Which rows of a table train, choose and judge: whole runs."""

import datetime
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer

from headstart import columnar
from headstart.commands.split import division_of_rows
from headstart.data.split_file import save
from headstart.errors import OptionError, SourceError
from headstart.events import Event, Notice
from headstart.options import TrainOptions, options_from
from headstart.pipeline import train
from headstart.row_findings import row_findings
from headstart.tabular import divided, list_rows
from headstart.training.head import balanced_weights


@pytest.fixture(scope="module")
def cancer() -> pl.DataFrame:
    """569 real rows of 30 measurements; the first five of them here."""
    found = load_breast_cancer()
    columns = {str(c): found.data[:, i] for i, c in enumerate(found.feature_names[:5])}
    return pl.DataFrame({**columns, "kind": [str(found.target_names[t]) for t in found.target]})


def put(folder: Path, **frames: pl.DataFrame) -> dict[str, Path]:
    paths = {name: folder / f"{name}.csv" for name in frames}
    for name, frame in frames.items():
        frame.write_csv(paths[name])
    return paths


def sides(source: Path, **options: Any) -> dict[str, str]:
    """The side of each row, by name."""
    given = TrainOptions(target="kind", **options)
    data = divided(list_rows(source, given), given, lambda event: None)
    return dict(zip(data.samples.names, data.sides.tolist(), strict=True))


@pytest.mark.usefixtures("keras")
def test_rows_of_a_test_file_are_the_test_set(cancer: pl.DataFrame, tmp_path: Path) -> None:
    files = put(tmp_path, main=cancer[:400], trial=cancer[400:])
    run = train(files["main"], tmp_path / "run", target="kind", test_file=files["trial"], epochs=20)
    assert run.metrics["samples"]["test"] == 169
    assert run.metrics["samples"]["validation"] == 60  # drawn from the others
    assert run.metrics["test"]["accuracy"] > 0.85
    tested = [row["sample"] for row in run.split if row["split"] == "test"]
    assert {*tested} == {f"test row {i}" for i in range(2, 171)}


def test_with_both_files_nothing_is_drawn(cancer: pl.DataFrame, tmp_path: Path) -> None:
    files = put(tmp_path, main=cancer[:100], validation=cancer[100:150], test=cancer[150:200])
    found = sides(files["main"], validation_file=files["validation"], test_file=str(files["test"]))
    assert Counter(found.values()) == {"train": 100, "validation": 50, "test": 50}
    assert found["validation row 2"] == "validation"


def test_what_has_no_file_is_drawn_also_from_few_rows_unless_told(
    cancer: pl.DataFrame, tmp_path: Path
) -> None:
    files = put(tmp_path, main=cancer[:100], test=cancer[100:])
    drawn = Counter(sides(files["main"], test_file=files["test"]).values())
    assert drawn == {"train": 85, "validation": 15, "test": 469}
    none = Counter(sides(files["main"], test_file=files["test"], validation=0).values())
    assert none == {"train": 100, "test": 469}


def test_a_class_that_only_the_test_file_has_is_an_error(
    cancer: pl.DataFrame, tmp_path: Path
) -> None:
    odd = cancer[500:].with_columns(kind=pl.lit("unclear"))
    files = put(tmp_path, main=cancer[:500], test=odd)
    with pytest.raises(SourceError, match="Classes without a training row: unclear"):
        sides(files["main"], test_file=files["test"])


def test_a_share_beside_a_file_of_the_same_side_is_refused(
    cancer: pl.DataFrame, tmp_path: Path
) -> None:
    files = put(tmp_path, main=cancer[:500], test=cancer[500:])
    with pytest.raises(
        OptionError, match="--test would do nothing: by --test-file each row has its place"
    ):
        sides(files["main"], test_file=files["test"], test=0.2)


def test_rows_without_a_label_are_named_with_their_file(
    cancer: pl.DataFrame, tmp_path: Path
) -> None:
    blank = cancer[500:].with_columns(kind=pl.lit(""))
    files = put(tmp_path, main=cancer[:500], test=pl.concat([cancer[490:500], blank]))
    with pytest.raises(SourceError, match=r"no value in 'kind' \(test row 12, test row 13"):
        sides(files["main"], test_file=files["test"])


@pytest.mark.parametrize(
    "option", ["validation_file", "test_file", "time", "sample_weight", "most_rows"]
)
def test_what_divides_or_weighs_rows_is_refused_for_photos(option: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    given: Any = 100 if option == "most_rows" else "rows.csv"
    with pytest.raises(OptionError, match=f"--{option.replace('_', '-')} would do nothing"):
        train(tmp_path / "photos", tmp_path / "run", **{option: given})


def put_visits(path: Path, people: int = 60, visits: int = 8) -> Path:
    """Visits of people, each either ill or well and with a code of their own, by day."""
    random = np.random.default_rng(0)
    person = np.repeat(np.arange(people), visits)
    ill = random.random(people) < 0.4
    n = len(person)
    pl.DataFrame(
        {
            "person": [f"p{i:03}" for i in person],
            "day": [datetime.date(2024, 1, 1) + datetime.timedelta(int(d)) for d in range(n)],
            "pulse": 70 + 12 * ill[person] + random.normal(0, 8, n),
            "habit": person / people + random.normal(0, 1e-4, n),  # gives the person away
            "trust": np.where(random.random(n) < 0.1, 0.0, 2.0),
            "kind": np.where(ill[person], "ill", "well"),
        }
    ).write_csv(path)
    return path


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_visits(tmp_path_factory.mktemp("visits") / "visits.csv")


@pytest.mark.usefixtures("keras")
def test_rows_of_a_group_stay_together_and_the_column_is_not_learned(
    visits: Path, tmp_path: Path
) -> None:
    options = {"target": "kind", "group": "person", "sample_weight": "trust", "epochs": 5}
    run = train(visits, tmp_path / "run", **options)
    people = pl.read_csv(visits)["person"]
    on = defaultdict(set)
    for row in run.split:
        on[people[int(row["sample"].split()[1]) - 2]].add(row["split"])
    assert Counter(tuple(sides) for sides in on.values()) == {
        ("train",): 42, ("validation",): 9, ("test",): 9,
    }  # fmt: skip
    out = {c.name: c.reason for c in run.bundle.manifest.table.columns if c.kind == "left-out"}
    assert (out["person"], out["trust"]) == ("groups rows", "weighs rows")
    (answer,) = run.bundle.predict([{"pulse": 90.0, "habit": 0.5, "day": "2024-02-01"}])
    assert answer in ("ill", "well")


@pytest.mark.usefixtures("keras")
def test_a_few_rows_are_crossed_by_group(tmp_path: Path) -> None:
    """Within people the code tells who it is, so folds that part them would judge too well."""
    few = put_visits(tmp_path / "visits.csv", people=12, visits=12)
    scores = {}
    for group in (None, "person"):
        run = train(few, tmp_path / f"run-{group}", target="kind", group=group, epochs=40)
        scores[group] = run.metrics["cross_validation"]["accuracy"]
    assert scores["person"] < scores[None] - 0.05


@pytest.mark.usefixtures("keras")
def test_a_budget_is_for_the_trainings_that_judge_too(tmp_path: Path) -> None:
    few = put_visits(tmp_path / "visits.csv", people=12, visits=12)
    heard: list[Event] = []
    run = train(few, tmp_path / "run", target="kind", budget=1e-9, listen=heard.append)
    assert len(run.history) == 1  # an epoch is begun whatever the budget
    told = [event.text for event in heard if isinstance(event, Notice)]
    assert (
        "The time budget ended 5 of the 5 trainings that judge, the first after 1 of 80 epochs."
        in told
    )
    assert "cross_validation" in run.metrics


def test_the_newest_rows_test_and_the_past_trains(visits: Path) -> None:
    found = sides(visits, time="day")
    assert list(found.values()) == ["train"] * 336 + ["validation"] * 72 + ["test"] * 72
    few = sides(visits, time="pulse", validation=0, test=0.01)
    assert Counter(few.values()) == {"train": 475, "test": 5}


def test_by_time_few_rows_are_divided_too_for_folds_would_train_on_the_future(
    tmp_path: Path,
) -> None:
    found = sides(put_visits(tmp_path / "visits.csv", 10, 10), time="day")
    assert Counter(found.values()) == {"train": 70, "validation": 15, "test": 15}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"time": "day", "group": "person"}, "Time and group cannot both be kept to"),
        ({"time": "day", "per_class": "5,1,1"}, "Per_class draws by number"),
        ({"group": "person", "per_class": "5,1,1"}, "Per_class draws by number"),
        ({"time": "day", "validation": 0, "test": 0}, "nothing judges"),
        ({"group": "persons"}, "there is no column 'persons' for --group. Did you mean 'person'"),
    ],
)
def test_ways_to_divide_that_do_not_go_together_are_refused(
    options: dict[str, Any], said: str, visits: Path
) -> None:
    with pytest.raises(OptionError, match=said):
        sides(visits, **options) if len(options) == 1 else options_from(TrainOptions, options)


def test_a_group_on_two_sides_by_a_split_of_ones_own_is_told(visits: Path, tmp_path: Path) -> None:
    given = TrainOptions(target="kind")
    data = divided(list_rows(visits, given), given, lambda event: None)
    save(tmp_path / "split.csv", data)
    again = TrainOptions(target="kind", group="person", split=str(tmp_path / "split.csv"))
    heard: list[Event] = []
    data = divided(list_rows(visits, again), again, lambda event: None)
    found = {finding.kind: finding for finding in row_findings(data)}["group-across-splits"]
    assert found.level == "warning"
    assert "judged on rows of groups that it was trained on" in found.why
    persons = data.samples.frame["person"].cast(pl.String).to_numpy()
    for (told,) in found.samples:
        person, here = told.split(": ")
        assert {*here.split(", ")} == {*data.sides[persons == person].tolist()}
    assert len(found.samples) > 1
    division_of_rows(str(visits), again, heard.append)
    assert found.samples[0][0] in str(heard[-1])
    whole = TrainOptions(target="kind", group="person")
    data = divided(list_rows(visits, whole), whole, lambda event: None)
    assert "group-across-splits" not in {finding.kind for finding in row_findings(data)}


def test_weights_count_in_training_beside_those_of_classes(visits: Path) -> None:
    given = TrainOptions(target="kind", sample_weight="trust", class_weight="balanced")
    data = divided(list_rows(visits, given), given, lambda event: None)
    rows = data.on("train")
    examples = columnar.examples(data, rows, given)
    trust = pl.read_csv(visits)["trust"].to_numpy()[rows]
    expected = trust * balanced_weights(data.labels[rows], 2)
    np.testing.assert_allclose(examples.weights, expected / expected.mean())


def test_training_rows_that_all_weigh_nothing_are_an_error(visits: Path, tmp_path: Path) -> None:
    pl.read_csv(visits).with_columns(trust=0).write_csv(tmp_path / "none.csv")
    with pytest.raises(SourceError, match="every training row has weight 0 in 'trust'"):
        sides(tmp_path / "none.csv", sample_weight="trust")


def test_rows_that_were_not_read_are_told(visits: Path) -> None:
    given, heard = TrainOptions(target="kind", most_rows=240), list[Event]()
    data = divided(list_rows(visits, given), given, heard.append)
    assert len(data.samples) == 240
    assert str(heard[0]) == str(
        Notice(
            "240 of 480 rows are used, drawn from all over the table; --most-rows sets how many."
        )
    )
