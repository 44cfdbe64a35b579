"""`--abstain-at` from training to prediction, evaluation and export, on real photos and rows."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from metrics_schema import faults
from photos import put_digits

import headstart as hs
from headstart.errors import OptionError
from headstart.judging import evaluate
from headstart.report.terminal import summary

PETS = r"(?P<label>cat|dog)\.\d+"


@pytest.fixture(scope="module")
def doubting(tmp_path_factory):
    """A run on 300 digits that may say that it does not know, and the digits."""
    folder = tmp_path_factory.mktemp("doubting")
    source = put_digits(folder / "digits", range(300))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(folder / "cache"))
        run = hs.train(source, folder / "run", size=32, unfreeze="none", abstain_at=0.9)
    return run, source


def test_hands_are_unknown_to_a_classifier_of_pets_and_pets_are_not(shared, tmp_path):
    """200 pets of the 1,300, and 50 hands: `bench/trust.py` measures all of them."""
    source = tmp_path / "pets"
    source.mkdir()
    for label in ("cat", "dog"):
        for i in range(250):
            name = f"{label}.{i}.jpg"
            shutil.copy(shared / "data" / "cats-dogs" / name, source)
    run = hs.train(source, tmp_path / "run", label_pattern=PETS, unfreeze="none", abstain_at=0.95)
    hands = sorted((shared / "data" / "sign-digits").rglob("*.[jJ][pP]*"))[::40]
    answers = run.bundle.answer(hands)
    assert np.mean([each.label == "unknown" for each in answers]) >= 0.98
    assert {each.why for each in answers if each.why} == {"unlike the training photos"}
    assert {each.nearest for each in answers} <= {"cat", "dog"}
    found = run.metrics["abstention"]
    assert found["sets"]["test"]["answered"] >= 0.9
    assert found["shown"]
    assert faults(run.metrics) == []


def test_what_a_run_says_it_answers_is_what_its_bundle_answers(doubting):
    run, source = doubting
    found = run.metrics["abstention"]["sets"]["test"]
    rows = [row for row in run.predictions if row["split"] == "test"]
    answers = run.bundle.answer([source / row["sample"] for row in rows])
    known = [each.why is None for each in answers]
    assert np.mean(known) == pytest.approx(found["answered"])
    right = [each.label == row["label"] for each, row in zip(answers, rows, strict=True)]
    assert np.mean(np.array(right)[known]) == pytest.approx(found["accuracy"])
    assert 0 < sum(known) < len(rows)
    assert run.bundle.predict([source / row["sample"] for row in rows]) == [
        each.label for each in answers
    ]


def test_evaluate_says_what_is_answered(doubting, tmp_path):
    run, _ = doubting
    other = put_digits(tmp_path / "others", range(400, 460))
    found = evaluate(run.folder, other)
    assert faults(found) == []
    brought = found["abstention"]["sets"]["test"]
    answers = run.bundle.answer(sorted(other.rglob("*.png")))
    assert brought["samples"] == 60
    assert brought["answered"] == pytest.approx(np.mean([each.why is None for each in answers]))


def test_an_ordinary_bundle_holds_no_features_and_always_answers(trained, doubting):
    plain, run = trained.run.bundle, doubting[0].bundle
    assert plain.manifest.threshold is None
    assert "reference.features" not in plain.manifest.tensors["weights.safetensors"]
    spec = run.manifest.tensors["weights.safetensors"]["reference.features"]
    assert (spec.dtype, spec.shape) == ("F16", (212, 1280))
    photos = sorted(trained.source.rglob("*.png"))[:30]
    best = plain.predict_proba(photos).argmax(axis=1)
    assert plain.predict(photos) == [plain.classes[j] for j in best]


def test_predict_names_what_is_nearest_and_why_it_does_not_answer(call, doubting, shared):
    run, source = doubting
    cat = str(shared / "data" / "cats-dogs" / "cat.0.jpg")
    digit = next(
        str(path)
        for path in sorted(source.rglob("*.png"))
        if run.bundle.predict([path]) != ["unknown"]
    )
    found = json.loads(call("predict", run.folder, cat, digit, "--json").out)["predictions"]
    assert found[0]["class"] == "unknown"
    assert found[0]["nearest"] == found[0]["top"][0]["class"]
    assert found[0]["why"] == "unlike the training photos"
    assert found[1].keys() == {"input", "class", "probability", "top"}
    lines = call("predict", run.folder, cat, digit).out.splitlines()
    nearest = f"{found[0]['nearest']} {found[0]['probability']:.1%}"
    assert lines[0] == f"{cat}  unknown (unlike the training photos); nearest {nearest}"
    assert lines[1].startswith(f"{digit}  {found[1]['class']} ")
    rows = list(
        csv.DictReader(io.StringIO(call("predict", run.folder, cat, digit, "--format", "csv").out))
    )
    assert [row["answer"] for row in rows] == ["unknown", found[1]["class"]]
    assert [row["why"] for row in rows] == ["unlike the training photos", ""]
    assert rows[0]["class_1"] == found[0]["nearest"]


def test_rows_are_left_unanswered_by_sureness_alone(tmp_path, keras, call):
    chance = np.random.default_rng(0)
    x = chance.normal(size=600)
    label = np.where(x + chance.normal(scale=0.7, size=600) > 0, "yes", "no")
    table = tmp_path / "rows.csv"
    table.write_text("x,y\n" + "".join(f"{a:.4f},{b}\n" for a, b in zip(x, label, strict=True)))
    run = hs.train(table, tmp_path / "run", target="y", epochs=10, abstain_at=0.95)
    found = run.metrics["abstention"]
    assert (found["distance"], found["nearest"]) == (None, None)
    assert found["fitted_on"] == "validation"
    assert faults(run.metrics) == []
    far, near = run.bundle.answer([{"x": 3.0}, {"x": 0.0}])
    assert (far.label, far.why) == ("yes", None)
    assert (near.label, near.why) == ("unknown", "unsure")
    (tmp_path / "one.csv").write_text("x\n0.0\n")
    said = json.loads(call("predict", run.folder, tmp_path / "one.csv", "--json").out)
    assert said["predictions"][0]["class"] == "unknown"
    assert run.bundle.manifest.temperature != 1
    exported = call("export", run.folder, "--to", "json", "--out", tmp_path / "m.json")
    assert exported.code == 0
    assert "answers always" in " ".join(exported.err.split())


def test_a_tail_is_measured_by_its_own_features(keras, tmp_path):
    source = put_digits(tmp_path / "digits", range(300))
    options = {"size": 32, "unfreeze": "head_convolution", "epochs": 1, "abstain_at": 0.9}
    run = hs.train(source, tmp_path / "run", **options)
    found = run.metrics["abstention"]
    assert found["fitted_on"] == "validation"
    rows = [row for row in run.predictions if row["split"] == "test"]
    answers = run.bundle.answer([source / row["sample"] for row in rows])
    known = np.mean([each.why is None for each in answers])
    assert known == pytest.approx(found["sets"]["test"]["answered"], abs=1 / len(rows))


CHOSEN = "When to answer was chosen on these same {}s, which flatters that a little"
FITTED = "The temperature was fitted on these same {}s, which flatters log loss"


def said_of(run) -> list[str]:
    """What page, card and terminal say, each on one line."""
    folder = Path(run.folder)
    told = coverage_of(run), (folder / "MODEL_CARD.md").read_text(), summary(run.metrics)
    return [" ".join(each.split()) for each in told]


def test_that_a_cross_validation_also_chose_is_said(tmp_path):
    source = put_digits(tmp_path / "digits", range(120))
    run = hs.train(source, tmp_path / "run", size=32, unfreeze="none", abstain_at=0.8)
    assert run.metrics["cross_validation"]
    page, card, terminal = said_of(run)
    for told in (page, card, terminal):
        assert "So as to be right in 80.0% of its answers" in told
        assert CHOSEN.format("photo") in told
    assert FITTED.format("photo") in card
    assert FITTED.format("photo") in terminal


def test_that_validation_also_chose_is_said_where_nothing_else_judges(tmp_path, keras):
    chance = np.random.default_rng(0)
    x = chance.normal(size=400)
    label = np.where(x + chance.normal(scale=0.5, size=400) > 0, "yes", "no")
    table = tmp_path / "rows.csv"
    table.write_text("x,y\n" + "".join(f"{a:.4f},{b}\n" for a, b in zip(x, label, strict=True)))
    options = {"target": "y", "epochs": 5, "abstain_at": 0.9, "validation": 0.3, "test": 0}
    run = hs.train(table, tmp_path / "run", **options)
    for told in said_of(run):
        assert CHOSEN.format("row") in told
    assert all(FITTED.format("row") in told for told in said_of(run)[1:])


def test_of_a_test_that_chose_nothing_no_such_thing_is_said(doubting):
    for told in said_of(doubting[0]):
        assert "So as to be right" in told
        assert "on these same" not in told


def test_a_class_that_is_called_unknown_is_refused(tmp_path):
    source = put_digits(tmp_path / "digits", range(20), "unknown{label}/{number}.png")
    (source / "unknown0").rename(source / "unknown")
    with pytest.raises(OptionError, match="A class is called 'unknown'"):
        hs.train(source, tmp_path / "run", size=32, abstain_at=0.9)


def test_a_tail_without_validation_is_refused_before_it_is_trained(keras, tmp_path):
    source = put_digits(tmp_path / "digits", range(60))
    options = {"size": 32, "unfreeze": "1", "validation": 0, "test": 0.3, "abstain_at": 0.9}
    with pytest.raises(OptionError, match="no validation photos to choose by"):
        hs.train(source, tmp_path / "run", **options)


def coverage_of(run) -> str:
    """That section of the page."""
    page = Path(run.folder, "report.html").read_text()
    return page.partition('<section id="coverage"')[2].partition("</section>")[0]


def test_the_page_draws_the_coverage_curve_with_the_point_that_was_chosen(doubting, trained):
    chosen, plain = coverage_of(doubting[0]), coverage_of(trained.run)
    assert 'class="covered"' in chosen
    assert 'class="covered"' in plain
    assert 'class="bin"' in chosen
    assert 'class="bin"' not in plain
    assert "So as to be right in 90.0% of its answers, it answers" in chosen
