"""data/mapping.py: rows as what a network takes."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from headstart.data import mapping, table, typed
from headstart.data.columns import Boolean, Category, LeftOut, Moment, Number, names, width
from headstart.data.mapping import fit, matrix, unseen
from headstart.events import nobody
from headstart.options import TrainOptions
from headstart.tabular import divided, list_rows

DAY = datetime.date(2024, 1, 1)


def every(n: int) -> np.ndarray:
    return np.arange(n)


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("minmax", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("standard", list((np.arange(5) - 2) / np.sqrt(2))),
    ],
)
def test_numbers_are_scaled_as_asked(scaling: str, expected: list[float]) -> None:
    frame = pl.DataFrame({"x": [10, 20, 30, 40, 50]})
    fitted = fit(frame, every(5), scaling)  # type: ignore[arg-type]
    np.testing.assert_allclose(matrix(fitted, frame)[:, 0], expected, rtol=1e-6)


def test_the_scaling_is_that_of_the_training_rows_alone() -> None:
    frame = pl.DataFrame({"x": [0.0, 1.0, 2.0, 1000.0]})
    (fitted,) = fit(frame, every(3), "minmax")
    assert matrix([fitted], frame)[:, 0].tolist() == [0.0, 0.5, 1.0, 500.0]


def test_values_far_out_are_bounded_by_the_robust_scaling() -> None:
    values = [*range(100), 10**9]
    frame = pl.DataFrame({"x": values})
    (fitted,) = fit(frame, every(101))
    assert isinstance(fitted, Number)
    assert fitted.scaling == "robust"
    mapped = matrix([fitted], frame)[:, 0]
    assert np.abs(mapped).max() <= 3
    assert (np.diff(mapped[:100]) > 0).all()


def test_missing_values_are_a_fact_of_their_own() -> None:
    frame = pl.DataFrame({"x": [1.0, None, 3.0], "c": ["a", "a", None], "b": [True, None, False]})
    fitted = fit(frame, every(3), "minmax")
    assert names(fitted) == ["x", "x missing", "c = a", "c other", "c missing", "b", "b missing"]
    assert matrix(fitted, frame).tolist() == [
        [0, 0, 1, 0, 0, 1, 0],
        [0.5, 1, 1, 0, 0, 0, 1],
        [1, 0, 0, 0, 1, 0, 0],
    ]


def test_fault_40_an_unseen_category_goes_into_a_bucket_and_is_named() -> None:
    frame = pl.DataFrame({"c": ["a", "b", "a", "b"]})
    (fitted,) = fit(frame, every(4))
    assert isinstance(fitted, Category)
    new = pl.DataFrame({"c": ["b", "z", None]})
    assert matrix([fitted], new).tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert unseen(fitted, new["c"]) == ["z"]


def test_categories_of_many_values_are_embedded() -> None:
    values = [f"v{i % 40}" for i in range(200)]
    frame = pl.DataFrame({"c": values})
    (fitted,) = fit(frame, every(200))
    assert isinstance(fitted, Category)
    assert (fitted.embedded, width([fitted]), fitted.buckets) == (7, 1, 41)
    codes = matrix([fitted], frame)[:, 0]
    assert [fitted.values[int(code)] for code in codes] == values


def test_a_category_of_thousands_of_values_is_one_where_they_come_again() -> None:
    frame = pl.DataFrame({"store": [f"s{i % 1500:04}" for i in range(40_000)]})
    (fitted,) = fit(frame, every(40_000))
    assert isinstance(fitted, Category)
    assert (len(fitted.values), fitted.embedded) == (1500, 16)


def test_of_too_many_values_the_most_frequent_are_told_apart() -> None:
    often = [f"often {i}" for i in range(10) for _ in range(5)]
    twice = [f"v{i:05}" for i in range(6000) for _ in range(2)]
    frame = pl.DataFrame({"c": [*twice, *often]})
    (fitted,) = fit(frame, every(len(frame)))
    assert isinstance(fitted, Category)
    assert len(fitted.values) == 5000
    assert {*often} < {*fitted.values}
    assert mapping.buckets(fitted, pl.Series("c", ["v05999"])).tolist() == [5000]
    long = pl.DataFrame({"c": [text * 200 for text in frame["c"]]})
    (fitted,) = fit(long, every(len(frame)))
    assert isinstance(fitted, Category)
    assert 20 < len(fitted.values) < 100


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([None] * 30, "empty"),
        ([7] * 30, "constant: every row has '7'"),
        (list(range(100, 130)), "an id: whole numbers, each there once, without gaps"),
        ([f"u{i}" for i in range(30)], "an id: 30 values in 30 training rows"),
        ([f"this is the text {i}" for i in range(30)], "free text"),
    ],
)
def test_fault_42_columns_that_tell_nothing_are_left_out_with_the_reason(
    column: list[object], reason: str
) -> None:
    (fitted,) = fit(pl.DataFrame({"x": column}), every(30))
    assert isinstance(fitted, LeftOut)
    assert fitted.reason == reason
    assert width([fitted]) == 0


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        *(
            (name, True)
            for name in ("id", "ID", "patient_id", "PatientId", "patientID", "user key")
        ),
        *((name, True) for name in ("InvoiceNo", "customer-nr", "rowUUID", "member no")),
        *((name, False) for name in ("income", "paid", "acid", "GRID", "casino", "monkey", "ids")),
    ],
)
def test_unique_whole_numbers_are_left_out_where_their_name_says_that_they_are_ids(
    name: str, left_out: bool
) -> None:
    values = np.random.default_rng(0).choice(10**6, 100, replace=False)
    (fitted,) = fit(pl.DataFrame({name: values}), every(100))
    assert isinstance(fitted, LeftOut) == left_out
    for measured in (values % 30, values / 7):
        (fitted,) = fit(pl.DataFrame({name: measured}), every(100))
        assert isinstance(fitted, Number)


def test_dates_become_days_and_places_on_a_circle() -> None:
    days = [DAY + datetime.timedelta(days=i) for i in range(365)]
    frame = pl.DataFrame({"d": days})
    (fitted,) = fit(frame, every(365))
    assert isinstance(fitted, Moment)
    mapped = matrix([fitted], frame)
    assert mapped.shape == (365, 5)
    assert np.allclose(mapped[:, 1] ** 2 + mapped[:, 2] ** 2, 1, atol=1e-6)
    np.testing.assert_allclose(mapped[0, 3:], mapped[7, 3:], atol=1e-6)  # a week later
    assert abs(mapped[:, 0].mean()) < 1e-5


def test_texts_are_taken_for_what_was_trained_on() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3], "b": [True, False, True], "d": [DAY] * 2 + [None]})
    fitted = [c for c in fit(frame, every(3), "minmax") if not isinstance(c, LeftOut)]
    texts = pl.DataFrame({"x": [" 2 ", "?"], "b": ["yes", "true"], "d": ["2024-01-01", ""]})
    mapped = matrix(fitted, texts)
    assert mapped[:, 0].tolist() == [0.5, 0.5]
    assert mapped[:, 1].tolist() == [1, 1]
    assert mapped[:, -1].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("commas", "read"), [("points", [1.234, 3.5, 7]), ("thousands", [1234, None, 7])]
)
def test_commas_alone_are_what_they_were_in_training(commas: Any, read: list[Any]) -> None:
    column = Number(
        name="x", scaling="given", center=0, scale=1, fill=-1, missing=False, commas=commas
    )
    cells = pl.Series("x", [" 1,234", "3,5", "7"])
    made = [mapping.numbers(column, cells[i : i + 1])[0, 0] for i in range(3)]
    assert made == [-1 if value is None else value for value in read]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("{},{}", "nearly numbers: commas stand for points, such as in '100,0'"),
        ("{},00{}", "nearly numbers: commas part thousands, such as in '100,000'"),
        ("€ {}.{}", "nearly numbers: with a sign or a unit, such as '€ 100.0'"),
        ("{},{}%", "nearly numbers: with a sign or a unit, such as '100,0%'"),
        ("{}.{} kg", "nearly numbers: with a sign or a unit, such as '100.0 kg'"),
        ("p{}{}", "an id: 30 values in 30 training rows"),
        ("0{}{}", "an id: 30 values in 30 training rows"),
    ],
)
def test_texts_that_are_numbers_are_called_no_ids_unless_they_are_names(
    cell: str, reason: str
) -> None:
    column = [cell.format(100 + i, i % 10) for i in range(30)]
    (fitted,) = fit(pl.DataFrame({"x": column}), every(30))
    assert isinstance(fitted, LeftOut)
    assert fitted.reason == reason


def test_a_column_of_which_more_than_half_are_numbers_is_called_no_id() -> None:
    column = [f"{i}.5" if i % 3 else f"odd {i}" for i in range(30)]
    (fitted,) = fit(pl.DataFrame({"x": column}), every(30))
    assert isinstance(fitted, LeftOut)
    assert fitted.reason == "nearly numbers: 10 of 30 cells are none, such as 'odd 0'"


def test_a_boolean_is_told_from_either_of_its_words() -> None:
    (fitted,) = fit(pl.DataFrame({"b": [True, False]}), every(2))
    cells = pl.Series("b", ["NO", "t", "maybe", None])
    assert mapping.numbers(fitted, cells)[:, 0].tolist() == [0, 1, 0, 0]  # type: ignore[arg-type]


def test_a_date_is_read_as_it_was_written_in_training_whatever_the_other_rows_say(
    tmp_path: Path,
) -> None:
    days = [f"{m:02}/{d:02}/2024" for m in range(1, 13) for d in (2, 13, 28)]
    lines = [
        f"{day},{'yes' if i % 3 else 'no'},{i % 5},{'pq'[i % 2]}" for i, day in enumerate(days)
    ]
    (tmp_path / "rows.csv").write_text("\n".join(["seen,smokes,count,y", *lines]))
    options = TrainOptions(target="y")
    columns = divided(list_rows(tmp_path / "rows.csv", options), options, nobody).columns
    (seen,) = (column for column in columns if isinstance(column, Moment))
    assert seen.form == "%m/%d/%Y"
    texts = table.as_it_stands(tmp_path / "rows.csv").frame
    whole = matrix(columns, texts)
    np.testing.assert_array_equal(whole, matrix(columns, table.read(tmp_path / "rows.csv").frame))
    alone = np.concatenate([matrix(columns, texts[i : i + 1]) for i in range(len(texts))])
    np.testing.assert_array_equal(alone, whole)
    row = {"smokes": ["no"], "count": ["4"]}
    both = [pl.DataFrame({"seen": [day], **row}) for day in ("02/01/2024", "2024-02-01")]
    np.testing.assert_array_equal(matrix(columns, both[0]), matrix(columns, both[1]))


def test_a_time_with_an_offset_is_read_alone_as_among_others_and_is_one_of_utc() -> None:
    texts = pl.Series("t", ["2024-01-01T02:00:00+02:00", "2024-01-03T00:00:00Z"])
    form = typed.form_of(texts)
    assert form is not None
    alone = [mapping.as_moments(texts[i : i + 1], "datetime", form)[0] for i in range(2)]
    assert alone == [datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 3)]
    plain = pl.Series("t", ["2024-01-01T00:00:00"])
    assert mapping.as_moments(plain, "datetime", form)[0] == alone[0]


def test_a_boolean_is_read_from_its_own_cell() -> None:
    cells = ["yes", "No", " TRUE ", "f", "1", "0", "2.5", "maybe", "NA", ""]
    made = matrix([Boolean(name="x", missing=True)], pl.DataFrame({"x": cells}))
    assert made[:, 0].tolist() == [1, 0, 1, 0, 1, 0, 1, 0, 0, 0]
    assert made[:, 1].tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]


def test_endless_numbers_are_missing_ones() -> None:
    (fitted,) = fit(pl.DataFrame({"x": [1.0, None, 3.0]}), every(3), "minmax")
    cells = pl.Series("x", ["1", "-inf", "Infinity", "NA", "x"])
    made, gone = mapping.read(fitted, cells)  # type: ignore[arg-type]
    assert made.tolist() == [[0, 0], *([[0.5, 1]] * 4)]
    assert mapping.not_read(cells, gone) == (3, 1)
