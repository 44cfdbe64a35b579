"""Networks run side by side on the same pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_images

from headstart.backbone.graphs import Graph
from headstart.backbone.quiet_openvino import openvino


def random_pixels(n: int, size: int) -> NDArray[np.uint8]:
    """uint8 (n, size, size, 3), the same every time."""
    return np.random.default_rng(7).integers(0, 256, (n, size, size, 3), np.uint8)


def real_pixels(size: int) -> NDArray[np.uint8]:
    """uint8 (2, size, size, 3): the two photos that scikit-learn brings, made small."""
    photos = (Image.fromarray(image).resize((size, size)) for image in load_sample_images().images)
    return np.stack([np.asarray(photo) for photo in photos])


def run(model: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The one output of an OpenVINO model or graph, in float32."""
    if isinstance(model, Graph):
        model = model.read()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return np.array(openvino.Core().compile_model(model, "CPU", settings)(pixels)[0])


def assert_close(a: NDArray[Any], b: NDArray[Any], tolerance: float) -> None:
    """The largest difference is at most `tolerance` of the largest number."""
    assert a.shape == b.shape
    assert np.abs(a - b).max() <= tolerance * np.abs(b).max()


def run_keras(model: Any, pixels: NDArray[Any]) -> NDArray[np.float32]:
    """The output of a Keras model in inference."""
    return np.asarray(model(pixels, training=False))
