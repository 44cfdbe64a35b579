"""`headstart inspect`: what is in a classifier."""

from pathlib import Path
from typing import Any

import numpy as np

from headstart.bundle.classifier import Classifier
from headstart.commands.output import Flag, print_json


def run(model: Path, /, *, json: Flag = False) -> None:
    """Show what is in a classifier: layers, parameters, training.

    Parameters
    ----------
    model
        A bundle or a run folder.
    json
        Print the manifest and the layers as one JSON document.
    """
    found = document(model)
    print_json(found) if json else print(text(found))


def document(model: Path) -> dict[str, Any]:
    """Layers, parameters, training and manifest, JSON-ready."""
    classifier = Classifier.open(model)
    manifest = classifier.manifest
    frozen = classifier.backbone.parameters
    trained = (manifest.backbone.features + 1) * len(classifier.classes)
    return {
        "format": 1,
        "layers": _layers(classifier),
        "parameters": frozen + trained,
        "trainable_parameters": trained,
        "optimizer": "L-BFGS",
        "learning_rate": None,
        "loss": f"log loss + {manifest.head.l2:.3g}/2 · |weights|²",
        "manifest": manifest.model_dump(mode="json"),
    }


def text(found: dict[str, Any]) -> str:
    """For a terminal of 80 columns."""
    manifest = found["manifest"]
    lines = [f"{'layer':<32}{'operation':<18}{'output':<20}{'weights':>10}"]
    for layer in found["layers"]:
        shape = " × ".join("n" if side < 0 else str(side) for side in layer["output"])
        lines.append(
            f"{layer['name']:<32}{layer['operation']:<18}{shape:<20}{layer['weights']:>10,}"
        )
    image, backbone = manifest["image"], manifest["backbone"]
    rows = {
        "Classes": ", ".join(manifest["classes"]),
        "Parameters": f"{found['parameters']:,} in all, {found['trainable_parameters']:,} trained",
        "Backbone": f"{backbone['name']}, frozen, its batch normalizations folded in above",
        "Trained by": f"{found['optimizer']}, no learning rate; loss: {found['loss']}",
        "Photos": f"{image['size']} × {image['size']}, {image['resize']}",
        "Arithmetic": manifest["precision"],
        "Accuracy": ", ".join(
            f"{name.replace('_', '-')} {scores['accuracy']:.1%}"
            for name, scores in manifest["metrics"].items()
        ),
        "Made with": ", ".join(f"{k} {v}" for k, v in manifest["versions"].items()),
    }
    lines += ["", *(f"{name:<12} {value}" for name, value in rows.items())]
    return "\n".join(lines)


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
