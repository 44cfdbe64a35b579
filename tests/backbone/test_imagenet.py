"""ImageNet's classes: the list that comes with the install, and what is read off by it."""

import hashlib
import json
import subprocess
import sys
from importlib.resources import files

import numpy as np

from headstart.backbone import imagenet
from headstart.backbone.imagenet import Synset

KERAS_INDEX_MD5 = "c2c37ea517e94d9795004a39431a14cb"
"""By which Keras checks the `imagenet_class_index.json` that it downloads."""


def test_the_classes_are_those_of_keras_index_byte_for_byte():
    index = {
        str(i): [wnid, name.replace(" ", "_")] for i, (wnid, name) in enumerate(imagenet.classes())
    }
    assert hashlib.md5(json.dumps(index).encode()).hexdigest() == KERAS_INDEX_MD5


def test_there_are_a_thousand_classes_in_the_order_of_their_wordnet_ids():
    wnids = [synset.wnid for synset in imagenet.classes()]
    assert len(wnids) == 1000
    assert wnids == sorted(set(wnids))


def test_two_classes_of_one_name_are_told_apart_by_their_wordnet_ids():
    classes = imagenet.classes()
    assert classes[40] == Synset("n01682714", "American chameleon")
    assert (classes[134], classes[517]) == (Synset("n02012849", "crane"), ("n03126707", "crane"))
    assert (classes[638], classes[639]) == (("n03710637", "maillot"), ("n03710721", "maillot"))


def test_the_list_carries_the_licence_of_wordnet():
    text = (files("headstart.backbone") / "imagenet.tsv").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University." in text
    assert "appear on ALL copies" in " ".join(text.replace("#", " ").split())


def test_the_best_classes_come_in_order_and_equal_ones_by_number():
    probabilities = np.zeros(1000, np.float32)
    probabilities[[7, 3, 999]] = 0.25, 0.25, 0.5
    best = imagenet.best(probabilities, 3)
    assert [(guess.index, guess.probability) for guess in best] == [
        (999, 0.5),
        (3, 0.25),
        (7, 0.25),
    ]
    assert (best[0].wnid, best[0].name) == ("n15075141", "toilet tissue")
    assert len(imagenet.best(probabilities, 2000)) == 1000


def test_lite0_classifies_without_tensorflow_and_nothing_leaves_the_process(tmp_path):
    script = """
import sys
def watch(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(watch)
import numpy
from headstart.backbone import catalog, imagenet, weights
backbone = catalog.find("efficientnet-lite0")
engine = imagenet.network(backbone, weights.resolve(backbone))
rows = engine.run(numpy.zeros((2, 224, 224, 3), numpy.uint8))
assert rows.shape == (2, 1000) and abs(rows.sum(axis=1) - 1).max() < 1e-5
print(len(imagenet.best(rows[0], 5)))
assert not {"tensorflow", "keras", "torch"} & set(sys.modules)
"""
    environment = {"HOME": str(tmp_path), "HEADSTART_CACHE_DIR": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr, done.returncode) == ("5\n", "", 0)
