"""A bundle is handed over only if, loaded again, it answers as what was trained."""

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from photos import put_digits

from headstart import features
from headstart.backbone import catalog, convert
from headstart.backbone.engine import OpenVinoEngine
from headstart.backbone.graphs import Graph
from headstart.backbone.weights import resolve
from headstart.bundle.classifier import Classifier
from headstart.bundle.manifest import Backboned, BackboneRef, HeadRef, ImageInput, Manifest
from headstart.bundle.save import save, with_head
from headstart.data.samples import Sample
from headstart.errors import HeadstartError, OutputError
from headstart.training.head import Head, Problem

SIZE = 32
LITE0 = catalog.find("efficientnet-lite0")


@dataclass(frozen=True)
class Made:
    """What a bundle is made of: a head on digits, and the features that it was fitted to."""

    graph: Graph
    head: Head
    features: np.ndarray
    files: list[str]

    @property
    def proof(self) -> np.ndarray:
        return self.head.probabilities(self.features)

    def manifest(self) -> Manifest:
        digest = resolve(LITE0).digest
        return Manifest(
            task="image",
            classes=tuple("0123456789"),
            input=ImageInput(size=SIZE, resize="squash", decode_version=1),
            network=Backboned(
                backbone=BackboneRef(name=LITE0.name, weights=digest, features=1280, size=SIZE),
                head=HeadRef(kind="logistic", l2=self.head.strength),
            ),
            precision="float32",
            temperature=None,
            threshold=None,
            parameters=3_425_834,
            trainable_parameters=12_810,
            metrics={},
            split_sha256="0" * 64,
            versions={},
        )

    def save(self, path: Path) -> Classifier:
        return save(
            path,
            self.manifest(),
            self.graph.read(),
            self.head,
            tuned={},
            optimizer={},
            proof_files=self.files,
            proof=self.proof,
            features=self.features,
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    folder = tmp_path_factory.mktemp("save")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(folder / "cache"))
        files = sorted(put_digits(folder / "digits", range(40)).rglob("*.png"))
        samples = [Sample(str(file), file.name, file.parent.name, None) for file in files]
        keys, _, _ = features.fingerprint(samples)
        graph = convert.graph(LITE0, resolve(LITE0), SIZE)
        engine = OpenVinoEngine(graph.read(), graph.digest)
        rows = features.compute(samples, keys, engine, SIZE, "squash").rows
    labels = np.array([int(sample.label) for sample in samples])
    head = Problem(rows, labels, 10).solve(0.01)
    return Made(graph, head, rows, [str(file) for file in files])


def test_a_saved_bundle_answers_as_its_head(made, tmp_path):
    path = tmp_path / "model.headstart"
    saved = made.save(path)
    again = Classifier.open(path)
    np.testing.assert_allclose(again.predict_proba(made.files), made.proof, atol=1e-4)
    assert again.manifest == saved.manifest
    assert [file.name for file in tmp_path.iterdir()] == ["model.headstart"]


def test_the_same_head_gives_the_same_bytes(made, tmp_path):
    made.save(tmp_path / "a")
    made.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_graph_that_changed_on_disk_meanwhile_fails_the_proof_and_nothing_is_kept(made, tmp_path):
    folder = tmp_path / "graph"
    shutil.copytree(made.graph.folder, folder)
    weights = np.fromfile(folder / "model.bin", np.float32)
    weights[: len(weights) // 2] *= 1.1
    weights.tofile(folder / "model.bin")
    altered = dataclasses.replace(made, graph=Graph(folder, made.graph.digest))
    (tmp_path / "run").mkdir()

    with pytest.raises(HeadstartError, match=r"gives other answers .*please report") as caught:
        altered.save(tmp_path / "run" / "model.headstart")

    assert caught.value.exit_code == 1
    assert list((tmp_path / "run").iterdir()) == []


def test_a_head_that_is_not_the_one_of_the_cached_features_fails_the_proof(made, tmp_path):
    other = dataclasses.replace(made.head, bias=made.head.bias[::-1].copy())
    with pytest.raises(HeadstartError, match="gives other answers"):
        save(
            tmp_path / "model.headstart",
            made.manifest(),
            made.graph.read(),
            other,
            tuned={},
            optimizer={},
            proof_files=made.files,
            proof=made.proof,
            features=made.features,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_proof_photo_that_is_gone_fails_the_proof(made, tmp_path):
    gone = dataclasses.replace(made, files=[*made.files[:-1], str(tmp_path / "gone.png")])
    with pytest.raises(HeadstartError, match=r"gone\.png"):
        gone.save(tmp_path / "model.headstart")
    assert list(tmp_path.iterdir()) == []


def test_the_head_in_the_graph_gives_the_logits_of_the_head(made):
    model = with_head(made.graph.read(), made.head)
    pixels = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), np.uint8)
    logits = OpenVinoEngine(model, "x", output="logits").run(pixels)
    rows = OpenVinoEngine(model, "x", output="features").run(pixels)
    np.testing.assert_allclose(logits, made.head.logits(rows), atol=1e-4)


def test_a_run_folder_that_was_removed_meanwhile_is_an_error_that_names_it(made, tmp_path):
    with pytest.raises(OutputError, match="gone: cannot be written to"):
        made.save(tmp_path / "gone" / "model.headstart")
