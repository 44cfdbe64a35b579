"""Make a bundle of a trained head, and prove it before it is handed over."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from headstart.backbone import graphs
from headstart.backbone.quiet_openvino import ops
from headstart.bundle import archive
from headstart.bundle.classifier import Classifier
from headstart.bundle.manifest import REFERENCE, Manifest
from headstart.errors import HeadstartError, OutputError
from headstart.store.files import printable
from headstart.training.head import Head

if TYPE_CHECKING:
    from openvino import Model

TOLERANCE = {"float32": 1e-3, "bfloat16": 2e-2}
"""By precision, how far a probability may lie from the one it was saved with."""


def save(
    path: Path,
    manifest: Manifest,
    backbone: "Model",
    head: Head,
    *,
    tuned: Mapping[str, NDArray[np.float32]],
    optimizer: Mapping[str, NDArray[Any]],
    proof_files: Sequence[str],
    proof: NDArray[np.float64],
    features: NDArray[np.float32],
    reference: NDArray[np.float16] | None = None,
) -> Classifier:
    """Write a bundle, load it again, and compare it with what it was made from.

    Args:
        backbone: from `pixels` to `features`.
        tuned: the weights of those of its layers that were trained, by `layer/weight`.
        optimizer: the variables of the optimizer, by name; empty: there was none.
        proof_files: photos that go the whole way again, from file to class.
        proof: float64 (len(proof_files), n_classes), the probabilities that they must get.
        features: float32 (n, n_features), which go through the saved head again.
        reference: float16 (m, n_features), what distances are measured from.

    Raises:
        HeadstartError: the loaded bundle gives other answers. Nothing is left at `path`.
    """
    trained: dict[str, NDArray[Any]] = {"head.kernel": head.weights, "head.bias": head.bias}
    trained |= {f"backbone/{name}": tensor for name, tensor in tuned.items()}
    if reference is not None:
        trained[REFERENCE] = reference

    def difference(saved: Classifier) -> float:
        saved.open_explainer()  # the page draws heat maps with the network compiled for the proof
        kept = safetensors.numpy.load(bytes(saved.members["weights.safetensors"]))
        again = Head(kept["head.kernel"], kept["head.bias"], head.strength)
        return max(
            _largest(saved.predict_proba(proof_files) - proof),
            _largest(np.array([*_differences(head, again, features)])),
        )

    return write_proved(path, manifest, with_head(backbone, head), trained, optimizer, difference)


def write_proved(
    path: Path,
    manifest: Manifest,
    graph: "Model",
    tensors: Mapping[str, NDArray[Any]],
    optimizer: Mapping[str, NDArray[Any]],
    difference: Callable[[Classifier], float],
) -> Classifier:
    """Write a bundle, load it again, and keep it only if it answers as it should.

    Args:
        tensors: the content of `weights.safetensors`.
        optimizer: the variables of the optimizer, by name; empty: there was none.
        difference: how far the loaded bundle's probabilities lie from those to expect.

    Raises:
        HeadstartError: too far. Nothing is left at `path`.
    """
    xml, weights = serialized(graph, path.parent)
    members: dict[str, bytes | Path] = {"model.xml": xml, "model.bin": weights}
    members["weights.safetensors"] = safetensors.numpy.save(dict(tensors))
    if optimizer:
        members["optimizer.safetensors"] = safetensors.numpy.save(dict(optimizer))
    archive.write(path, manifest, members)
    try:
        saved = Classifier.open(path)
        found = difference(saved)
        if not found <= TOLERANCE[manifest.precision]:
            raise HeadstartError(
                f"The saved bundle gives other answers than what was trained (by {found:.2g}).",
                mend="Nothing was kept. This should not happen: please report it.",
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return saved


def with_head(backbone: "Model", head: Head) -> "Model":
    """The whole classifier: uint8 pixels in; `features` and `logits` float32 (n, classes) out."""
    model = backbone.clone()
    features = model.output("features").node.input_value(0)
    product = ops.matmul(
        features, ops.constant(head.weights, name="head_kernel"), False, False, name="head_product"
    )
    logits = ops.add(product, ops.constant(head.bias[np.newaxis], name="head_bias"), name="logits")
    logits.output(0).tensor.set_names({"logits"})
    model.add_results([ops.result(logits, name="logits_output")])
    return model


def serialized(model: "Model", scratch: Path) -> tuple[bytes, bytes]:
    """`model.xml` and `model.bin`.

    Args:
        scratch: a folder to write in for a moment: OpenVINO serializes to files only.

    Raises:
        OutputError: that folder cannot be written to.
    """
    try:
        temporary = tempfile.TemporaryDirectory(prefix=".new-", dir=scratch)
    except OSError as error:
        raise OutputError(
            f"cannot be written to ({error.strerror}).",
            where=printable(str(scratch)),
            mend="Make that place writable, or name another.",
        ) from error
    with temporary as folder:
        graphs.serialize(model, Path(folder))
        return Path(folder, graphs.XML).read_bytes(), Path(folder, graphs.BIN).read_bytes()


def _differences(one: Head, other: Head, features: NDArray[np.float32]) -> Iterator[float]:
    """How far the logits of two heads lie apart, for some thousand rows at a time."""
    for i in range(0, len(features), 4096):
        rows = features[i : i + 4096]
        yield _largest(one.logits(rows) - other.logits(rows))


def _largest(difference: NDArray[np.floating]) -> float:
    return float(np.abs(difference).max(initial=0.0))
