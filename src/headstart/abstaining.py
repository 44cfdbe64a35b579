"""What a classifier is not to answer: chosen on samples that it was not fitted to."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart.calibrated import kept_out
from headstart.data.labelled import Divided
from headstart.errors import OptionError
from headstart.evaluation import abstention
from headstart.evaluation.abstention import UNKNOWN, Abstention
from headstart.evaluation.trust import Answers
from headstart.events import Listener, Notice
from headstart.options import TrainOptions
from headstart.outcome import Headed, Outcome

Some = TypeVar("Some", bound=Outcome)
Rows = Callable[[NDArray[np.int64]], NDArray[np.float32]]


def check(options: TrainOptions, classes: tuple[str, ...]) -> None:
    """Refuse a class that could not be told from what is not known.

    Raises:
        OptionError: a class is called `unknown`.
    """
    if options.abstain_at is not None and UNKNOWN in classes:
        raise OptionError(
            f"A class is called {UNKNOWN!r}, as what is not answered would be.",
            where="--abstain-at",
            mend="Leave the option out, or give the class another name.",
        )


def check_kept(options: TrainOptions, data: Divided, *, by_folds: bool) -> None:
    """Refuse before the training what could choose no threshold after it.

    Args:
        by_folds: training samples will be judged by what was not fitted to them.

    Raises:
        OptionError: no sample would be left to choose by.
    """
    if options.abstain_at is not None and not by_folds and not len(data.on("validation")):
        raise OptionError(
            f"There are no validation {data.samples.noun}s to choose by when it is sure enough.",
            where="--abstain-at",
            mend=f"Keep some {data.samples.noun}s for validation.",
        )


def abstaining(outcome: Some, data: Divided, options: TrainOptions, listen: Listener) -> Some:
    """The same with thresholds, where the options ask for them; its answers stay as they are.

    It is to be calibrated before.
    """
    wanted = options.abstain_at
    if wanted is None:
        return outcome
    kept = kept_out(outcome, len(data.classes))
    if kept is None:
        listen(
            Notice(
                f"It answers all: of so many {data.samples.noun}s or classes none was kept from "
                "training to tell when it should not. Keep some with --validation."
            )
        )
        return outcome
    right = kept.probabilities.argmax(axis=1) == data.labels[kept.samples]
    enough = abstention.sure_enough(right, kept.probabilities.max(axis=1), wanted)
    noun = data.samples.noun
    if not enough.shown:
        listen(
            Notice(
                f"{len(right):,} {noun}s are too few, or it is wrong too often, to show that "
                f"{wanted:.4g} of its answers are right: that rests on its probabilities alone."
            )
        )
    near = None
    if isinstance(outcome, Headed) and outcome.features is not None:
        near = _Near(outcome.features, data, frozen=outcome.tuned is None)
    else:
        listen(
            Notice(
                f"Only by how sure it is will it say {UNKNOWN!r}: this network has no features by "
                f"which a {noun} unlike those of training could be told."
            )
        )
    sets = {
        each.name.replace("-", "_"): abstention.answering(
            each.predicted == each.labels,
            each.p_predicted,
            near.of(each) if near else None,
            enough.probability,
            near.limit if near else None,
        )
        for each in outcome.answers
        if each.name != "train"
    }
    found = Abstention(
        wanted,
        enough,
        kept.fitted_on,
        len(kept.samples),
        near.limit if near else None,
        near.reference if near else None,
        sets,
    )
    return replace(outcome, abstention=found)


class _Near:
    """Distances from the training samples.

    The limit is taken from training samples, each without its copies and its group among the
    reference, where the features are those of the frozen backbone. Where the backbone was trained
    too, its features of training samples lie closer together than those of others will: validation
    tells.
    """

    def __init__(self, features: Rows, data: Divided, *, frozen: bool) -> None:
        self._features, self._together = features, data.together
        train = data.on("train")
        width = features(train[:1]).shape[1]
        self._known = train[abstention.drawn(data.labels[train], width)]
        self.reference = abstention.unit(features(self._known)).astype(np.float16)
        seen = abstention.judged(train if frozen else data.on("validation"))
        compared = self._distances(seen)
        compared = compared[np.isfinite(compared)]
        # With nothing to compare with nothing lies too far: no cosine distance is above 2.
        self.limit = abstention.limit(compared) if len(compared) else 2.0

    def of(self, answers: Answers) -> NDArray[np.float32]:
        """How far the samples of a set lie."""
        return self._distances(answers.samples)

    def _distances(self, samples: NDArray[np.int64]) -> NDArray[np.float32]:
        apart = self._together[samples], self._together[self._known]
        return abstention.distances(self._features(samples), self.reference, apart)
