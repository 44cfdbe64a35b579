"""Make a bundle of a trained head, and prove it before it is handed over."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from headstart.backbone.graphs import Graph
from headstart.backbone.quiet_openvino import openvino, ops
from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.manifest import Manifest
from headstart.errors import HeadstartError, OutputError
from headstart.store.files import printable
from headstart.training.head import Head

TOLERANCE = {"float32": 1e-3, "bfloat16": 2e-2}
"""By precision, how far a probability may lie from the one it was saved with."""


def save(
    path: Path,
    manifest: Manifest,
    graph: Graph,
    head: Head,
    *,
    proof_files: Sequence[str],
    proof: NDArray[np.float64],
    features: NDArray[np.float32],
) -> Classifier:
    """Write a bundle, load it again, and compare it with what it was made from.

    Args:
        proof_files: photos that go the whole way again, from file to class.
        proof: float64 (len(proof_files), n_classes), the probabilities that they must get.
        features: float32 (n, n_features), which go through the saved head again.

    Raises:
        HeadstartError: the loaded bundle answers otherwise. Nothing is left at `path`.
    """
    xml, weights = with_head(graph, head, path.parent)
    trained = safetensors.numpy.save({"head.kernel": head.weights, "head.bias": head.bias})
    archive.write(
        path, manifest, {"model.xml": xml, "model.bin": weights, "weights.safetensors": trained}
    )
    try:
        saved = Classifier.open(path)
        kept = safetensors.numpy.load(bytes(saved.members["weights.safetensors"]))
        difference = max(
            _largest(saved.predict_proba(proof_files) - proof),
            _largest(features @ kept["head.kernel"] + kept["head.bias"] - head.logits(features)),
        )
        if not difference <= TOLERANCE[manifest.precision]:
            raise HeadstartError(
                f"The saved bundle answers otherwise than what was trained (by {difference:.2g}).",
                mend="Nothing was kept. This should not happen: please report it.",
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return saved


def with_head(graph: Graph, head: Head, scratch: Path) -> tuple[bytes, bytes]:
    """The whole classifier as OpenVINO's model.xml and model.bin.

    uint8 pixels in; `features` float32 (n, features) and `logits` float32 (n, classes) out.

    Args:
        scratch: a folder to write in for a moment: OpenVINO serializes to files only.

    Raises:
        OutputError: that folder cannot be written to.
    """
    model = graph.read()
    features = model.output("features").node.input_value(0)
    product = ops.matmul(
        features, ops.constant(head.weights, name="head_kernel"), False, False, name="head"
    )
    logits = ops.add(product, ops.constant(head.bias[np.newaxis], name="head_bias"), name="logits")
    logits.output(0).tensor.set_names({"logits"})
    model.add_results([ops.result(logits, name="logits_output")])
    try:
        temporary = tempfile.TemporaryDirectory(prefix=".new-", dir=scratch)
    except OSError as error:
        raise OutputError(
            f"cannot be written to ({error.strerror}).",
            where=printable(str(scratch)),
            mend="Make that place writable, or name another.",
        ) from error
    with temporary as folder:
        path = Path(folder, "model.xml")
        openvino.serialize(model, str(path), str(path.with_suffix(".bin")))
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()


def _largest(difference: NDArray[np.floating]) -> float:
    return float(np.abs(difference).max(initial=0.0))
