"""training/networks.py: networks that are lent again, and gone with their owner."""

import gc
import weakref
from dataclasses import replace
from typing import Any

import pytest

from headstart.backbone.dense import Shape
from headstart.options import TrainOptions
from headstart.training.networks import Networks
from headstart.training.plan import for_columns

pytestmark = pytest.mark.usefixtures("keras")

SHAPE = Shape(3, (), (4,), 2)


def lend(networks: Networks, seed: int = 0, rows: int = 100, **of_recipe: Any) -> Any:
    plan = for_columns(TrainOptions(), rows)
    plan = replace(plan, recipe=replace(plan.recipe, **of_recipe))
    with networks.lent(SHAPE, plan, seed, rows) as network:
        return network


def test_a_network_of_the_same_training_is_lent_again_with_the_weights_of_its_seed() -> None:
    networks = Networks()
    first = lend(networks)
    drawn = [weight.copy() for weight in first.get_weights()]
    assert lend(networks, seed=1) is first
    assert (first.get_weights()[0] != drawn[0]).any()
    lend(networks)
    assert all((a == b).all() for a, b in zip(first.get_weights(), drawn, strict=True))
    assert lend(networks, learning_rate=1.0) is not first
    assert lend(networks, rows=1000) is not first


def test_one_that_is_lent_is_not_lent_twice() -> None:
    networks, plan = Networks(), for_columns(TrainOptions(), 100)
    with networks.lent(SHAPE, plan, 0, 100) as one, networks.lent(SHAPE, plan, 0, 100) as other:
        assert one is not other


def test_networks_are_gone_with_their_owner() -> None:
    networks = Networks()
    network = weakref.ref(lend(networks))
    gc.collect()
    assert network() is not None
    del networks
    gc.collect()
    assert network() is None
