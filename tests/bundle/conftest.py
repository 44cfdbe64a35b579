"""The bundles that tests share: a tiny one, and one of a network trained by gradient."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_bundle
from photos import put_digits

from headstart.backbone import catalog
from headstart.backbone.engine import OpenVinoEngine
from headstart.backbone.weights import Weights
from headstart.bundle import archive
from headstart.bundle.manifest import Backboned, BackboneRef, HeadRef, ImageInput, Manifest
from headstart.bundle.save import save, with_head
from headstart.data.pixels import decode
from headstart.evaluation.metrics import softmax


@pytest.fixture(scope="session")
def members() -> dict[str, bytes]:
    return tiny_bundle.members()


@pytest.fixture(scope="session")
def bundle_bytes(members: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bundle") / "model.headstart"
    archive.write(path, tiny_bundle.manifest(), members)
    return path.read_bytes()


@pytest.fixture
def bundle(bundle_bytes: bytes, tmp_path: Path) -> Path:
    """A bundle that the test may damage."""
    path = tmp_path / "model.headstart"
    path.write_bytes(bundle_bytes)
    return path


@dataclass(frozen=True)
class Made:
    """A bundle of a network trained by gradient, and what became of that network.

    Attributes:
        path: the bundle, of photos of 32 pixels and the classes 0 to 9.
        pixels: uint8 (n, 32, 32, 3).
        labels: float32 (n, 10), one-hot.
        files: the photos, as files.
        trained: the names of the layers that were trained.
        after: their weights, by path, when the network that was saved has gone on for one more
            step, of all the photos.
    """

    path: Path
    pixels: np.ndarray
    labels: np.ndarray
    files: list[str]
    trained: set[str]
    after: dict[str, np.ndarray]


@pytest.fixture(scope="session")
def made(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Made:
    from headstart.backbone import convert
    from headstart.training import loop, tail
    from headstart.training.examples import Examples
    from headstart.training.loop import Recipe

    folder = tmp_path_factory.mktemp("made")
    files = sorted(put_digits(folder / "digits", range(24)).rglob("*.png"))
    pixels = np.stack([decode(file.read_bytes(), 32, "squash") for file in files])
    numbers = np.array([int(file.parent.name) for file in files])
    row, weights = catalog.find("mobilenet-0.25"), Weights(None, "random-0")
    found = tail.build(
        row, weights, 32, 10, unfreeze="conv_dw_12", dropout=0.0, momentum=0.9, seed=0
    )
    examples = Examples(np.asarray(found.frozen(pixels)), numbers)
    recipe = Recipe(2, 8, 1e-2, schedule="constant", label_smoothing=0.1)
    place = folder / "checkpoint"
    loop.train(found.network, recipe, examples, None, seed=0, place=place, about={})

    graph, head = convert.of_model(row, found.backbone), found.head()
    logits = OpenVinoEngine(with_head(graph, head), "", output="logits").run(pixels)
    manifest = Manifest(
        task="image",
        classes=tuple("0123456789"),
        input=ImageInput(size=32, resize="squash", decode_version=1),
        network=Backboned(
            backbone=BackboneRef(name=row.name, weights="random-0", features=row.features, size=32),
            head=HeadRef(
                kind="dense",
                first=found.first,
                optimizer=loop.optimizer_record(found.network),
                dropout=0.0,
                momentum=0.9,
                label_smoothing=0.1,
            ),
        ),
        precision="float32",
        parameters=found.parameters,
        trainable_parameters=found.trained,
        temperature=None,
        threshold=None,
        metrics={},
        split_sha256="0" * 64,
        versions={},
    )
    save(
        folder / "made.headstart",
        manifest,
        graph,
        head,
        tuned=found.tensors(),
        optimizer=loop.optimizer_state(found.network),
        proof_files=[str(file) for file in files],
        proof=softmax(logits),
        features=np.zeros((0, row.features), np.float32),
    )
    labels = np.eye(10, dtype=np.float32)[numbers]
    found.network.train_on_batch(np.asarray(found.frozen(pixels)), labels)
    after = {w.path: np.asarray(w.value) for w in found.network.trainable_weights}
    trained = {path.partition("/")[0] for path in after}
    names = [str(file) for file in files]
    return Made(folder / "made.headstart", pixels, labels, names, trained, after)
