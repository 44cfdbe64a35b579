"""Labels of photos that are probably wrong: found, told, and written as a list to decide on."""

import csv
import io
from pathlib import Path

import numpy as np

from headstart.data import split
from headstart.dataset import Data
from headstart.evaluation.suspects import Suspects, not_sought, suspects
from headstart.findings import Finding
from headstart.outcome import Headed
from headstart.store.cells import escaped
from headstart.store.files import write_text

COLUMNS = (
    *("sample", "split", "label", "likely", "p_label", "p_likely"),
    *("sha256", "decision", "new_label"),
)
_SURE = 0.95  # probability of the likely class; of less sure ones the network may be at fault
_CREDIBLE = 0.5  # share of all disputed labels, from which on it is not the network that errs
_MANY = 0.01  # share of the photos, from which on sure suspects are a warning


def suspected(data: Data, outcome: Headed) -> Suspects:
    """The photos whose label heads on frozen features doubt.

    A backbone that was trained too is heard as well, for it knows more: what it calls by its label
    is no suspect, unless it was trained on it. Nor is a label that was decided to be right.
    """
    if not data.features.shape[1]:
        return not_sought("no-features")
    samples = np.flatnonzero(data.sides != "unused")
    names = [data.samples.labels[i] for i in samples.tolist()]
    keys = [data.samples.keys[i] for i in samples.tolist()]
    fold = split.folds(names, data.together[samples], keys, split.FOLDS, seed=0)
    found = suspects(data.features, data.labels, samples, fold, len(data.classes))
    what, of = data.samples.decided.what, data.samples.names
    doubted = np.array([what(of[i]) != "keep" for i in found.samples.tolist()], np.bool_)
    if outcome.tuned is not None:
        called = np.full(len(data.labels), -1)
        for each in outcome.answers:
            if each.name != "train":  # those labels it may have learned by heart
                called[each.samples] = each.predicted
        doubted &= called[found.samples] != data.labels[found.samples]
    return found.where(doubted)


def told(data: Data, found: Suspects) -> list[Finding]:
    """What to tell of suspects."""
    if not len(found.samples):
        return []
    names, classes = data.samples.names, data.classes
    named = tuple(
        (f"{names[i]}: labelled {data.samples.labels[i]}, looks like {classes[j]} ({p:.0%})",)
        for i, j, p in zip(found.samples.tolist(), found.likely, found.p_likely, strict=True)
    )
    sure = np.count_nonzero(found.p_likely >= _SURE)
    credible = sure >= _CREDIBLE * found.disputed
    why = (
        "Networks that had not seen these photos are surer of another class than they are of most "
        "photos of that class. Wrong labels teach wrongly, and spoil the figures where they judge."
    )
    mend = (
        "Fill in the column `decision` in suspects.csv of the run (relabel, leave out or keep), "
        "and hand it to `headstart relabel`."
    )
    return [
        Finding(
            "label-suspect",
            "warning" if credible and sure >= _MANY * len(data.labels) else "note",
            named,
            why,
            mend,
        )
    ]


def save(path: Path, data: Data, found: Suspects) -> None:
    """Write the list to decide on, the most doubtful first; the decisions are left open."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for i, likely, p_label, p_likely in zip(
        found.samples.tolist(), found.likely, found.p_label, found.p_likely, strict=True
    ):
        samples = data.samples
        known = samples.names[i], data.sides[i], samples.labels[i], data.classes[likely]
        shares = f"{p_label:.6f}", f"{p_likely:.6f}"
        writer.writerow([*map(escaped, known), *shares, samples.keys[i], "", ""])
    write_text(path, text.getvalue())
