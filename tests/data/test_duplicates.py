import shutil

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import divided, labelled

from headstart.data.duplicates import copies, identical
from headstart.store.files import sha256_of_file


def test_clusters_are_numbered_in_order_of_first_appearance():
    clusters = identical(["b", "a", "b", "c", "a"])
    assert clusters.dtype == np.int64
    assert clusters.tolist() == [0, 1, 0, 2, 1]


def test_no_files_have_no_clusters():
    clusters = identical([])
    assert (clusters.dtype, clusters.shape) == (np.int64, (0,))


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdefgh")))
def test_two_files_share_a_cluster_exactly_when_they_have_the_same_content(keys):
    clusters = identical(keys)
    same_key = [[a == b for b in keys] for a in keys]
    same_cluster = [[a == b for b in clusters] for a in clusters]
    assert same_key == same_cluster
    assert sorted(set(clusters.tolist())) == list(range(len(set(keys))))


def test_copies_of_a_photo_under_other_names_share_a_cluster(shared, tmp_path):
    photos = sorted((shared / "data" / "cats-dogs").glob("*.jpg"))[:20]
    for i, photo in enumerate(photos[:5]):
        shutil.copyfile(photo, tmp_path / f"{i}.jpeg")
    files = [*photos, *sorted(tmp_path.iterdir())]
    clusters = identical([sha256_of_file(file) for file in files])
    assert clusters.tolist() == [*range(20), *range(5)]


def found(*photos: tuple[str, str, str, int]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Kind of finding → the names, for photos of (name, label, side, cluster)."""
    names, labels, sides, clusters = zip(*photos, strict=True)
    return {
        finding.kind: finding.samples
        for finding in copies(divided(labelled(names, labels), sides, clusters))
    }


def test_photos_that_are_all_different_give_no_finding():
    assert found(("a", "cat", "train", 0), ("b", "cat", "test", 1)) == {}


def test_copies_on_one_side_are_noted():
    assert found(("a", "cat", "train", 0), ("b", "cat", "test", 1), ("c", "cat", "train", 0)) == {
        "duplicate": (("a", "c"),)
    }


def test_fault_15_the_same_photo_in_two_classes_is_listed_as_a_pair():
    assert found(("a", "cat", "train", 0), ("b", "dog", "train", 0)) == {
        "same-sample-two-labels": (("a", "b"),)
    }


def test_copies_on_two_sides_are_warned_of_whatever_their_labels():
    assert found(
        ("a", "cat", "train", 0),
        ("b", "cat", "test", 0),
        ("c", "cat", "train", 1),
        ("d", "dog", "validation", 1),
    ) == {
        "duplicate-across-splits": (("a", "b"), ("c", "d")),
        "same-sample-two-labels": (("c", "d"),),
    }


def test_of_copies_it_is_told_whether_training_or_validation_saw_what_the_test_judges():
    def why(*sides: tuple[str, str]) -> str:
        names = [f"{side}{i}" for i, pair in enumerate(sides) for side in pair]
        clusters = [i for i, pair in enumerate(sides) for _ in pair]
        every = [side for pair in sides for side in pair]
        (finding,) = copies(divided(labelled(names, ["a"] * len(names)), every, clusters))
        return finding.why

    trained, chosen = "the network is judged on samples that it was trained on", "validation chose"
    assert trained in why(("train", "test"), ("train", "validation"))
    assert chosen not in why(("train", "test"), ("train", "validation"))
    assert chosen in why(("validation", "test"))
    assert "trained on" not in why(("validation", "test"))
    assert trained in why(("validation", "test"), ("train", "test"))
    assert chosen in why(("validation", "test"), ("train", "test"))


def test_copies_that_are_not_used_are_not_spoken_of():
    assert found(("a", "cat", "train", 0), ("b", "dog", "unused", 0)) == {}
