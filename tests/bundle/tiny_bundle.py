"""A real bundle of a few kilobytes: 8 × 8 pixels, four features, three classes."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from msgspec import structs

from headstart.backbone.quiet_openvino import openvino, ops
from headstart.bundle.manifest import (
    Backboned,
    BackboneRef,
    Figures,
    HeadRef,
    ImageInput,
    Manifest,
    Threshold,
)

SIDE, FEATURES, CLASSES = 8, 4, ("cat", "dog", "ñandú")


def weights() -> dict[str, np.ndarray]:
    """The numbers of the network, the same every time."""
    chance = np.random.default_rng(0)
    return {
        "kernel": chance.standard_normal((FEATURES, 3, 3, 3)).astype(np.float32),
        "head.kernel": chance.standard_normal((FEATURES, len(CLASSES))).astype(np.float32),
        "head.bias": chance.standard_normal(len(CLASSES)).astype(np.float32),
    }


def graph() -> tuple[bytes, bytes]:
    """model.xml and model.bin, as OpenVINO writes them; every layer has a stated name."""
    tensors = weights()

    def constant(value: Any, name: str, dtype: type = np.float32) -> Any:
        return ops.constant(np.array(value, dtype), name=name)

    pixels = ops.parameter([-1, SIDE, SIDE, 3], np.uint8, name="pixels")
    pixels.output(0).set_names({"pixels"})
    x = ops.convert(pixels, "f32", name="to_float")
    x = ops.subtract(x, constant(127, "mean"), name="centred")
    x = ops.multiply(x, constant(1 / 128, "scale"), name="scaled")
    x = ops.transpose(x, constant([0, 3, 1, 2], "order", np.int64), name="channels_first")
    x = ops.convolution(
        x, constant(tensors["kernel"], "kernel"), [2, 2], [1, 1], [1, 1], [1, 1], name="conv"
    )
    x = ops.relu(x, name="relu")
    features = ops.reduce_mean(x, constant([2, 3], "axes", np.int64), False, name="features")
    features.output(0).set_names({"features"})
    logits = ops.matmul(
        features, constant(tensors["head.kernel"], "head"), False, False, name="product"
    )
    logits = ops.add(logits, constant(tensors["head.bias"][None], "bias"), name="logits")
    logits.output(0).set_names({"logits"})
    outputs = [ops.result(features, name="out_0"), ops.result(logits, name="out_1")]
    return serialised(openvino.Model(outputs, [pixels], "tiny"))


def serialised(model: openvino.Model) -> tuple[bytes, bytes]:
    """OpenVINO writes to files only."""
    with tempfile.TemporaryDirectory() as folder:
        xml, binary = Path(folder, "model.xml"), Path(folder, "model.bin")
        openvino.serialize(model, xml, binary)
        return xml.read_bytes(), binary.read_bytes()


def manifest() -> Manifest:
    return Manifest(
        task="image",
        classes=CLASSES,
        input=ImageInput(size=SIDE, resize="squash", decode_version=1),
        network=Backboned(
            backbone=BackboneRef(name="tiny", weights="0" * 64, features=FEATURES, size=SIDE),
            head=HeadRef(kind="logistic", l2=1e-3),
        ),
        precision="float32",
        parameters=123,
        trainable_parameters=15,
        temperature=None,
        threshold=None,
        metrics={
            "test": Figures(
                accuracy=0.97,
                accuracy_interval=(0.85, 1.0),
                loss=0.09,
                macro_f1=0.96,
                calibration_error=0.02,
            )
        },
        split_sha256="1" * 64,
        versions={"headstart": "0.1.0"},
    )


def reference() -> np.ndarray:
    """What stands for the features of training: those of the first of `pixels()`, three times."""
    features = predict(*graph())["features"][:1]
    return np.repeat(features / np.linalg.norm(features), 3, axis=0).astype(np.float16)


def doubting() -> Manifest:
    """`manifest()` with thresholds."""
    threshold = Threshold(wanted=0.9, probability=0.5, distance=0.001, nearest=5, references=3)
    return structs.replace(manifest(), threshold=threshold, temperature=1.25)


def members() -> dict[str, bytes]:
    xml, binary = graph()
    trained = {name: array for name, array in weights().items() if name.startswith("head.")}
    return {
        "model.xml": xml,
        "model.bin": binary,
        "weights.safetensors": safetensors.numpy.save(trained),
    }


def pixels() -> np.ndarray:
    """Two photos to predict, uint8 (2, 8, 8, 3)."""
    return np.arange(2 * SIDE * SIDE * 3, dtype=np.uint8).reshape(2, SIDE, SIDE, 3)


def predict(xml: bytes, binary: bytes | memoryview) -> dict[str, np.ndarray]:
    """`features` and `logits` of `pixels()`, float32."""
    core = openvino.Core()
    constants = openvino.Tensor(np.frombuffer(binary, np.uint8))  # a copy
    compiled = core.compile_model(
        core.read_model(xml, constants), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    found = compiled(pixels())
    return {name: np.array(found[name]) for name in ("features", "logits")}
