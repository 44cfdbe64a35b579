"""How evenly a split shares out its classes."""

from samples import divided, labelled

from headstart.data.evenness import evenness


def test_a_side_that_misses_its_share_is_named() -> None:
    labels = ["a"] * 10 + ["b"] * 10
    sides = ["train"] * 8 + ["test"] * 2 + ["train"] * 6 + ["test"] * 4
    clusters = [*range(18), 17, 17]
    found = evenness(divided(labelled([f"{i}" for i in range(20)], labels), sides, clusters))
    # Of 14 that train half should be of each class: 7 and 7 where 8 and 6 are.
    assert found == {"together": 1, "samples": 3, "off": 1.0, "class": "a", "side": "train"}


def test_what_takes_no_part_does_not_count() -> None:
    labels, sides = ["a", "a", "b", "b", "b"], ["train", "test", "train", "test", "unused"]
    found = evenness(divided(labelled(list("vwxyz"), labels), sides, [0, 1, 2, 3, 3]))
    assert (found["off"], found["together"]) == (0.0, 0)
