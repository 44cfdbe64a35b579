"""What a run on photos says of itself, and the classifier that it saves."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from headstart.bundle.classifier import Classifier
from headstart.bundle.locate import BUNDLE
from headstart.bundle.manifest import Backboned, BackboneRef, HeadRef, ImageInput, Manifest
from headstart.bundle.save import save
from headstart.data.pixels import DECODE_VERSION
from headstart.dataset import Data, Network
from headstart.errors import HeadstartError
from headstart.evaluation.rivals import compared
from headstart.evaluation.suspects import Suspects
from headstart.evaluation.trust import Answers
from headstart.features import content
from headstart.options import TrainOptions
from headstart.outcome import Headed
from headstart.record.common import manifest_fields

_PROOF_PHOTOS = 16


def describe(
    metrics: dict[str, Any],
    data: Data,
    outcome: Headed,
    network: Network,
    others: dict[str, Answers],
    curve: dict[str, Any] | None,
    doubted: Suspects,
    options: TrainOptions,
) -> dict[str, Any]:
    """The content of `metrics.json`, but for the seconds.

    Args:
        metrics: what `described` gives of it.
        others: what baselines say of the photos that are judged, by name.
        curve: as `learning_curve` gives it.
        doubted: the photos whose labels are suspects.
    """
    made, names = data.samples.decided, data.samples.names
    judged = [made.what(names[i]) for i in outcome.answers[-1].samples.tolist()]
    comparisons = compared(outcome.answers[-1], others)
    figures = {name: found["accuracy"] for name, found in comparisons.items()}
    return metrics | {
        "baselines": metrics["baselines"] | figures,
        "comparisons": comparisons,
        "learning_curve": curve,
        "backbone": network.backbone.name,
        "weights": network.weights.digest,
        "size": network.size,
        "resize": options.resize,
        "precision": network.engine.precision if network.engine else outcome.precision,
        "agreement": asdict(network.agreement) if network.agreement else None,
        "suspects": None if doubted.skipped else len(doubted.samples),
        "suspects_skipped": doubted.skipped,
        "decisions": {
            "sha256": made.digest(),
            "relabelled": made.count("relabel"),
            "left_out": made.count("leave out"),
            "kept": made.count("keep"),
            "relabelled_judged": sum(what == "relabel" for what in judged),
        }
        if made.found
        else None,
        "head": {
            "kind": "dense" if outcome.tuned else "logistic",
            "strength": outcome.head.strength,
        },
    }


def save_bundle(
    folder: Path,
    data: Data,
    outcome: Headed,
    network: Network,
    metrics: dict[str, Any],
) -> Classifier:
    """Save the classifier, proved on photos kept from training where there are any."""
    kept = data.on("validation")
    kept = kept if len(kept) else data.on("train")
    proof = kept[:: -(-len(kept) // _PROOF_PHOTOS)]  # from all over the list, so of every class
    backbone, size, tuned = network.backbone, network.size, outcome.tuned
    manifest = Manifest(
        task="image",
        input=ImageInput(size=size, resize=network.resize, decode_version=DECODE_VERSION),
        network=Backboned(
            backbone=BackboneRef(
                name=backbone.name,
                weights=network.weights.digest,
                features=backbone.features,
                size=size,
            ),
            head=_head(outcome),
        ),
        **manifest_fields(folder, data, outcome, metrics),
    )
    files, keys = data.samples.files, data.samples.keys
    try:
        return save(
            folder / BUNDLE,
            manifest,
            outcome.graph(),
            outcome.head,
            tuned=tuned.tensors if tuned else {},
            optimizer=tuned.state if tuned else {},
            proof_files=[files[i].path for i in proof],
            proof=outcome.probabilities(proof),
            features=data.features if tuned is None else data.features[:0],
            reference=outcome.abstention.reference if outcome.abstention else None,
        )
    except HeadstartError:
        for i in proof:  # a photo that has changed meanwhile is no fault of the bundle's
            content(files[i], keys[i])
        raise


def _head(outcome: Headed) -> HeadRef:
    tuned = outcome.tuned
    if tuned is None:
        return HeadRef(kind="logistic", l2=outcome.head.strength)
    return HeadRef(
        kind="dense",
        first=tuned.first,
        optimizer=tuned.optimizer,
        dropout=tuned.dropout,
        momentum=tuned.momentum,
        label_smoothing=tuned.label_smoothing,
    )
