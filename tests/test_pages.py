"""Real pages as a whole: nothing in their markup stops someone without eyes or mouse."""

from pathlib import Path
from typing import Any

import pytest
from barriers import barriers
from parsed import Page

from headstart.judging import evaluate
from headstart.report import sections
from headstart.run import Run


def test_the_page_of_a_real_run_has_no_barrier(trained: Any) -> None:
    page = Page(trained.run.report().read_text(encoding="utf-8"))
    assert barriers(page) == []
    assert len(page.all("svg", **{"class": "photo"})) > 50


def test_the_page_of_a_training_by_gradient_has_none(tuned: Run) -> None:
    assert barriers(Page(tuned.report().read_text(encoding="utf-8"))) == []


@pytest.mark.usefixtures("same_cache")
def test_the_page_on_other_photos_has_none_and_no_card_is_left(
    trained: Any, tmp_path: Path
) -> None:
    evaluate(trained.folder, trained.source, out=tmp_path / "page")
    page = Page((tmp_path / "page" / "report.html").read_text(encoding="utf-8"))
    assert barriers(page) == []
    assert "Not before you have settled the warning" in page.main()  # it was trained on them
    (link,) = (a for a in page.all("a") if a.text == "Trained on")
    assert "were trained on" in page.all(id=link.attributes["href"][1:])[0].text
    assert not (tmp_path / "page" / "MODEL_CARD.md").exists()


def test_the_page_of_a_tutorial_has_none(tmp_path: Path) -> None:
    counts = [[5, 1], [0, 6]]
    told = sections.Section(
        "A table",
        "What is done.",
        facts=[sections.Fact("accuracy", "94%", "93%")],
        classes=["no", "yes"],
        published=counts,
        ours=counts,
        seconds=1.0,
    )
    left = sections.Section("Photos", "What is done.", fault="no photos")
    page = Page(sections.render([told, left], tmp_path, quick=True))
    assert barriers(page) == []


BROKEN = """<!doctype html><html lang="en"><head><title>x</title></head><body><main>
<h1>a</h1>{}</main></body></html>"""


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<p>fine</p>", ""),
        ('<img src="data:,">', "an <img> without alt"),
        ("<h3>c</h3>", "<h3> 'c' follows <h1>"),
        ("<h2> </h2>", "an empty <h2>"),
        ('<a href="#there">b</a>', "'#there', which is not there"),
        ('<a href="#a" id="a"></a>', "without words"),
        ('<a href="#a" id="a" aria-label="four">3</a>', "reads '3' and is called 'four'"),
        ('<p id="a">x</p><p id="a">y</p>', "id 'a' stands 2 times"),
        ("<svg></svg>", "neither named nor hidden"),
        ('<section aria-labelledby="b">x</section>', "points at 'b'"),
        ("<section>x</section>", "a nameless <section>"),
        ("<table><tr><th>a</th></tr></table>", "a <th> without scope"),
        ("<table><tr><td>a</td></tr><tr><td>a</td><td>b</td></tr></table>", "rows of [1, 2] cells"),
        ("<h1>second</h1>", "2 <h1>"),
    ],
)
def test_each_barrier_is_found(markup: str, said: str) -> None:
    found = barriers(Page(BROKEN.format(markup)))
    assert [said in each for each in found] == ([True] if said else [])
