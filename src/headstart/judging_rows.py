"""A finished classifier judged by the rows of a table."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart import influence
from headstart.bundle import rows
from headstart.bundle.classifier import Classifier
from headstart.bundle.manifest import Dense
from headstart.clock import Clock
from headstart.data import table
from headstart.data.equal_rows import clusters, differ
from headstart.errors import OptionError
from headstart.evaluation.trust import answered
from headstart.events import Listener
from headstart.options import Layout
from headstart.outcome import Judge
from headstart.record.evaluation import Judged, described, find, trained_on
from headstart.tabular import Data, of_table, tell_drawn
from headstart.training.plan import refuse_for_rows

_SEED = 0  # of the rows that are told another's column


def judged_by_rows(
    model: str | Path,
    classifier: Classifier,
    source: Path,
    layout: Layout,
    clock: Clock,
    listen: Listener,
) -> Judged:
    """What `evaluate` says of a classifier of rows.

    Raises:
        SourceError: as `judging.evaluate`.
    """
    refuse_for_rows(layout)
    if layout.ignore:
        raise OptionError(
            "would do nothing: the classifier takes the columns that it was trained on.",
            where="--ignore",
            mend="Leave it out.",
        )
    manifest = classifier.manifest
    made = manifest.network
    with clock("scan"):
        target = layout.target or manifest.table.target
        as_trained = partial(rows.as_trained, manifest.table, target)
        found = table.read(source, layout.encoding, layout.most_rows, read_column=as_trained)
        samples = of_table(found, target, drop_unlabelled=layout.drop_unlabelled, judged=True)
        classifier.check_labels(samples.labels)
        samples = replace(samples, classes=classifier.classes)
        tell_drawn(samples, listen)
        reader = rows.Reader(manifest.table, found.source)
        matrix = reader.matrix(samples.frame)
        reader.tell(listen)
    together, sides = clusters(samples.frame, samples.given), np.full(len(samples), "test")
    data = Data(samples, together, sides, together, None, manifest.table.columns, matrix)
    number = np.arange(len(samples))

    def predict(told: NDArray[np.float32]) -> NDArray[np.float64]:
        return classifier.of_matrix(told).astype(np.float64)

    with clock("evaluate"):
        answers = answered("test", number, samples.numbers, [predict(matrix)])
        told = influence.described(data, [Judge(number, data, predict)], answers, predict, _SEED)
    seen = trained_on(Path(model), classifier) if differ(samples.frame, samples.given) else None
    findings = find(data, seen, listen)
    metrics = described(model, classifier, data, answers, findings, known=seen is not None) | {
        "target": target,
        "network": made.name,
        "hidden": list(made.hidden) if isinstance(made, Dense) else None,
    }
    return Judged(metrics, data, answers, findings, told)
