"""The report: what it says, and that it stands alone."""

import base64
import json
import math
import re
import shlex
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from barriers import barriers
from metrics_schema import faults
from parsed import Element, Page
from PIL import Image
from test_learning import history, training

from headstart.data import pixels
from headstart.errors import ModelError
from headstart.findings import Finding, LeftOut
from headstart.report import learning, page, words
from headstart.report.page import render
from headstart.run import Run, write_history
from headstart.store.files import write_json

Make = Callable[..., Any]


def open_page(run: Any) -> Page:
    return Page(render(run.folder, run.photo))


def picture(element: Element) -> Image.Image:
    uri = element.attributes.get("src") or element.attributes["href"]
    return Image.open(BytesIO(base64.b64decode(uri.split(",")[1])))


def small_photos(parsed: Page) -> list[Element]:
    """The small photos, wherever they are shown."""
    return parsed.all("svg", **{"class": "photo"})


def all_right(run: Any) -> np.ndarray[Any, Any]:
    """Probabilities that are right for every photo of a run."""
    likely = run.probabilities.copy()
    likely[np.arange(len(run.labels)), [run.classes.index(label) for label in run.labels]] += 1.5
    return likely / likely.sum(axis=1, keepdims=True)


def test_the_page_stands_alone_and_runs_nothing(digits_run: Make) -> None:
    document = render(digits_run().folder, digits_run().photo)
    parsed = Page(document)
    assert not re.search(r"https?:|//|@import|url\(", re.sub(r"base64,[\w+/=]+", "", document))
    assert parsed.all("script") == []
    assert not any(n.startswith("on") for e in parsed.all() for n in e.attributes)
    for image in parsed.all("img"):
        assert re.match(r"data:image/(jpeg|png);base64,", image.attributes["src"])
    (policy,) = parsed.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy.attributes["content"].startswith("default-src 'none'")
    assert len(document.encode()) < 1_500_000


def test_the_page_can_be_read_without_eyes_or_mouse(digits_run: Make) -> None:
    parsed = open_page(digits_run())
    assert parsed.all("html")[0].attributes["lang"] == "en"
    assert len(parsed.all("main")) == len(parsed.all("nav")) == len(parsed.all("h1")) == 1
    assert barriers(parsed) == []
    assert len(parsed.all("a")) > 5


def test_the_headline_comes_first_then_the_rest_in_the_order_of_questions(digits_run: Make) -> None:
    run = digits_run()
    parsed = open_page(run)
    metrics = run.metrics()
    assert parsed.all("h1")[0].text == words.headline(metrics)
    text = parsed.main()
    said = [words.headline(metrics), *words.belief(metrics), words.gap(metrics)]
    heads = [
        "What was found in the data",
        "Training, validation and test",
        "Which classes are confused",
        "Class by class",
        "How sure it is, and how often it is right",
        "Worst mistakes",
        "The photos by class",
        "What the network sees",
        "What was left out",
        "How it was made",
    ]
    places = [text.index(part) for part in said + heads]
    assert places == sorted(places)


@pytest.mark.parametrize("classes", ["38", "0123456789"])
def test_the_confusion_matrix_stands_as_counts_and_as_shares(
    digits_run: Make, classes: str
) -> None:
    run = digits_run(classes)
    expected = run.metrics()["test"]["confusion_matrix"]
    tables = [e for e in open_page(run).all("table") if "matrix" in e.attributes.get("class", "")]
    counts, shares = (
        [[cell.text for cell in row.children] for row in table.all("tbody")[0].all("tr")]
        for table in tables
    )
    assert counts == [[name, *map(str, row)] for name, row in zip(classes, expected, strict=True)]
    assert shares == [
        [name, *(f"{n / sum(row):.0%}" if n else "0" for n in row)]
        for name, row in zip(classes, expected, strict=True)
    ]


def test_sixty_classes_are_told_by_a_drawing_and_their_worst_pairs(digits_run: Make) -> None:
    run = digits_run()
    classes = [f"kind {i:02}" for i in range(60)]
    numbers = np.arange(len(run.names)) * 7 % 60
    likely = np.random.default_rng(0).random((len(numbers), 60))
    likely[np.arange(len(numbers)), numbers] += 0.2
    run.classes, run.labels = classes, [classes[i] for i in numbers]
    run.probabilities = likely / likely.sum(axis=1, keepdims=True)
    run.splits = ["test" if i % 3 == 0 else "train" for i in range(len(numbers) // 2)] * 2
    parsed = open_page(run.write())
    drawing = parsed.all("svg")[0]
    assert drawing.attributes["viewbox"] == "0 0 60 60"
    assert "60 classes" in drawing.attributes["aria-label"]
    assert "Most often confused among the test photos" in parsed.section("confusion")
    assert "The ten classes with the lowest F1" in parsed.section("classes")
    assert "50 more classes are not shown" in parsed.section("samples")


def test_a_class_without_a_test_photo_is_not_scored(digits_run: Make) -> None:
    run = digits_run("012")
    run.splits = [
        "train" if label == "2" else side
        for label, side in zip(run.labels, run.splits, strict=True)
    ]
    section = open_page(run.write()).section("classes")
    assert "Not scored, for want of a test photo: 2" in section


def test_cross_validation_is_said_and_scored(digits_run: Make) -> None:
    run = digits_run("018")
    run.splits = ["cross-validation"] * len(run.names)
    parsed = open_page(run.write())
    assert "(cross-validation)" in parsed.all("h1")[0].text
    assert "Cross-validated" in parsed.main()
    assert "No photos were set aside" in parsed.main()


def test_without_a_test_set_the_validation_photos_are_judged(digits_run: Make) -> None:
    run = digits_run()
    run.splits = ["validation" if side == "test" else side for side in run.splits]
    parsed = open_page(run.write())
    assert "validation photos were named correctly" in parsed.all("h1")[0].text
    assert "There is no test set" in parsed.main()
    assert "validation photos" in parsed.section("mistakes")


def test_training_alone_still_makes_a_page(digits_run: Make) -> None:
    run = digits_run("01")
    run.splits = ["train"] * len(run.names)
    parsed = open_page(run.write())
    assert "that it was trained on" in parsed.all("h1")[0].text
    assert "There is no photo outside training to look at" in parsed.section("mistakes")


def test_where_all_are_right_the_least_sure_are_shown(digits_run: Make) -> None:
    run = digits_run()
    run.probabilities = all_right(run)
    section = open_page(run.write()).section("mistakes")
    assert "No mistakes" in section
    assert "Of these the network was least sure" in section
    assert section.count("rightly called") == 12


def test_one_mistake_is_shown_with_both_probabilities(digits_run: Make) -> None:
    run = digits_run("38")
    likely = all_right(run)
    i = run.splits.index("test")
    wrong = 1 - run.classes.index(run.labels[i])
    likely[i] = 0.0625
    likely[i, wrong] = 0.9375
    run.probabilities = likely
    parsed = open_page(run.write())
    section = parsed.section("mistakes")
    assert "One test photo was named wrongly" in section
    (card,) = parsed.all("section", id="mistakes")[0].all("li")
    assert [e.text for e in card.all("dt")] == ["called", "labelled"]
    assert [e.text for e in card.all("dd")] == [
        f"{run.classes[wrong]} 93.8%",
        f"{run.labels[i]} 6.2%",
    ]
    assert run.names[i] in card.text
    (photo,) = small_photos(card)
    assert "called" in photo.attributes["aria-label"]
    assert photo.all("title")[0].text == run.names[i]


def test_thumbnails_keep_their_shape_and_are_small(digits_run: Make) -> None:
    run = digits_run("01")
    parsed = open_page(run)
    assert len({e.all("title")[0].text for e in small_photos(parsed)}) >= 12
    assert {e.attributes["viewbox"] for e in small_photos(parsed)} == {"0 0 48 64"}
    for element in parsed.all("image"):
        assert picture(element).size == (48, 64)


def test_the_network_is_shown_with_the_very_pixels_it_received(digits_run: Make) -> None:
    run = digits_run("01", options={"resize": "pad", "size": 96})
    parsed = open_page(run)
    (shown,) = parsed.all("img", **{"class": "pixels"})
    (name,) = re.findall(r"The photo (\S+) What the network receives", parsed.main())
    expected = pixels.decode(run.photo(name), 96, "pad")
    assert np.array_equal(np.asarray(picture(shown)), expected)
    assert "shrunk whole onto a grey square of 96 × 96 pixels" in parsed.main()


def test_photos_that_are_gone_leave_their_names(digits_run: Make) -> None:
    run = digits_run("01")
    parsed = Page(render(run.folder, lambda name: None))
    assert parsed.all("img") == parsed.all("image") == small_photos(parsed) == []
    assert "What the network sees" not in parsed.main()
    assert re.search(r"\d+ photos of this page were no longer there", parsed.section("samples"))
    assert run.names[0] in parsed.section("samples")


def test_a_file_that_is_no_longer_a_photo_counts_as_gone(digits_run: Make) -> None:
    run = digits_run("01")
    parsed = Page(
        render(run.folder, lambda name: b"<html>" if name == run.names[0] else run.photo(name))
    )
    assert "1 photo of this page was no longer there, or no longer readable" in parsed.main()


def test_a_warning_about_the_data_is_loud_and_comes_before_the_figures(digits_run: Make) -> None:
    note = Finding("duplicates", "note", (("a.png", "b.png"),), "Kept together.", "Nothing.")
    warning = Finding(
        "duplicate-across-splits", "warning", (("c.png", "d.png"),), "Too high.", "Mend."
    )
    parsed = open_page(digits_run("01", findings=[note, warning]))
    loud, quiet = (e for e in parsed.all("article"))
    assert loud.attributes["class"] == "finding warning"
    assert "c.png, d.png" in loud.text
    assert "Duplicate across splits" in loud.text
    assert quiet.attributes["class"] == "finding note"
    text = parsed.main()
    assert "1 warning about the data: this figure may mislead" in text
    assert text.index("Too high.") < text.index("Training, validation and test")


def test_what_stands_between_backticks_in_a_finding_is_code(digits_run: Make) -> None:
    note = Finding("odd", "note", (), "Of <b>.", "Try `--resize pad` and `<i>`.")
    document = render(digits_run("01", findings=[note]).folder, lambda name: None)
    assert "Try <code>--resize pad</code> and <code>&lt;i&gt;</code>." in document
    assert "Of &lt;b&gt;." in document


def test_without_findings_nothing_alarms(digits_run: Make) -> None:
    parsed = open_page(digits_run("01"))
    assert "warning" not in parsed.main()
    assert "Nothing that would make these figures mislead" in parsed.section("findings")
    assert "Nothing: every photo that was found took part" in parsed.section("left-out")


def test_every_file_left_out_is_named_with_its_reason(digits_run: Make) -> None:
    left_out = [LeftOut(f"drafts/{i}.jpg", f"reason {i % 15}") for i in range(300)]
    section = open_page(digits_run("01", left_out=left_out, ignored=1)).section("left-out")
    assert "300 files took no part" in section
    assert all(item.name in section.split() for item in left_out)
    assert all(f"20 × reason {i}" in section for i in range(15))
    assert "1 file that the system or another program leaves" in section


NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a\nb\u202ec",
    "{{ 7 * 7 }}",
]


def test_fault_23_nothing_in_a_name_becomes_markup(digits_run: Make) -> None:
    run = digits_run("0123")
    plain = {str(i): name for i, name in enumerate(NASTY)}
    run.labels = [plain[label] for label in run.labels]
    run.classes = NASTY
    run.names = [f"{name}<script>.png" for name in run.names]
    run.findings = [Finding("<b>", "warning", ((NASTY[1],),), NASTY[0], NASTY[0])]
    run.left_out = [LeftOut(NASTY[1], NASTY[0])]
    run.options = {"label_pattern": "(?P<label>'\"<b>)"}
    document = render(run.write().folder, lambda name: run.photo(name.removesuffix("<script>.png")))
    parsed = Page(document)
    assert parsed.all("script") == []
    assert all(e.attributes["src"].startswith("data:") for e in parsed.all("img"))
    assert all(e.attributes["href"].startswith("data:") for e in parsed.all("image"))
    assert barriers(parsed) == []
    assert "\u202e" not in document
    for shown in (NASTY[0], NASTY[1], "a\\nb\\u202ec", NASTY[3]):
        assert shown in parsed.section("samples")
        assert shown in parsed.section("classes")


def test_the_command_repeats_the_run(digits_run: Make) -> None:
    pattern = r"(?P<label>\d)/it's"
    options = {"label_pattern": pattern, "per_class": "rest,3,2", "ignore": ("a*", "b")}
    run = digits_run("01", options=options)
    commands = [e.text for e in open_page(run).all("pre")]
    assert shlex.split(commands[0]) == [
        *("headstart", "train", str(run.source), "--label-pattern", pattern),
        *("--ignore", "a*", "--ignore", "b", "--per-class", "rest,3,2", "--seed", "0"),
    ]
    assert shlex.split(commands[1]) == ["headstart", "predict", str(run.folder), "photo.jpg"]
    assert repr(str(run.folder / "model.headstart")) in commands[2]


def test_how_it_was_made_can_be_cited(digits_run: Make) -> None:
    section = open_page(digits_run()).section("making")
    for fact in (
        "Tan",
        "efficientnet-lite0",
        "1,280",
        "bfloat16",
        "0.99998",
        "2026-11-29 03:55 UTC on AMD EPYC, 2 cores",
        "total 4.87",
        "seed 0",
    ):
        assert fact in section


def test_a_precision_that_did_not_agree_is_not_said_to_agree(digits_run: Make) -> None:
    run = digits_run("01")
    path = run.folder / "metrics.json"
    refused = {"cosine": 0.97, "needed": 0.99, "photos": 32}
    write_json(path, {**run.metrics(), "precision": "float32", "agreement": refused})
    section = open_page(run).section("making")
    assert "no closer to those in float32 than cosine 0.97000, with 0.99 needed" in section
    write_json(path, {**run.metrics(), "precision": "float32", "agreement": None})
    assert "float32 on openvino. " in open_page(run).section("making")


def with_training(run: Any, rows: Any, **fields: Any) -> Any:
    """The run, trained by gradient."""
    told = training(epochs=len(rows), **fields)
    kind = {"kind": "dense", "strength": 0.0} if told["used"] else run.metrics()["head"]
    path = run.folder / "metrics.json"
    write_json(path, {**run.metrics(), "training": told, "head": kind})
    write_history(run.folder, rows)
    return run


CANDIDATES = {"head": {"accuracy": 0.9, "loss": 0.3}, "tail": {"accuracy": 0.95, "loss": 0.2}}
ROWS = history([4.0, 0.4, 0.2], [0.5, 0.3, 0.2])


def test_a_training_by_gradient_is_told_drawn_and_tabled(digits_run: Make) -> None:
    run = with_training(digits_run("01"), ROWS, kept=3, candidates=CANDIDATES)
    parsed = open_page(run)
    section = parsed.section("training")
    told = training(epochs=3, kept=3, candidates=CANDIDATES)
    places = [section.index(sentence) for sentence in learning.story(told, ROWS, "photo")]
    assert len(places) == 3
    assert places == sorted(places)
    (element,) = parsed.all("section", id="training")
    loss, accuracy = element.all("svg", role="img")
    assert loss.attributes["aria-label"].startswith("Loss by epoch: training from 4.000 to 0.200")
    assert accuracy.attributes["aria-label"].startswith("Accuracy by epoch")
    for drawing in (loss, accuracy):
        assert drawing.all("text", **{"class": "mark"})[0].text == "kept"
        assert [g.attributes["class"] for g in drawing.all("g")] == ["training", "validation"]
        assert len(drawing.all("path", **{"class": "head"})) == 1
    assert "↑ 4" in loss.text
    assert "↑" not in accuracy.text
    rows = element.all("tbody")[0].all("tr")
    assert [row.all("td")[0].text for row in rows] == ["4.000", "0.400", "0.200"]
    assert "kept" in rows[2].text
    assert parsed.all("a", href="#training")
    text = parsed.main()
    assert text.index("Training, validation and test") < text.index("Training, epoch by epoch")


def test_a_run_with_curves_can_be_read_without_eyes_too(digits_run: Make) -> None:
    run = with_training(digits_run("01"), ROWS, kept=3, candidates=CANDIDATES)
    parsed = open_page(run)
    assert len(parsed.all("svg", role="img")) > len(small_photos(parsed))
    assert barriers(parsed) == []


def test_without_validation_the_page_shows_the_curves_of_training_alone(digits_run: Make) -> None:
    rows = history([0.5, 0.4], [math.nan, math.nan], val_accuracy=math.nan)
    parsed = open_page(with_training(digits_run("01"), rows, kept=2))
    (element,) = parsed.all("section", id="training")
    assert "No photos validated it" in element.text
    assert {g.attributes["class"] for g in element.all("g")} == {"training"}
    assert "nan" not in element.text


def test_one_epoch_is_told_by_the_table_alone(digits_run: Make) -> None:
    parsed = open_page(with_training(digits_run("01"), ROWS[:1], kept=1))
    (element,) = parsed.all("section", id="training")
    assert "One epoch draws no curve" in element.text
    assert element.all("svg") == []
    (table,) = element.all("details")
    assert "open" in table.attributes
    assert "4.000" in table.text


def test_without_a_training_by_gradient_there_is_no_word_of_it(digits_run: Make) -> None:
    parsed = open_page(digits_run("01"))
    assert parsed.all("section", id="training") == []
    assert parsed.all("a", href="#training") == []
    assert "L2 strength 0.001, chosen on validation" in parsed.section("making")
    assert "by gradient" not in parsed.main()


def test_how_trained_layers_were_made_can_be_cited(digits_run: Make) -> None:
    run = digits_run("01")
    section = open_page(with_training(run, ROWS, kept=3)).section("making")
    trained = run.metrics()["trainable_parameters"]
    assert "frozen before block_11_expand_convolution" in section
    assert f"every layer after it: {trained:,} of 3,415,586 parameters. AdamW" in section
    assert "3 epochs of 4, weights of epoch 3" in section
    assert "L2 strength" not in section
    assert "float32 on openvino; in training, the frozen layers in bfloat16" in section


def test_layers_that_were_tried_and_left_are_said_to_be_left(digits_run: Make) -> None:
    run = with_training(digits_run("01"), ROWS, kept=2, candidates=CANDIDATES, used=False)
    parsed = open_page(run)
    section = parsed.section("making")
    assert "Multinomial logistic regression" in section
    assert "every layer after it, by gradient, but not kept: the head alone" in section
    assert "efficientnet-lite0, frozen;" in section
    (drawn, _) = parsed.all("section", id="training")[0].all("svg", role="img")
    assert drawn.attributes["aria-label"].endswith("epoch 2 was the best.")
    assert "best" in drawn.text


def test_a_real_training_makes_a_page_that_says_so(tuned: Run) -> None:
    parsed = Page(tuned.report().read_text(encoding="utf-8"))
    assert "Training ran for 2 epochs, as planned" in parsed.section("training")
    assert "head_convolution and every layer after it: 424,970 of 3,425,834" in (
        parsed.section("making")
    )
    assert faults(tuned.metrics) == []


def test_a_training_without_its_history_is_an_error(digits_run: Make) -> None:
    run = with_training(digits_run("01"), ROWS, kept=3)
    (run.folder / "history.csv").unlink()
    with pytest.raises(ModelError, match=r"history\.csv"):
        open_page(run)


def test_the_same_run_makes_the_same_page(digits_run: Make) -> None:
    run = digits_run("01")
    assert render(run.folder, run.photo) == render(run.folder, run.photo)


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        render(tmp_path, lambda name: None)


def test_real_photos_of_cats_and_dogs_make_a_page(shared: Path, digits_run: Make) -> None:
    source = shared / "data" / "cats-dogs"
    names = sorted(path.name for path in source.iterdir())[::26]
    labels = [name.split(".")[0] for name in names]
    likely = np.random.default_rng(0).dirichlet([1, 1], len(names))
    run = digits_run(
        "01",
        source=source,
        names=names,
        labels=labels,
        splits=["train", "test"] * (len(names) // 2),
        classes=["cat", "dog"],
        probabilities=likely,
    )
    parsed = open_page(run)
    assert set(labels) == {h.text for h in parsed.all("h3")} & {"cat", "dog"}
    shapes = {picture(e).size for e in parsed.all("image")}
    assert len(shapes) > 3
    assert {max(size) for size in shapes} == {160}
    assert "squashed or stretched to a square of 224 × 224" in parsed.main()


def test_text_has_enough_contrast_in_light_and_dark() -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1, numbers on the fullest colours included."""
    css = (Path(page.__file__).with_name("templates") / "style.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    for theme in (light, dark):
        colour = {name: value.strip() for name, value in re.findall(r"--([\w-]+): ([^;]+);", theme)}
        paper, raised = _rgb(colour["paper"]), _rgb(colour["raised"])
        for ink in ("ink", "soft", "right-text", "wrong-text"):
            assert _contrast(_rgb(colour[ink]), paper) >= 4.5, ink
        for ink in ("ink", "soft", "right-text"):
            assert _contrast(_rgb(colour[ink]), raised) >= 4.5, ink
        assert _contrast(_rgb(colour["alert"]), _rgb(colour["alert-paper"])) >= 4.5
        assert _contrast(_rgb(colour["soft"]), _rgb(colour["alert-paper"])) >= 4.5
        strength = float(colour["strength"])
        for cell in ("right", "wrong"):
            full = np.array([int(part) for part in colour[cell].split()])
            assert _contrast(_rgb(colour["ink"]), full * strength + paper * (1 - strength)) >= 4.5


def _rgb(value: str) -> np.ndarray[Any, Any]:
    return np.array([int(value[i : i + 2], 16) for i in (1, 3, 5)])


def _contrast(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    def luminance(colour: np.ndarray[Any, Any]) -> float:
        share = colour / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_run_of_an_earlier_version_without_the_newer_figures_still_has_a_page(
    trained: Any, tmp_path: Path, call: Any
) -> None:
    old = tmp_path / "old"
    shutil.copytree(trained.run.folder, old)
    metrics = json.loads((old / "metrics.json").read_text())
    for name in ("comparisons", "learning_curve", "made"):
        del metrics[name]
    del metrics["baselines"]["plain_pixels"], metrics["seconds"]["baselines"]
    for name in ("train", "validation", "test"):
        figures = [metrics[name], *metrics[name]["per_class"].values()]
        for each in figures:
            for key in [key for key in each if key.endswith("_interval")]:
                if key != "accuracy_interval":
                    del each[key]
    (old / "metrics.json").write_text(json.dumps(metrics))
    answer = call("report", old)
    assert answer.code == 0
    page = (old / "report.html").read_text()
    assert 'id="pixels"' not in page
    assert 'id="classes"' in page
    assert 'id="pixels"' in (trained.run.folder / "report.html").read_text()
