"""The learning curve of a head, on real photos."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import divided, labelled

from headstart import frozen
from headstart.dataset import list_photos, load_network, look_at
from headstart.events import nobody
from headstart.learning_curve import _shares, learning_curve
from headstart.options import TrainOptions


def of(source: Path, **given: Any) -> tuple[Any, Any, TrainOptions]:
    options = TrainOptions(unfreeze="none", **given)
    photos = list_photos(source, options, to_train=True)
    network = load_network(options, photos.files, photos.keys)
    data = look_at(photos, network, options, nobody)
    return data, frozen.fit_head(data, network, options, nobody), options


@pytest.fixture(scope="module")
def hands(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, TrainOptions]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE_DIR", str(tmp_path_factory.mktemp("hands-cache")))
        return of(shared / "data" / "sign-digits", size=64)


def test_more_hands_bring_fewer_errors_and_the_last_point_is_the_head_itself(hands: Any) -> None:
    data, outcome, options = hands
    found = learning_curve(data, outcome, options)
    assert found is not None
    last = outcome.answers[-1]
    assert found["samples"] == pytest.approx([180, 360, 721, 1442], rel=0.03)
    assert found["error"][0] > found["error"][1] > found["error"][-1]
    assert found["error"][-1] == np.mean(last.predicted != last.labels)
    assert found["judged"] == len(last.labels)
    for error, (low, high) in zip(found["error"], found["error_interval"], strict=True):
        assert low < error < high
    assert found == learning_curve(data, outcome, options)  # from the same seed the same bits


def test_photos_that_belong_together_with_one_of_training_do_not_judge(hands: Any) -> None:
    data, outcome, options = hands
    plain = learning_curve(data, outcome, options)
    judged, trains = outcome.answers[-1], data.on("train")
    together = data.together.copy()
    half = judged.samples[::2]
    together[half] = together[trains[: len(half)]]  # as a given split could have it
    leaky = replace(data, together=together)
    found = learning_curve(leaky, outcome, options)
    assert plain is not None
    assert found is not None
    assert found["judged"] == np.sum(~leaky.leaked[judged.samples]) < plain["judged"]
    rest = ~leaky.leaked[judged.samples]
    missed = (judged.predicted != judged.labels)[rest]
    assert found["error"][-1] == missed.mean()
    together[judged.samples] = together[trains[0]]
    assert learning_curve(replace(data, together=together), outcome, options) is None


def test_shares_lie_in_one_another_hold_every_class_and_keep_clusters_whole() -> None:
    names = [f"{i}" for i in range(240)]
    labels = ["rare" if i < 24 else "common" for i in range(240)]
    clusters = [i // 3 for i in range(240)]
    data = divided(labelled(names, labels), ["train"] * 240, clusters)
    eighth, quarter, half = _shares(data, np.arange(240), 0)
    assert set(eighth) < set(quarter) < set(half)
    for share, wanted in ((eighth, 1 / 8), (quarter, 1 / 4), (half, 1 / 2)):
        assert len(share) == pytest.approx(240 * wanted, abs=3)
        assert np.sum(share < 24) == pytest.approx(24 * wanted, abs=3)
        assert set(np.bincount(share // 3)[np.unique(share // 3)]) == {3}


def test_there_is_none_where_folds_judge_or_views_were_trained_on(
    trained: Any, same_cache: Path
) -> None:
    few = of(trained.source, size=32, validation=0.0, test=0.0)
    assert few[1].answers[-1].name == "cross-validation"
    assert learning_curve(*few) is None
    viewed = of(trained.source, size=32, augment="light", views=1)
    assert learning_curve(*viewed) is None
    small = of(trained.source, size=32)  # 212 photos of ten classes: two and a half in an eighth
    assert learning_curve(*small) is None
