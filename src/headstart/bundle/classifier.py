"""A finished classifier: what it answers, why, how well, and as a Keras model."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.bundle import archive
from headstart.bundle.answering import Answering, Photo, content_of, refuse_faults, refuse_one
from headstart.bundle.archive import Archive
from headstart.errors import OptionError, SourceError
from headstart.evaluation.trust import scores

if TYPE_CHECKING:
    import keras

    from headstart.bundle.explainer import Explainer
    from headstart.evaluation.explain import Explanation


class Classifier(Answering):
    """A finished classifier.

    Attributes:
        classes: the names of the classes; column j of every array belongs to `classes[j]`.
        manifest: what the bundle says about itself.
    """

    def __init__(self, found: Archive) -> None:
        super().__init__(found)
        self._explainer: Explainer | None = None

    def explain(
        self, photos: Sequence[Photo], classes: Sequence[str] | None = None
    ) -> "list[Explanation]":
        """Where on each photo the evidence for a class lies: a map for each.

        Args:
            photos: a list of paths, or of the content of image files.
            classes: the class to explain of each photo; None: the most probable one.

        Raises:
            OptionError: the classifier takes rows; or there is not one class for each photo, or
                one is none of the classes.
            SourceError: photos that cannot be read; all are named.
        """
        refuse_one(photos, "photo")
        if classes is not None:
            refuse_one(classes, "class")
            if len(classes) != len(photos):
                raise OptionError(
                    f"There are {len(photos):,} photos but {len(classes):,} classes.",
                    mend="Give one class for each photo.",
                )
        wanted = None if classes is None else [[name] for name in classes]
        found = list(self.try_explain(photos, wanted))
        refuse_faults(photos, {i: why for i, why in enumerate(found) if isinstance(why, str)})
        return [each for some in found if not isinstance(some, str) for each in some]

    def try_explain(
        self,
        photos: Sequence[Photo],
        classes: Sequence[Sequence[str]] | None = None,
        covered: int | None = None,
    ) -> "Iterator[list[Explanation] | str]":
        """The explanations of each photo in turn, or why it cannot be read.

        Args:
            classes: those to explain of each photo; None: the most probable one.
            covered: see `Explainer.each`.

        Raises:
            OptionError: as `explain`.
        """
        if self.manifest.task == "table":
            raise OptionError(
                "A heat map is drawn of a photo, and this classifier takes rows.",
                mend="The page of its run says which columns matter, and how.",
            )
        contents = [partial(content_of, photo) for photo in photos]
        return self.open_explainer().each(contents, classes or [None] * len(contents), covered)

    def open_explainer(self) -> "Explainer":
        """What explains the answers to photos.

        Its engine answers too where none does yet: whoever will want both opens it first, and the
        network is compiled once, not twice.
        """
        from headstart.bundle.explainer import Explainer  # not for rows: Pillow takes 0.1 s

        if self._explainer is None:
            self._explainer = Explainer(self.manifest, self.graph(), self._probabilities)
            self._engine = self._engine or self._explainer.engine
        return self._explainer

    def evaluate(self, photos: Sequence[Photo], labels: Sequence[str]) -> dict[str, Any]:
        """The scores of `metrics.json` on photos whose labels are known.

        Raises:
            OptionError: there are not as many labels as photos.
            SourceError: there is no photo, one cannot be read, or a label is none of the classes.
        """
        if self.manifest.task == "image":
            refuse_one(photos, "photo")
        refuse_one(labels, "label")
        if len(photos) != len(labels):
            raise OptionError(
                f"There are {len(photos):,} photos but {len(labels):,} labels.",
                mend="Give one label for each photo.",
            )
        if len(photos) == 0:
            raise SourceError("There is no photo to judge by.", mend="Give some.")
        self.check_labels(labels)
        true = np.array([self.classes.index(label) for label in labels], np.int64)
        return scores(true, self.predict_proba(photos), self.classes)

    def check_labels(self, labels: Iterable[str]) -> None:
        """Refuse labels that are none of the classes.

        Raises:
            SourceError: it names them.
        """
        unknown = sorted(set(labels) - set(self.classes))
        if unknown:
            raise SourceError(
                f"Labels that this classifier does not know: {', '.join(unknown)}.",
                mend=f"It knows {', '.join(self.classes)}.",
            )

    def to_keras(self, weights: str | None = None, *, compiled: bool = False) -> "keras.Model":
        """The whole network as a Keras model, pixels to probabilities; see `rebuild.network`.

        Args:
            weights: the backbone's weight file, where it is neither in its package nor in
                Keras' cache.
            compiled: with loss and optimizer, so that `fit` goes on where the training
                stopped; see `rebuild.compile_as_trained`.

        Raises:
            MissingError: TensorFlow, or the backbone's weights, are not here.
            ModelError: the bundle was packaged from another Keras model, or does not fit.
        """
        from headstart.bundle import rebuild

        with archive.blaming(self._path):
            model = rebuild.network(self.manifest, self._tensors("weights"), weights)
            if compiled:
                rebuild.compile_as_trained(model, self.manifest, self._tensors("optimizer"))
        return model


def load(model: str | Path) -> Classifier:
    """Open a bundle file or a run folder; see `Classifier.open`."""
    return Classifier.open(model)
