import shutil

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.duplicates import identical
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
