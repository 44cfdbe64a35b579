"""The model card: its head is YAML that Hugging Face reads, its figures are those of the run."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from made_run import MadeRun
from markdown_it import MarkdownIt
from markdown_it.token import Token

from headstart.findings import Finding, LeftOut
from headstart.report import card, words
from headstart.report.markdown import escaped, yaml_scalar
from headstart.report.pixels_worth import pixels_worth
from headstart.run import Run
from headstart.store.files import write_json

Make = Callable[..., MadeRun]
MARKDOWN = MarkdownIt("commonmark").enable("table")
HEADINGS = [
    "How good it is",
    "What it was made from",
    "What makes one doubt",
    "What it is not for",
    "How to use it",
    "How it was made",
]


def parted(text: str) -> tuple[dict[str, Any], str]:
    """The head of a card as YAML reads it, and its body."""
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def tokens(body: str) -> list[Token]:
    """Every token of a Markdown text, those inside of others too."""
    found = []
    for token in MARKDOWN.parse(body):
        found += [token, *(token.children or [])]
    return found


def shown(body: str) -> str:
    """What a reader sees of a Markdown text."""
    return "".join(
        t.content for t in tokens(body) if t.type in ("text", "code_inline", "code_block")
    )


def table(body: str, first: str) -> list[list[str]]:
    """The rows of the table whose head begins with a word, as texts."""
    tables: list[list[list[str]]] = []
    inside = False
    for token in MARKDOWN.parse(body):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type in ("th_open", "td_open"):
            inside = True
        elif token.type == "inline" and inside:
            tables[-1][-1].append("".join(child.content for child in token.children or []))
            inside = False
    (found,) = (rows for rows in tables if rows[0][0] == first)
    assert {len(row) for row in found} == {len(found[0])}
    return found


def card_of(run: MadeRun) -> str:
    return card.render(run.folder)


def test_the_head_says_what_the_hub_asks_for(digits_run: Make) -> None:
    run = digits_run()
    head, _ = parted(card_of(run))
    metrics = run.metrics()
    assert head["library_name"] == "headstart"
    assert head["pipeline_tag"] == "image-classification"
    assert head["tags"][:3] == ["headstart", "image-classification", "efficientnet-lite0"]
    assert "license" not in head
    (model,) = head["model-index"]
    (result,) = model["results"]
    assert model["name"] == result["dataset"]["name"] == "digits"
    assert result["task"]["type"] == "image-classification"
    assert (result["dataset"]["type"], result["dataset"]["split"]) == ("imagefolder", "test")
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values == {
        "accuracy": pytest.approx(metrics["test"]["accuracy"], abs=1e-6),
        "f1": pytest.approx(metrics["test"]["macro_f1"], abs=1e-6),
    }
    assert {*head["metrics"]} == {*values}
    low, high = metrics["test"]["accuracy_interval"]
    assert result["metrics"][0]["name"] == (
        f"Accuracy (95% interval {words.percent(low)} to {words.percent(high)})"
    )


def test_figures_stand_with_their_intervals_set_by_set_and_class_by_class(
    digits_run: Make,
) -> None:
    run = digits_run()
    metrics = run.metrics()
    _, body = parted(card_of(run))
    assert words.headline(metrics) in shown(body)
    sets = {row[0]: row[1:] for row in table(body, "Photos")[1:]}
    for key, name in (("train", "training"), ("validation", "validation"), ("test", "test")):
        scores = metrics[key]
        low, high = map(words.percent, scores["accuracy_interval"])
        told = [str(metrics["samples"][key])]
        told.append(f"{words.percent(scores['accuracy'])} ({low} to {high})")
        for figure in ("macro_f1", "loss", "calibration_error"):
            low, high = (f"{end:.3f}" for end in scores[f"{figure}_interval"])
            told.append(f"{scores[figure]:.3f} ({low} to {high})")
        assert sets[name] == told
    by_class = table(body, "Class")[1:]
    assert [row[0] for row in by_class] == metrics["classes"]
    for name, support, recall, precision, f1 in by_class:
        figures = metrics["test"]["per_class"][name]
        assert int(support) == figures["support"]
        assert recall.startswith(f"{words.percent(figures['recall'])} (")
        assert precision.startswith(f"{words.percent(figures['precision'])} (")
        assert f1.startswith(f"{figures['f1']:.3f} (")


def test_a_figure_whose_interval_is_known_stands_with_it(digits_run: Make) -> None:
    run = digits_run()
    metrics = run.metrics()
    metrics["test"]["macro_f1_interval"] = [0.8, 0.9]
    write_json(run.folder / "metrics.json", metrics)
    head, body = parted(card_of(run))
    assert "(0.800 to 0.900)" in table(body, "Photos")[-1][3]
    named = [metric["name"] for metric in head["model-index"][0]["results"][0]["metrics"]]
    assert named[1] == "Macro F1 (95% interval 0.800 to 0.900)"


def test_warnings_come_first_and_samples_are_counted_not_named(digits_run: Make) -> None:
    note = Finding("duplicate", "note", (("aunt-mary.png", "b.png"),), "Kept.", "Nothing.")
    warning = Finding("drift", "warning", (("uncle-joe.png",),) * 3, "Too high.", "Mend.")
    run = digits_run("01", findings=[note, warning], left_out=[LeftOut("me.gif", "cut short")] * 2)
    _, body = parted(card_of(run))
    text = shown(body)
    assert text.index("Warning: Drift (3). Too high. Mend.") < text.index("Note: Duplicate (1)")
    assert "Left out: 2 × cut short." in text
    assert "Not before you have settled the warning" in text
    for name in ("aunt-mary", "uncle-joe", "me.gif", run.names[0]):
        assert name not in body


def test_without_findings_it_says_so(digits_run: Make) -> None:
    text = shown(parted(card_of(digits_run("01")))[1])
    assert "Nothing was found in the data" in text
    assert "Left out: nothing." in text


def test_limits_are_those_of_this_run(digits_run: Make) -> None:
    run = digits_run("012")
    run.splits = [
        "train" if label == "2" else side
        for label, side in zip(run.labels, run.splits, strict=True)
    ]
    text = shown(parted(card_of(run.write()))[1])
    error = run.metrics()["test"]["calibration_error"]
    assert f"missed the share that was right by {100 * error:.1f} points" in text
    assert "nothing says how well these are recognised: 2." in text
    assert "Each class was judged by fewer than 30 photos" in text


def test_training_figures_alone_are_no_result(digits_run: Make) -> None:
    run = digits_run("01")
    run.splits = ["train"] * len(run.names)
    head, body = parted(card_of(run.write()))
    assert "model-index" not in head
    assert "That cannot be told" in shown(body)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "15% for the validation and 15% for the test were drawn, class by class (seed 0)"),
        ({"test": 0.125, "validation": 0}, "say so, 12.5% for the test were drawn"),
        ({"per_class": "rest,3,2"}, "Of each class, rest, 3 and 2 were drawn for training"),
        ({"split": "/home/me/split.csv"}, "The sides were those of an earlier run."),
    ],
)
def test_how_the_samples_were_divided_is_told(
    digits_run: Make, options: dict[str, Any], said: str
) -> None:
    assert said in shown(parted(card_of(digits_run("01", options=options)))[1])


def test_the_hub_is_told_the_figures_without_photos_that_leaked(digits_run: Make) -> None:
    run = digits_run("01")
    document = run.metrics()
    without = document["validation"]
    leaks = {"samples": 3, "without": without}
    write_json(run.folder / "metrics.json", {**document, "leaks": leaks})
    head, body = parted(card_of(run))
    accuracy, f1 = head["model-index"][0]["results"][0]["metrics"]
    assert accuracy["value"] == pytest.approx(without["accuracy"], abs=1e-6)
    assert f1["value"] == pytest.approx(without["macro_f1"], abs=1e-6)
    assert accuracy["name"].startswith("Accuracy without 3 photos that leaked (95% interval")
    assert "unbiased" not in body
    write_json(run.folder / "metrics.json", {**document, "leaks": {**leaks, "without": None}})
    head, _ = parted(card_of(run))
    assert "model-index" not in head


def test_groups_are_said_to_stay_on_one_side_only_where_they_do(digits_run: Make) -> None:
    run = digits_run("01", options={"group": "patient"})
    kept = "Equal values of “patient” were kept on one side."
    assert kept in shown(parted(card_of(run))[1])
    apart = Finding("group-across-splits", "warning", (("mary: train, test",),), "Why.", "Mend.")
    text = shown(parted(card_of(replace(run, findings=[apart]).write()))[1])
    assert kept not in text
    assert "Equal values of “patient” are not all on one side, for the split was given." in text
    assert "mary" not in text


def test_no_path_of_the_machine_is_in_it(digits_run: Make) -> None:
    base = digits_run("01")
    split = base.folder / "secret" / "split.csv"
    options = {"split": str(split), "ignore": ("a*",)}
    finding = Finding("not-scored", "warning", (("0",),), "Why.", f"Write test into {split}.")
    run = replace(base, options=options, findings=[finding]).write()
    text = card_of(run)
    for folder in (run.source.parent, run.folder, Path.home(), Path.cwd()):
        assert str(folder) not in text
    assert "secret" not in text
    assert "Write test into split.csv." in text
    assert "headstart train digits --ignore 'a*' --split split.csv --seed 0" in text


HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://evil.example/x.png)",
    "a | b\n---\n# c",
    "{{ 7 * 7 }}\\",
    '": [!!python/object/apply:os.system ["id"]]',
    "*b* _i_ `c` ~~d~~ $e$ [f](javascript:g) &lt;",
]


def test_nothing_in_a_name_becomes_markup(digits_run: Make) -> None:
    run = digits_run("012345")
    plain = {str(i): name for i, name in enumerate(HOSTILE)}
    run.labels = [plain[label] for label in run.labels]
    run.classes = HOSTILE
    run.findings = [Finding(HOSTILE[0], "warning", (("x",),), HOSTILE[1], HOSTILE[5])]
    run.left_out = [LeftOut("x", HOSTILE[1])]
    run.options = {"label_pattern": "(?P<label>.)```\n# no"}
    run.write()
    metrics = {**run.metrics(), "source": HOSTILE[4] + "\n---\n\x85\u2028é 😀"}
    write_json(run.folder / "metrics.json", metrics)
    head, body = parted(card_of(run))
    assert head["model-index"][0]["name"] == metrics["source"]
    assert head.keys() == {
        *("library_name", "pipeline_tag", "tags", "metrics", "model-index"),
    }
    kinds = {token.type for token in tokens(body)}
    assert kinds.isdisjoint({"html_inline", "html_block", "link_open", "image", "em_open", "hr"})
    text = shown(body)
    for name in HOSTILE:
        assert words.one_line(name) in text
    assert [row[0] for row in table(body, "Class")[1:]] == [words.one_line(n) for n in HOSTILE]
    assert [
        t.content for t in tokens(body) if t.type == "text" and t.content in HEADINGS
    ] == HEADINGS


@given(st.text(max_size=30))
def test_any_text_comes_back_from_yaml(text: str) -> None:
    assert yaml.safe_load(f"- name: {yaml_scalar(text)}\n") == [{"name": text}]


@given(st.floats(0, 1))
def test_any_share_comes_back_from_yaml_as_a_number(share: float) -> None:
    found = yaml.safe_load(f"value: {yaml_scalar(share)}")["value"]
    assert isinstance(found, float)
    assert found == pytest.approx(share, abs=1e-6)


@given(st.text(max_size=30))
def test_any_text_is_shown_by_markdown_as_it_is(text: str) -> None:
    line = words.one_line(text)
    body = f"| a | b |\n|---|---|\n| x{escaped(text)}x | y |\n\nx{escaped(text)}x\n"
    assert table(body, "a")[1:] == [[f"x{line}x", "y"]]
    (paragraph,) = (t for t in MARKDOWN.parse(body) if t.type == "inline" and t.level == 1)
    assert "".join(child.content for child in paragraph.children or []) == f"x{line}x"


def test_very_many_classes_are_told_by_the_worst(digits_run: Make) -> None:
    run = digits_run()
    k = 130
    run.classes = [f"kind {i:03}" for i in range(k)]
    numbers = np.arange(len(run.names)) * 7 % k
    run.labels = [run.classes[i] for i in numbers]
    run.probabilities = np.random.default_rng(0).dirichlet(np.ones(k), len(numbers))
    run.splits = ["test"] * 200 + ["train"] * 200
    _, body = parted(card_of(run.write()))
    assert len(table(body, "Class")) == 101
    assert "the 100 of 130 classes with the lowest F1" in shown(body)


def test_a_real_run_leaves_its_card(trained: Any) -> None:
    run: Run = trained.run
    text = (run.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    head, body = parted(text)
    metrics = json.loads((run.folder / "metrics.json").read_text())
    values = [m["value"] for m in head["model-index"][0]["results"][0]["metrics"]]
    assert values == pytest.approx(
        [metrics["test"]["accuracy"], metrics["test"]["macro_f1"]], abs=1e-6
    )
    found = MARKDOWN.parse(body)
    heads = [
        (token.tag, found[i + 1].content)
        for i, token in enumerate(found)
        if token.type == "heading_open"
    ]
    assert heads == [
        ("h1", "digits"),
        ("h2", HEADINGS[0]),
        ("h3", "Class by class"),
        ("h3", "Baselines"),
        *(("h2", heading) for heading in HEADINGS[1:]),
    ]
    said = shown(body)
    assert "8 × 8 plain pixels" in pixels_worth(metrics)
    for part in (
        "212 photos for training, 44 photos for validation, 44 photos for test",
        "efficientnet-lite0, frozen. M. Tan and Q. V. Le",
        "ImageNet weights, licence Apache-2.0.",
        "32 × 32 pixels",
        f"Made {metrics['made']['at'][:10]} on {metrics['made']['processor']}",
        f"{metrics['seconds']['total']:.1f} seconds",
        f"openvino {metrics['versions']['openvino']}",
        "headstart train digits",
        pixels_worth(metrics),
    ):
        assert part in said
    assert str(trained.source.parent) not in text
    assert not re.search(r"\n\n\n|[ \t]\n", text)


def test_layers_trained_by_gradient_are_told(tuned: Run) -> None:
    said = shown(parted(card.render(tuned.folder))[1])
    assert "Trained by gradient: head_convolution and every layer after it" in said
    assert "2 epochs of 2" in said
