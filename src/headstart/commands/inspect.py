"""`headstart inspect`: what is in a classifier."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from headstart.bundle.classifier import Classifier
from headstart.bundle.manifest import Dense, Network, Packaged
from headstart.commands.output import Flag, print_json


def run(model: Path, /, *, json: Flag = False, quiet: Flag = False) -> None:
    """Show what is in a classifier: layers, parameters, training.

    Parameters
    ----------
    model
        A bundle or a run folder.
    json
        Print the manifest and the layers as one JSON document.
    quiet
        Print nothing but errors.
    """
    found = document(model)
    if json:
        print_json(found)
    elif not quiet:
        print(text(found))


def document(model: Path) -> dict[str, Any]:
    """Layers, parameters, training and manifest, JSON-ready."""
    classifier = Classifier.open(model)
    manifest = classifier.manifest
    return {
        "format": 1,
        "layers": _layers(classifier),
        "parameters": manifest.parameters,
        "trainable_parameters": manifest.trainable_parameters,
        **training(manifest.network),
        "manifest": manifest.document(),
    }


def training(network: Network) -> dict[str, Any]:
    """How it was trained: from which layer on, by what, at which highest rate, to lower what."""
    if isinstance(network, Packaged):  # how it was trained is not told
        return dict.fromkeys(("first_trained", "optimizer", "learning_rate", "loss"))
    if isinstance(network, Dense):
        return _by_gradient("dense_1", network.optimizer, network.label_smoothing)
    head = network.head
    if head.optimizer is None:
        return {
            "first_trained": "logits",
            "optimizer": "L-BFGS",
            "learning_rate": None,
            "loss": f"log loss + {head.l2:.3g}/2 · |weights|²",
        }
    return _by_gradient(head.first, head.optimizer, head.label_smoothing)


def _by_gradient(
    first: str | None, optimizer: dict[str, Any], smoothing: float | None
) -> dict[str, Any]:
    return {
        "first_trained": first,
        "optimizer": optimizer.get("class_name"),
        "learning_rate": _highest_rate(optimizer.get("config")),
        "loss": "cross-entropy" + (f", label smoothing {smoothing:g}" if smoothing else ""),
    }


def _highest_rate(config: Any) -> float | None:
    """Of an optimizer as Keras writes it down, be its learning rate a number or a schedule."""
    match config:
        case {"learning_rate": float(rate)}:
            return rate
        case {"learning_rate": {"config": {"warmup_target": float(rate)}}}:
            return rate
        case _:
            return None


def text(found: dict[str, Any]) -> str:
    """For a terminal of 80 columns."""
    manifest = found["manifest"]
    lines = [f"{'layer':<32}{'operation':<18}{'output':<20}{'weights':>10}"]
    for layer in found["layers"]:
        shape = " × ".join("n" if side < 0 else str(side) for side in layer["output"])
        name = layer["name"] if len(layer["name"]) < 32 else f"…{layer['name'][-30:]}"
        lines.append(f"{name:<32}{layer['operation']:<18}{shape:<20}{layer['weights']:>10,}")
    given = manifest["input"]
    if given["kind"] == "image":
        taken = {"Photos": f"{given['size']} × {given['size']}, {given['resize']}"}
    else:
        kinds = Counter(column["kind"] for column in given["columns"])
        said = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        target = f"; target {given['target']}" if given["target"] is not None else ""
        taken = {"Columns": f"{said}{target}"}
    rows = {
        "Classes": ", ".join(manifest["classes"]),
        "Parameters": f"{found['parameters']:,} in all, {found['trainable_parameters']:,} trained",
        **_origin(found),
        **taken,
        "Arithmetic": manifest["precision"],
        **_sureness(manifest),
        "Accuracy": ", ".join(
            f"{name.replace('_', '-')} {scores['accuracy']:.1%}"
            for name, scores in manifest["metrics"].items()
        ),
        "Made with": ", ".join(f"{k} {v}" for k, v in manifest["versions"].items()),
    }
    lines += ["", *(f"{name:<12} {value}" for name, value in rows.items())]
    return "\n".join(lines)


def _sureness(manifest: dict[str, Any]) -> dict[str, str]:
    """What is done to its probabilities, and when it does not answer."""
    said = {}
    if manifest["temperature"] is not None:
        said["Temperature"] = f"{manifest['temperature']:.3g}"
    if (found := manifest["threshold"]) is not None:
        far = found["distance"]
        said["Unknown"] = f"below {found['probability']:.1%}" + (
            f", or farther than {far:.3g} from {found['references']:,} training photos"
            if far is not None
            else ""
        )
    return said


def _origin(found: dict[str, Any]) -> dict[str, str]:
    """What the network was made of, and how it was trained, in words."""
    network, first, rate = (
        found["manifest"]["network"],
        found["first_trained"],
        found["learning_rate"],
    )
    if network["kind"] == "packaged":
        words = f"{network['name']}, packaged; preprocessing: {network['preprocessing']}"
        return {"Model": words}
    if network["kind"] == "dense":
        widths = ", ".join(map(str, network["hidden"]))
        made = {"Network": f"dense, hidden layers of {widths}"}
    else:
        named = f"{network['backbone']['name']}, its batch normalizations folded in above"
        made = {"Backbone": named}
    return {
        **made,
        "Trained": _TRAINED.get(first, f"from {first} on, the rest frozen"),
        "Trained by": f"{found['optimizer']}, "
        + ("no learning rate" if rate is None else f"learning rate up to {rate:g}")
        + f"; loss: {found['loss']}",
    }


_TRAINED = {"logits": "logits alone", "dense_1": "every layer"}


def _layers(classifier: Classifier) -> list[dict[str, Any]]:
    """Every operation with weights (its bias counted with it), input and pooling, in order."""
    model = classifier.graph()
    layers: list[dict[str, Any]] = []
    for node in model.get_ordered_ops():
        operation = node.get_type_name()
        if operation in ("Constant", "Convert"):
            continue
        constants = [
            source.get_node()
            for source in (port.get_source_output() for port in node.inputs())
            if source.get_node().get_type_name() == "Constant"
        ]
        weights = sum(int(np.prod(node.get_output_shape(0))) for node in constants)
        if operation == "Add" and layers and weights == layers[-1]["output"][1]:
            layers[-1]["weights"] += weights  # the bias of what stands before it
        elif weights > 3 or operation in ("Parameter", "ReduceMean"):
            shape = node.get_output_partial_shape(0)
            layers.append(
                {
                    "name": node.get_friendly_name(),
                    "operation": operation,
                    "output": [-1 if side.is_dynamic else side.get_length() for side in shape],
                    "weights": weights,
                }
            )
    return layers
