"""The galleries of the page: what they show, that links lead to them, and that they stay small."""

import csv
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from barriers import barriers
from made_run import MadeRun
from parsed import Element, Page

from headstart.errors import ModelError
from headstart.report.page import render
from headstart.report.probabilities import read_all

Make = Callable[..., MadeRun]


def open_page(run: MadeRun) -> Page:
    return Page(render(run.folder, run.photo))


def names_in(element: Element) -> list[str]:
    """The photos that are shown in it."""
    shown = element.all("svg", **{"class": "photo"})
    return [photo.all("title")[0].text for photo in shown]


def judged(run: MadeRun) -> list[tuple[str, str, str, np.ndarray[Any, Any]]]:
    """Name, class, what it was called, probabilities, of each test photo."""
    return [
        (run.names[i], run.labels[i], run.classes[int(row.argmax())], row)
        for i, row in enumerate(run.probabilities)
        if run.splits[i] == "test"
    ]


def test_a_number_of_the_matrix_leads_to_its_photos_and_back(digits_run: Make) -> None:
    run = digits_run()
    page = open_page(run)
    cells = Counter((true, called) for _, true, called, _ in judged(run))
    heard = {a.attributes["aria-label"]: a for a in page.all("a") if "aria-label" in a.attributes}
    assert heard.keys() == {
        f"true {true}, called {called}: {n} photo{'s' * (n > 1)}"
        for (true, called), n in cells.items()
    }
    for (true, called), n in cells.items():
        link = heard[f"true {true}, called {called}: {n} photo{'s' * (n > 1)}"]
        assert link.text == str(n)
        (section,) = page.all("section", id=link.attributes["href"][1:])
        assert section.attributes["tabindex"] == "-1"
        there = {
            name for name, label, answer, _ in judged(run) if (label, answer) == (true, called)
        }
        shown = set(names_in(section))
        assert shown
        assert shown <= there
        assert all(name in section.text for name in shown)
        assert true == called or shown == there
        assert section.all("a")[-1].attributes["href"] == f"#{link.attributes['id']}"


def test_what_a_cell_does_not_show_is_counted(digits_run: Make) -> None:
    run = digits_run("01")
    run.probabilities = np.eye(2)[[int(label) for label in run.labels]] * 0.8 + 0.1
    run.splits = ["test" if i > 5 else "train" for i in range(len(run.names))]
    page = open_page(run.write())
    n = sum(true == "0" for _, true, _, _ in judged(run))
    (section,) = page.all("section", id="cell-0-0")
    assert n > len(names_in(section)) == 12
    words = " ".join(section.text.split())
    assert f"0, rightly called 0: {n} photos" in words
    assert "Of these 12 are shown, the least sure first" in words
    more = n - 12
    assert f"{more} more photo{'s are' if more > 1 else ' is'} not shown: predictions.csv" in words


def test_the_least_sure_are_those_of_the_smallest_margin_right_or_wrong(digits_run: Make) -> None:
    run = digits_run()
    margins = {
        name: np.sort(row.round(6))[-1] - np.sort(row.round(6))[-2]
        for name, _, _, row in judged(run)
    }
    (section,) = open_page(run).all("section", id="unsure")
    assert names_in(section) == sorted(margins, key=lambda name: margins[name])[:12]
    called = {e.text for e in section.all("dt")}
    assert called == {"called", "rightly called", "labelled", "next"}


def test_where_none_is_wrong_the_least_sure_are_not_shown_twice(digits_run: Make) -> None:
    run = digits_run("01")
    run.probabilities = np.eye(2)[[int(label) for label in run.labels]] * 0.8 + 0.1
    page = open_page(run.write())
    assert page.all("section", id="unsure") == page.all("a", href="#unsure") == []
    assert len(names_in(page.all("section", id="mistakes")[0])) == 12


def test_the_classes_most_alike_stand_in_pairs_each_with_its_nearest_photo(
    digits_run: Make,
) -> None:
    run = digits_run()
    (section,) = open_page(run).all("section", id="alike")
    pairs = section.all("li")
    assert len(pairs) == 5
    for pair in pairs:
        one, other = (e.text for e in pair.all("h3")[0].all("bdi"))
        for name, (label, wanted) in zip(names_in(pair), ((one, other), (other, one)), strict=True):
            given = {
                n: row[run.classes.index(wanted)]
                for n, true, _, row in judged(run)
                if true == label
            }
            assert given[name] == max(given.values())


def test_two_classes_have_no_pair_to_choose(digits_run: Make) -> None:
    assert open_page(digits_run("38")).all("section", id="alike") == []


def test_a_photo_stands_once_in_the_file_however_often_it_is_shown(digits_run: Make) -> None:
    run = digits_run()
    document = render(run.folder, run.photo)
    page = Page(document)
    shown = Counter(names_in(page))
    assert max(shown.values()) >= 3
    pictures = [e.attributes["href"] for e in page.all("image")]
    assert len(pictures) == len(set(pictures)) == len(shown)
    assert all(document.count(f'href="{picture}"') == 1 for picture in pictures)
    assert Counter(e.attributes["href"] for e in page.all("use")).total() == shown.total()


def many_classes(run: MadeRun, k: int) -> MadeRun:
    """The run with k classes at random, mostly right, half of its photos in the test."""
    numbers = np.arange(len(run.names)) * 7 % k
    likely = np.random.default_rng(0).random((len(numbers), k))
    likely[np.arange(len(numbers)), numbers] += 0.5
    run.classes = [f"kind {i:03}" for i in range(k)]
    run.labels = [run.classes[i] for i in numbers]
    run.probabilities = likely / likely.sum(axis=1, keepdims=True)
    run.splits = ["test" if i % 2 else "train" for i in range(len(numbers))]
    return run.write()


@pytest.mark.parametrize("k", [20, 60])
def test_with_many_classes_the_page_stays_within_its_bounds(digits_run: Make, k: int) -> None:
    page = open_page(many_classes(digits_run(), k))
    cells = page.all("section", **{"class": "behind"}) + page.all(
        "section", **{"class": "behind right"}
    )
    links = [a for a in page.all("a") if a.attributes["href"].startswith("#cell-")]
    assert len(cells) == len(links)
    assert (len(cells) == 15) if k == 60 else (len(cells) > 50)
    assert sum(len(names_in(cell)) for cell in cells) <= 120
    assert max(len(names_in(cell)) for cell in cells) <= 12
    assert barriers(page) == []


def test_more_classes_than_probabilities_are_kept_of_have_galleries_too(digits_run: Make) -> None:
    run = many_classes(digits_run(), 120)
    path = run.folder / "predictions.csv"
    with path.open(newline="") as file:
        kept = [row[:6] for row in csv.reader(file)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(kept)
    page = open_page(run)
    section = page.section("unsure")
    assert "nowhere was what it answered less probable" in section
    assert len(page.all("section", id="unsure")[0].all("li")) == 12
    assert "on average" not in page.section("alike").split("nearest", 1)[1]
    assert barriers(page) == []


def test_without_judged_photos_there_is_nothing_to_lead_to(digits_run: Make) -> None:
    run = digits_run("01")
    run.splits = ["train"] * len(run.names)
    page = open_page(run.write())
    assert not [a for a in page.all("a") if a.attributes["href"].startswith("#cell-")]
    assert barriers(page) == []


def test_photos_that_are_gone_are_named_in_their_cells(digits_run: Make) -> None:
    run = digits_run("01")
    page = Page(render(run.folder, lambda name: None))
    (section,) = page.all("section", id="cell-0-0")
    assert "photo not found" in section.text
    assert barriers(page) == []


def test_a_run_whose_answers_name_other_classes_is_an_error(digits_run: Make) -> None:
    run = digits_run("01")
    path = run.folder / "predictions.csv"
    path.write_text(re.sub(r"(test),0,", r"\1,7,", path.read_text()))
    with pytest.raises(ModelError, match="class that is none of the run's"):
        open_page(run)


def test_all_probabilities_come_in_the_order_of_the_classes(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(
        "sample,split,label,predicted,p_label,p_predicted,p:dog,p:cat\n"
        "a,test,cat,cat,0.9,0.9,0.1,0.9\n"
        "b,validation,cat,cat,0.9,0.9,0.1,0.9\n"
        "c,test,dog,dog,0.75,0.75,0.75,0.25\n"
    )
    found = read_all(path, "test", ["cat", "dog"])
    np.testing.assert_allclose(found, [[0.9, 0.1], [0.25, 0.75]])
    assert read_all(path, "test", ["cat", "dog", "emu"]) is None


def test_a_probability_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(
        "sample,split,label,predicted,p_label,p_predicted,p:cat,p:dog\n"
        "a,test,cat,cat,0.9,0.9,much,0.1\n"
    )
    with pytest.raises(ModelError, match="cannot be read"):
        read_all(path, "test", ["cat", "dog"])
