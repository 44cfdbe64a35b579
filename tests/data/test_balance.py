from samples import divided, labelled

from headstart.data.balance import imbalance


def found(**counts: int) -> dict[str, tuple[str, tuple[tuple[str, ...], ...]]]:
    """Kind of finding → its level and what it names, for so many training samples by class."""
    labels = [label for label, n in counts.items() for _ in range(n)]
    names = [str(i) for i in range(len(labels))]
    data = divided(labelled(names, labels), ["train"] * len(labels), range(len(labels)))
    return {each.kind: (each.level, each.samples) for each in imbalance(data)}


def test_classes_of_like_numbers_give_no_finding():
    assert found(cat=30, dog=12) == {}


def test_a_rare_class_is_told_as_one_whatever_there_is_of_others():
    assert found(cat=20, dog=9) == {"rare-class": ("note", (("dog: 9",),))}
    assert found(cat=200, dog=9) == {
        "imbalance": ("warning", (("dog: 9 of 209",),)),
        "rare-class": ("note", (("dog: 9",),)),
    }


def test_a_class_that_is_outweighed_is_not_therefore_rare():
    assert found(cat=200, dog=15) == {"imbalance": ("warning", (("dog: 15 of 215",),))}


def test_what_does_not_train_is_not_counted():
    labels = ["cat", "dog"] * 3
    data = divided(labelled([*"abcdef"], labels), ["test"] * 6, range(6))
    assert imbalance(data) == []
